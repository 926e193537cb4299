/** Pattern, replies that take turns, and the number of the gap worth remembering. */
export type Rule = readonly [pattern: string, replies: readonly string[], remembers?: number];

/** `rank`: which keyword of a message is looked at first. */
export type Keyword = { readonly words: readonly string[]; readonly rank: number; readonly rules: readonly Rule[] };

export const synonyms: Readonly<Record<string, readonly string[]>> = {
  family: [
    "mother",
    "father",
    "mum",
    "mom",
    "dad",
    "sister",
    "brother",
    "wife",
    "husband",
    "son",
    "daughter",
    "parents",
  ],
  sad: ["sad", "unhappy", "lonely", "depressed", "tired", "exhausted", "worried", "anxious", "afraid", "angry", "sick"],
  happy: ["happy", "glad", "excited", "proud", "relieved", "better", "grateful"],
  want: ["want", "need", "would like", "wish for", "am looking for"],
  think: ["think", "believe", "feel", "guess", "suppose"],
  greeting: ["hello", "hi", "hey", "good morning", "good evening", "good afternoon"],
  everyone: ["everyone", "everybody", "no one", "nobody", "all people"],
};

/** Where no keyword fits and nothing is remembered. */
export const nothingFound: readonly string[] = [
  "Tell me a little more about that.",
  "I see. What makes that important to you?",
  "How did that come about?",
  "And what do you make of it yourself?",
  "Let's stay with that for a moment. What is the main thing for you in it?",
  "I am not sure I follow. Could you put it in other words?",
];

/** Where no keyword fits but something was said earlier. */
export const memoryReplies: readonly string[] = [
  "Earlier you mentioned your (1). Does this have to do with it?",
  "Let's go back to your (1) for a moment. What else comes to mind?",
  "I still wonder about your (1). Tell me more.",
];

const whatIAm =
  "I am a small program built into this chat, in the manner of ELIZA from 1966. I look for keywords and turn your own sentences round; I know nothing and I understand nothing. For a real model, put a key such as `OPENAI_API_KEY` or `ANTHROPIC_API_KEY`, or the address of your own model server, into `.env` and start again.";

