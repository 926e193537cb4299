/** What passwords are made of, lower case without accents: words, names, teams, in the languages of many leaked lists. */
const words = `
my the i love you me is this to and
password passwort passwd pass passcode passphrase parola senha contrasena motdepasse wachtwoord haslo heslo salasana
parool lozinka sifre mima drowssap secret geheim hemmelig segredo secreto admin administrator root user guest test
tester testing demo sample example temp temporary default changeme changeit login logon signin letmein letme openup
access enter entry welcome welkom willkommen bienvenue bienvenido benvenuto hello hallo hola bonjour ciao goodbye
iloveyou loveyou loveme lovely lover tequiero teamo jetaime ichliebedich amor amore liebe woaini woaiwojia lyubov
privet parol kiska solnce zvezda natasha nastya andrei dmitri sergei
master superman batman spiderman ironman hulk wolverine joker thor avengers starwars skywalker yoda vader matrix
pokemon pikachu naruto goku sonic mario zelda minecraft fortnite roblox warcraft overwatch playstation xbox nintendo
dragon monkey tiger lion eagle falcon phoenix shadow ninja samurai warrior knight wizard magic angel devil demon
princess prince queen king butterfly rainbow unicorn flower rose lily daisy sunflower sunshine sunset sunrise
moonlight starlight summer winter spring autumn sommer herbst fruhling verano invierno hiver january february march
april may june july august september october november december januar februar juni juli oktober dezember
monday tuesday wednesday thursday friday saturday sunday montag freitag samstag sonntag weekend holiday vacation
football fussball futbol baseball basketball hockey soccer tennis golf rugby boxing racing runner player gamer
chelsea arsenal liverpool everton barcelona realmadrid juventus bayern dortmund schalke celtic rangers lakers
yankees cowboys steelers packers redsox eagles raiders giants dolphins broncos patriots
michael jordan michelle jessica jennifer ashley amanda nicole daniel david andrew anthony matthew joshua justin
robert richard thomas george charles charlie william james john johnny joseph jonathan christopher christian
chris alexander alexandra andrea angela anna maria martin martina peter patrick patricia paul simon stefan stefanie
sandra sabine sarah susanne thorsten tobias sebastian markus lukas laura lena julia jonas felix florian philipp
carlos jose juan luis miguel pedro diego fernando gabriel rafael samantha sophie sophia emma olivia isabella
mohammed muhammad ahmed ali hassan hussein fatima aisha omar mustafa yusuf ibrahim khalid
hunter harley ranger tigger buster cookie maggie ginger pepper bailey buddy max lucky rocky jack jasper oscar
snoopy scooby garfield bandit princesa estrella corazon tesoro schatz liebling mausi hase engel sonne stern
chocolate cheese banana orange apple cherry strawberry peanut butter coffee whiskey vodka tequila pizza burger
mustang ferrari porsche mercedes corvette camaro yamaha honda toyota suzuki ducati harleydavidson
computer internet server system network windows microsoft google facebook twitter instagram youtube amazon android
iphone samsung laptop desktop keyboard monitor mobile phone email mail office company business manager work job
london paris berlin hamburg munchen madrid lisboa roma milano moscow moskva istanbul cairo dubai beijing shanghai
tokyo newyork california texas florida chicago boston canada america england scotland ireland germany deutschland
osterreich schweiz france espana italia brasil russia china india mexico australia
freedom forever family friends friend mother father mamma mama papa daddy mommy brother sister baby babygirl babyboy
sweet sweetie sweetheart honey darling happy smile beautiful pretty cute crazy lazy trouble killer death metal
rockstar rocknroll music guitar piano drummer singer slipknot metallica nirvana eminem beatles elvis
silver golden diamond crystal purple yellow green black white blue red pink orange grey
blackjack poker casino money dollar euro bitcoin trustno trustnoone nothing something whatever qwerty azerty qwertz
fuckyou fuckme fuckoff asshole bitch bastard pussy sexy porn hentai
hello123 abc123 a1b2c3 1q2w3e qazwsx zaqwsx asdf zxcv q1w2e3 5201314 1314520 12345 54321 11111 31415926 27182818
letmein1 thisis iam ilove ihate mypass mypassword mylove notsecret opensesame sesame chat universal interface claude chatgpt
`;

export const commonWords: readonly string[] = [...new Set(words.split(/\s+/).filter((word) => word !== ""))];

/** Rows of keys and of signs in order; each is walked in both directions. */
export const keyTracks: readonly string[] = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "qwertyuiop",
  "qwertzuiop",
  "azertyuiop",
  "asdfghjkl",
  "qsdfghjklm",
  "zxcvbnm",
  "yxcvbnm",
  "wxcvbn",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
  "1qay2wsx3edc4rfv5tgb6zhn7ujm",
  "zaq1xsw2cde3vfr4bgt5nhy6mju7",
  "qazwsxedcrfvtgbyhnujm",
  "qaywsxedcrfvtgbzhnujm",
  "1q2w3e4r5t6y7u8i9o0p",
  "1q2w3e4r5t6z7u8i9o0p",
  "q1w2e3r4t5y6u7i8o9p0",
  "a1b2c3d4e5f6g7h8i9j0",
  "147258369",
  "123654789",
  "741852963",
  "13579",
  "24680",
  "!@#$%^&*()",
  '!"§$%&/()=',
  "йцукенгшщзхъ",
  "фывапролджэ",
  "ячсмитьбю",
  "ضصثقفغعهخحج",
  "شسيبلاتنمك",
];
