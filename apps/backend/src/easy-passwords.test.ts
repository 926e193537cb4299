import { expect, test } from "vitest";
import { isEasyPassword } from "./easy-passwords.ts";

const owner = { email: "Ada.Lovelace@engines.example", name: "Ada Byron" };

test.each([
  ["common words", ["password", "passwort", "letmein1", "iloveyou", "football", "princess", "changeme", "superman"]],
  [
    "with capitals, digits and signs",
    ["Password1!", "PASSWORD", "Welcome123", "Summer2024!", "!Password1!", "Dragon#99"],
  ],
  [
    "with signs for letters",
    ["p@ssw0rd", "p@ssw0rd2024", "Pa$$w0rd!", "l3tm31n!", "adm1n1strator", "m0nk3y123", "w3lc0m3!"],
  ],
  ["with accents and wide letters", ["pässwörd", "ｐａｓｓｗｏｒｄ", "Passwörd99"]],
  [
    "taken apart or doubled",
    ["pass-word-1", "p.assword1", "passwordpassword", "monkeymonkey7", "dragon7dragon7", "mypassword1"],
  ],
  [
    "rows of keys",
    ["qwertyuiop", "asdfghjkl", "1qaz2wsx", "zaq12wsx", "1q2w3e4r5t", "qwerty123", "qwertz2024", "!@#$%^&*"],
  ],
  ["signs in order", ["12345678", "87654321", "abcdefgh", "abcd1234", "a1b2c3d4", "1234567890", "0987654321"]],
  ["repetitions", ["aaaaaaaa", "abababab", "12121212", "abcabcabc", "11112222", "x7x7x7x7x7", "        ", "!!!!!!!!"]],
  ["dates and few digits", ["19840612", "06121984", "200120022003", "5201314!"]],
  ["keys of other alphabets", ["йцукенгш", "шгнекуцй", "شسيبلاتن"]],
  [
    "the own address",
    ["ada.lovelace@engines.example", "Ada.Lovelace@engines.example1", "ada.lovelace", "AdaLovelace1843"],
  ],
  [
    "parts of address and name",
    ["lovelace1", "Lovel@ce!", "engines2024", "adabyron", "byron1815", "ecalevol99", "lovelacelovelace"],
  ],
])("%s are easy to guess", (_kind, passwords) => {
  expect(passwords.filter((password) => !isEasyPassword(password, owner))).toEqual([]);
});

test("what is made up is not, whatever else stands in it", () => {
  const good = [
    "seven lamps in a harbour",
    "correct horse battery staple",
    "a password that will do",
    "kV9#tqLw2x",
    "gmbxhrtv",
    "Tr0ub4dor&3x",
    "password of a hedgehog",
    "xk4jQ7!mZp",
    "%&)=?§*~",
    "🦊🐻🦁🐸🦉🐙🦋",
    "83104757260194",
    "密码是紫色的大象吃面条",
    "пароль фиолетовых ёжиков",
  ];
  expect(good.filter((password) => isEasyPassword(password, owner))).toEqual([]);
});

test("short names of the owner do not spoil passwords that hold them by chance", () => {
  expect(isEasyPassword("quibbling ostrich", { email: "li@x.io", name: "Li" })).toBe(false);
});