/** Ordered by nothing: ranks decide. */
export const script: readonly Keyword[] = [
  {
    // Turned round like other sentences, these would come back as a cruelty.
    words: [
      "suicide",
      "suicidal",
      "kill myself",
      "killing myself",
      "end my life",
      "hurt myself",
      "want to die",
      "self-harm",
    ],
    rank: 100,
    rules: [
      [
        "*",
        [
          "I am only a small program and cannot help with this, but people can. Please talk to somebody you trust, or call an emergency number or a crisis line where you live, now.",
        ],
      ],
    ],
  },
  {
    words: ["who", "what", "bot", "robot", "chatbot", "eliza", "human", "real", "ai", "chatgpt", "gpt", "claude"],
    rank: 9,
    rules: [
      ["* who are you *", [whatIAm]],
      ["* what are you", [whatIAm]],
      ["* what is your name *", ["You may call me Eliza. What shall we talk about?"]],
      ["* what's your name *", ["You may call me Eliza. What shall we talk about?"]],
      ["* are you * bot *", [whatIAm]],
      ["* are you * robot *", [whatIAm]],
      ["* are you * chatbot *", [whatIAm]],
      ["* are you * human *", [whatIAm]],
      ["* are you * real *", [whatIAm]],
      ["* are you * ai *", [whatIAm]],
      ["* are you eliza *", [whatIAm]],
      ["* are you chatgpt *", [whatIAm]],
      ["* are you * gpt *", [whatIAm]],
      ["* are you claude *", [whatIAm]],
      [
        "* what can you do *",
        ["Not much: I talk with you about what you tell me. Ask for `help` to see what else I can show."],
      ],
    ],
  },
  {
    words: ["hello", "hi", "hey", "good morning", "good evening", "good afternoon"],
    rank: 2,
    rules: [
      ["@greeting *", ["Hello. What is on your mind today?", "Hello again. How are things going?"]],
      ["*", ["Hello. What would you like to talk about?"]],
    ],
  },
  {
    words: ["bye", "goodbye", "see you"],
    rank: 8,
    rules: [["*", ["Goodbye. It was good talking with you.", "Take care."]]],
  },
  {
    words: ["thank you", "thanks"],
    rank: 7,
    rules: [["*", ["You are welcome. Is there something else on your mind?", "Gladly. Shall we go on?"]]],
  },
  {
    words: ["sorry"],
    rank: 3,
    rules: [["*", ["There is nothing to be sorry about.", "No need to apologise. What were you going to say?"]]],
  },
  {
    words: ["remember"],
    rank: 5,
    rules: [
      ["* i remember *", ["What else comes back to you when you think of (2)?", "Why does (2) come to mind just now?"]],
      ["* do you remember *", ["I remember what you wrote above, no more than that. What about (2)?"]],
    ],
  },
  {
    words: ["if"],
    rank: 3,
    rules: [["* if *", ["How likely do you think it is that (2)?", "What would change for you if (2)?"]]],
  },
  {
    words: ["dreamed", "dreamt", "dream"],
    rank: 4,
    rules: [
      ["* i dreamed of *", ["What does (2) stand for, if you had to say?", "Have you dreamed of (2) before?"]],
      [
        "* i dreamed *",
        ["Do you think (2) could also happen while you are awake?", "What did you feel when you woke up?"],
      ],
      [
        "* i dreamt *",
        ["Do you think (2) could also happen while you are awake?", "What did you feel when you woke up?"],
      ],
      ["*", ["What does that dream tell you?", "Do you often think about your dreams?"]],
    ],
  },
  {
    words: ["computer", "computers", "machine", "machines", "program", "software"],
    rank: 4,
    rules: [
      [
        "*",
        [
          "Do machines worry you?",
          "Are you thinking of me, when you speak of machines?",
          "What should a program never do, in your opinion?",
        ],
      ],
    ],
  },
  {
    words: ["my"],
    rank: 2,
    rules: [
      [
        "* my @family *",
        [
          "Tell me more about your (2).",
          "How do you get on with your (2)?",
          "What comes to mind first about your (2)?",
        ],
        2,
      ],
      ["* my * does not *", ["What have you tried so far, as your (2) does not (3)?", "Did your (2) ever (3)?"], 2],
      ["* my * doesn't *", ["What have you tried so far, as your (2) doesn't (3)?", "Did your (2) ever (3)?"], 2],
      ["* my * is *", ["Why do you think your (2) is (3)?", "Since when is your (2) (3)?"], 2],
      ["* my * are *", ["What makes you say your (2) are (3)?"], 2],
      ["* my *", ["Your (2)?", "What does your (2) mean to you?", "Why do you bring up your (2)?"], 2],
    ],
  },
  {
    words: ["I'm", "I am"],
    rank: 3,
    rules: [
      [
        "* i'm * @sad *",
        ["I am sorry to hear you are (3). What do you think is behind it?", "How long have you been (3)?"],
      ],
      [
        "* i am * @sad *",
        ["I am sorry to hear you are (3). What do you think is behind it?", "How long have you been (3)?"],
      ],
      ["* i'm * @happy *", ["What has made you (3)?", "Good. What would keep you (3)?"]],
      ["* i am * @happy *", ["What has made you (3)?", "Good. What would keep you (3)?"]],
      ["* i'm *", ["How does it feel to be (2)?", "Since when are you (2)?", "What follows from your being (2)?"]],
      ["* i am *", ["How does it feel to be (2)?", "Since when are you (2)?", "What follows from your being (2)?"]],
    ],
  },
  {
    words: ["want", "need", "wish", "would like", "looking"],
    rank: 4,
    rules: [
      [
        "* i @want to *",
        ["What would it mean to you to (3)?", "What keeps you from it?", "Suppose you could (3): what then?"],
      ],
      [
        "* i @want *",
        ["What would it mean to you to have (3)?", "What keeps you from (3)?", "Suppose you had (3): what then?"],
      ],
      ["* we @want *", ['Who is "we", and does everybody want (3) for the same reason?']],
    ],
  },
  {
    words: ["think", "believe", "feel", "guess", "suppose"],
    rank: 3,
    rules: [
      ["* i @think i *", ["What tells you that you (3)?", "Could it be that you only (2) you (3)?"]],
      ["* i @think *", ["What makes you (2) (3)?", "Do others see it like that too?", "And if it were not so?"]],
      ["* do you @think *", ["What I (2) counts for little: I am only a program. What do you (2)?"]],
    ],
  },
  {
    words: ["can't", "couldn't"],
    rank: 4,
    rules: [
      ["* i can't *", ["What would happen if you could (2)?", "Have you tried to (2)?", "What stands in the way?"]],
    ],
  },
  {
    words: ["don't", "didn't"],
    rank: 3,
    rules: [
      ["* i don't know *", ["Suppose you did know: what would it be?", "What would help you to find out?"]],
      ["* i don't *", ["Why don't you (2)?", "Would you like to (2)?"]],
      ["* why don't you *", ["Do you think I should (2)?", "Perhaps I will (2) when I have learned how."]],
    ],
  },
  {
    words: ["you", "you're", "your"],
    rank: 1,
    rules: [
      ["* do you * me", ["Would it matter to you if I (2) you?"]],
      ["* you are *", ["What gives you the impression that I am (2)?", "Would you be glad if I were (2)?"]],
      ["* you're *", ["What gives you the impression that I am (2)?", "Would you be glad if I were (2)?"]],
      ["* can you *", ["If I could (2), would that help you?", "Why do you ask whether I can (2)?"]],
      ["* could you *", ["If I could (2), would that help you?"]],
      [
        "* do you *",
        ["We were speaking of you, not of me. But why do you ask?", "Does it matter to you whether I (2)?"],
      ],
      ["* i * you *", ["Why do you (2) me?", "Tell me what it is like to (2) me."]],
      ["*", ["Let's talk about you rather than me.", "Why do you bring me up?"]],
    ],
  },
  {
    words: ["because"],
    rank: 4,
    rules: [
      [
        "*",
        [
          "Is that the only reason?",
          "What other reasons might there be?",
          "Does that reason explain other things too?",
        ],
      ],
    ],
  },
  {
    words: ["why"],
    rank: 2,
    rules: [
      ["* why can't i *", ["What have you tried so far?", "Do you think you ought to be able to (2)?"]],
      ["*", ["What do you think the reason is?", "What answer would you like best?", "Who else could you ask?"]],
    ],
  },
  {
    words: ["what", "how", "when", "where", "which"],
    rank: 1,
    rules: [
      [
        "*",
        [
          "I am too small a program to know that. What would you do with the answer?",
          "What is behind your question?",
          "What comes to mind when you ask yourself that?",
        ],
      ],
    ],
  },
  {
    words: ["everyone", "everybody", "no one", "nobody"],
    rank: 4,
    rules: [
      ["* @everyone *", ["Really (2)? Of whom are you thinking in particular?", "Can you think of an exception?"]],
    ],
  },
  {
    words: ["always", "never"],
    rank: 3,
    rules: [["*", ["Can you give me an example?", "Is there a time when it was different?"]]],
  },
  {
    words: [
      "mother",
      "father",
      "mum",
      "mom",
      "dad",
      "sister",
      "brother",
      "wife",
      "husband",
      "son",
      "daughter",
      "parents",
    ],
    rank: 2,
    rules: [["* @family *", ["Tell me more about your family.", "Who else in your family comes to mind?"]]],
  },
  {
    words: ["friend", "friends", "boss", "colleague", "colleagues", "team"],
    rank: 2,
    rules: [["*", ["How do you get on with each other?", "What would they say if they read this?"]]],
  },
  {
    words: ["work", "job", "project", "code", "bug", "deadline"],
    rank: 1,
    rules: [
      [
        "*",
        [
          "What is the hardest part of it?",
          "How would you know that it is done?",
          "Who could take some of it off you?",
        ],
      ],
    ],
  },
  {
    words: ["yes", "yeah", "sure", "right", "exactly"],
    rank: 1,
    rules: [["*", ["You seem sure of it. What makes you so?", "I see. And then?", "Go on."]]],
  },
  {
    words: ["no", "nope", "not really"],
    rank: 1,
    rules: [["*", ["Why not?", "Are you saying no just to be careful?", "What would have to be different?"]]],
  },
  {
    words: ["maybe", "perhaps", "probably"],
    rank: 1,
    rules: [["*", ["You do not sound quite certain. What would make you so?", "What speaks against it?"]]],
  },
];
