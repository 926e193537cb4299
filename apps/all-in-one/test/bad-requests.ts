/** One request that is surely bad, as it goes over the wire. */
export type BadRequest = { readonly kind: string; readonly method: string; readonly bytes: Buffer };

export type BadRequestFacts = {
  readonly host: string;
  /** Headers that say who calls: what is refused is the request, not the caller. */
  readonly caller: Readonly<Record<string, string>>;
  /** A session and a message of somebody else. */
  readonly foreignSession: string;
  readonly foreignMessage: string;
};

/** A small generator of numbers whose seed gives the same run again (mulberry32). */
export class Lots {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  one<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  text(most: number, alphabet: string = characters): string {
    const units = [...alphabet];
    return Array.from({ length: 1 + this.below(most) }, () => this.one(units)).join("");
  }
}

const characters = "aZ09_-. /\\'\"<>{}[]%&?#;:=+~!*()|^`$@,\u0000\u0007\n\t\u00e9\u2028\ufeff日本👩‍💻\u202e";
const identifierCharacters = "abcXYZ019_-";
const wrongTypes: readonly unknown[] = [0, -1, 1.5, true, false, [], {}, ["x"], { a: 1 }, 1e308];

type Field = { readonly valid: unknown; readonly wrong: (lots: Lots) => unknown };
type BodyShape = {
  readonly route: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly mayBeNothing: boolean;
};

const wrongString = (lots: Lots, others: readonly unknown[] = []) => lots.one([...wrongTypes, null, "", ...others]);
const badId = (lots: Lots) => lots.one([wrongString(lots), `${lots.text(30)} !`, "x".repeat(65), "a b", "../x", "é"]);
const userId: Field = { valid: "user", wrong: (lots) => wrongString(lots, ["x".repeat(129)]) };
/** Of a message and of asking again: null is the same as absent there. */
const wrongNotNull = (lots: Lots, others: readonly unknown[]) => lots.one([...wrongTypes, "", ...others]);
const asker: Field = { valid: null, wrong: (lots) => wrongNotNull(lots, ["x".repeat(129)]) };
const choice: Record<string, Field> = {
  user_id: asker,
  ai_provider: { valid: "offline", wrong: (lots) => wrongNotNull(lots, ["x".repeat(101), lots.text(20)]) },
  model: { valid: "eliza", wrong: (lots) => wrongNotNull(lots, ["x".repeat(201), lots.text(20)]) },
  context: {
    valid: { unknown: 1, conversation_history: "x" },
    wrong: (lots) =>
      lots.one<unknown>([
        ...[0, "x", [], true],
        { temperature: lots.one([-0.1, 2.1, "1", [], 1e9]) },
        { max_tokens: lots.one([0, -5, 1.5, 1_000_001, "7", 2 ** 53]) },
        { system_prompt: lots.one([7, [], "é".repeat(33_000)]) },
        { ai_provider: lots.one([7, [], {}, "x".repeat(101)]) },
        { model: lots.one([7, [], {}, "x".repeat(201)]) },
      ]),
  },
};
const title: Field = { valid: "A title", wrong: (lots) => wrongString(lots, ["  \n ", "x".repeat(201)]) };
const folderName: Field = { valid: "Work", wrong: (lots) => wrongString(lots, ["  \n ", "x".repeat(101)]) };
const promptName: Field = {
  valid: "mail",
  wrong: (lots) => wrongString(lots, ["two words", "/slash", "-x", "x".repeat(41)]),
};
const promptText: Field = { valid: "Write", wrong: (lots) => wrongString(lots, ["  \n ", "x".repeat(20_001)]) };
const email: Field = {
  valid: "a@example.org",
  wrong: (lots) => wrongString(lots, ["nobody", "@", "a@b", `${lots.text(9)}@`]),
};
const newPassword: Field = { valid: "long enough", wrong: (lots) => wrongString(lots, ["short", "x".repeat(129)]) };
const knownPassword: Field = { valid: "long enough", wrong: (lots) => wrongString(lots, ["x".repeat(129)]) };

const words: Field = { valid: "Hello", wrong: (lots) => wrongString(lots, ["   ", "\n\t", " \u2028 "]) };

const chatFields: Record<string, Field> = {
  message: words,
  session_id: { valid: "never-made", wrong: (lots) => badId(lots) ?? "" },
  parent_message_id: { valid: null, wrong: (lots) => lots.one([...wrongTypes, "", "a b", "x".repeat(65), "é/"]) },
  ...choice,
};
const bodies: readonly BodyShape[] = [
  { route: "POST /api/chat", fields: chatFields, mayBeNothing: false },
  { route: "POST /chat", fields: chatFields, mayBeNothing: false },
  {
    route: "POST /api/sessions",
    fields: { session_id: { valid: "never", wrong: badId }, title, user_id: userId },
    mayBeNothing: true,
  },
  { route: "PATCH /api/sessions/unknown", fields: { title, user_id: userId }, mayBeNothing: false },
  { route: "POST /api/folders", fields: { name: folderName, user_id: userId }, mayBeNothing: false },
  { route: "PATCH /api/folders/unknown", fields: { name: folderName, user_id: userId }, mayBeNothing: false },
  { route: "POST /api/prompts", fields: { name: promptName, text: promptText, user_id: userId }, mayBeNothing: false },
  { route: "POST /api/messages/unknown/regenerate", fields: choice, mayBeNothing: true },
  { route: "POST /api/messages/unknown/edit", fields: { content: words, user_id: userId }, mayBeNothing: false },
  { route: "POST /api/messages/unknown/stop", fields: { user_id: userId }, mayBeNothing: true },
  { route: "POST /api/auth/sign-up", fields: { email, password: newPassword, name: title }, mayBeNothing: false },
  { route: "POST /api/auth/sign-in", fields: { email, password: knownPassword }, mayBeNothing: false },
  { route: "POST /api/auth/guest", fields: {}, mayBeNothing: true },
  { route: "POST /api/auth/sign-out", fields: {}, mayBeNothing: true },
];
const validChat = JSON.stringify({ message: "Hello", session_id: "never-made" });
const sessionRoutes = [
  "GET /api/sessions/@",
  "PATCH /api/sessions/@",
  "DELETE /api/sessions/@",
  "GET /api/sessions/@/messages",
];
const messageRoutes = ["POST /api/messages/@/stop", "POST /api/messages/@/regenerate"];
const limits = ["0", "-1", "101", "1.5", "abc", "", "NaN", "Infinity", "1,2", "１", "9".repeat(200), "%00"];
const badCursors = ["x", "2~", "1~a", "1~:0.0", "1~a:0", "1~a:0.-2", "1~a:x.1", "1~a:0.1,", "1~a:0.1,a:0.1", "1~é:0.1"];
const wrongMethods = [
  ...["PUT /api/chat", "GET /api/chat", "DELETE /api/chat", "PATCH /api/sse", "POST /api/sse", "PUT /api/sessions"],
  ...["DELETE /api/sessions", "POST /health", "PUT /ready", "DELETE /api/models", "OPTIONS /api/chat", "TRACE /health"],
  ...[
    "PROPFIND /api/sessions",
    "LOCK /api/sse",
    "REPORT /",
    "PUT /api/auth/guest",
    "GET /api/auth/sign-in",
    "HEAD /api/chat",
  ],
  ...[
    "SEARCH /api/sessions",
    "MKCOL /api/x",
    "POST /api/openapi.json",
    "UNLOCK /",
    "HEAD /api/nothing",
    "COPY /health",
  ],
];

/** Makes requests of which every single one must be refused. */
export class BadRequests {
  readonly #lots: Lots;
  readonly #facts: BadRequestFacts;

  constructor(seed: number, facts: BadRequestFacts) {
    this.#lots = new Lots(seed);
    this.#facts = facts;
  }

  next(): BadRequest {
    const kinds = [
      ...[() => this.#wrongBody(), () => this.#wrongBody(), () => this.#wrongBody(), () => this.#notJson()],
      ...[() => this.#badIdInPath(), () => this.#badIdInPath(), () => this.#notTheirs(), () => this.#badQuery()],
      ...[() => this.#badStream(), () => this.#badHeader(), () => this.#wrongMethod(), () => this.#noSuchPath()],
    ];
    return this.#lots.one(kinds)();
  }

  #request(kind: string, route: string, headers: Readonly<Record<string, string>>, body?: string | Buffer): BadRequest {
    const [method, path] = route.split(" ", 2) as [string, string];
    const all: Record<string, string> = { host: this.#facts.host, ...this.#facts.caller, ...headers };
    const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
    if (body !== undefined) all["content-length"] = String(content.length);
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
    return { kind, method, bytes: Buffer.concat([head, content]) };
  }

  #json(
    kind: string,
    route: string,
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): BadRequest {
    return this.#request(kind, route, { "content-type": "application/json", ...headers }, body);
  }

  /** One field of a good body is spoilt, or one is added that is not known, or the body is no object at all. */
  #wrongBody(): BadRequest {
    const lots = this.#lots;
    const { route, fields, mayBeNothing } = lots.one(bodies);
    const body: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) body[name] = field.valid;
    const names = Object.keys(fields);
    const what = lots.below(8);
    if (what === 0 || names.length === 0) {
      const root = lots.one<unknown>([[], [body], "text", 0, 1.5, true, false, ...(mayBeNothing ? [] : [null])]);
      return this.#json("no object", route, JSON.stringify(root));
    }
    if (what === 1) {
      body[`${lots.text(8)}?`] = lots.one<unknown>([1, null, {}, "x"]);
      return this.#json("unknown field", route, JSON.stringify(body));
    }
    const name = lots.one(names);
    body[name] = fields[name]!.wrong(lots);
    return this.#json("wrong field", route, JSON.stringify(body));
  }

  #notJson(): BadRequest {
    const lots = this.#lots;
    const { route } = lots.one(bodies);
    const whole = JSON.stringify({ message: lots.text(40), session_id: "never-made" });
    const text = lots.one<string | Buffer>([
      whole.slice(0, 1 + lots.below(whole.length - 1)),
      `${whole}${lots.one(["}", ",", "x", "\u0000", "{}"])}`,
      ...[
        "{'message':'x'}",
        "message=Hello",
        "undefined",
        "NaN",
        "<xml/>",
        '{"message":"x",}',
        "\ufeff{",
        "[".repeat(5_000),
      ],
      ...['{"__proto__":{"a":1}}', '{"message":"x","context":{"__proto__":{}}}', '{"a\u0000":', "--boundary"],
      Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]),
      Buffer.concat([Buffer.from('{"message":"Hello","'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('":1}')]),
    ]);
    return this.#json("not JSON", route, text);
  }

  #badIdInPath(): BadRequest {
    const lots = this.#lots;
    const route = lots.one([...sessionRoutes, ...messageRoutes]);
    const id = lots.one([
      encodeURIComponent(`${lots.text(20)}!`),
      ...[
        "x".repeat(65),
        "x".repeat(1_999),
        "x".repeat(8_000),
        "%00",
        "%zz",
        "%",
        "%e0%a4%a",
        "a%20b",
        "a%2fb",
        "..",
        ".",
      ],
      ...["%2e%2e%2f%2e%2e", "a/b/c/d", "%ff%fe", "{id}", "*", "a;b", "~", "'", '"', "%ed%a0%80", ":id"],
      lots.text(12, "/.%;~!*'()"),
    ]);
    const body = route.startsWith("PATCH") ? '{"title":"A title"}' : undefined;
    const filled = route.replace("@", id);
    return body === undefined ? this.#request("bad id", filled, {}) : this.#json("bad id", filled, body);
  }

  /** Well-formed ids of nobody or of somebody else. */
  #notTheirs(): BadRequest {
    const lots = this.#lots;
    const { foreignSession, foreignMessage } = this.#facts;
    const unknown = `none_${lots.text(40, identifierCharacters)}`;
    const body = lots.one([
      { session_id: foreignSession, message: "Hello" },
      { session_id: foreignSession, message: "Hello", parent_message_id: null },
      { session_id: unknown, message: "Hello", parent_message_id: unknown },
      { message: "Hello", parent_message_id: lots.one([unknown, foreignMessage]) },
    ]);
    if (lots.below(3) === 0) return this.#json("not theirs", "POST /api/chat", JSON.stringify(body));
    if (lots.below(8) === 0) {
      return this.#request("not theirs", `GET /api/sse?session_id=${foreignSession}&session_id=${foreignSession}`, {});
    }
    const route = lots.one([...sessionRoutes, ...messageRoutes]);
    const own = route.includes("messages/@") ? foreignMessage : foreignSession;
    const filled = route.replace("@", lots.one([unknown, own]));
    if (route.startsWith("PATCH")) return this.#json("not theirs", filled, '{"title":"A title"}');
    return this.#request("not theirs", filled, {});
  }

  #badQuery(): BadRequest {
    const lots = this.#lots;
    const list = lots.one(["GET /api/sessions", "GET /api/sessions/unknown/messages"]);
    const query = lots.one([
      `limit=${lots.one(limits.map((limit) => (limit.startsWith("%") ? limit : encodeURIComponent(limit))))}`,
      `cursor=${encodeURIComponent(`!${lots.text(60)}`)}&limit=0`,
      `cursor=${"A".repeat(201)}`,
      `cursor=${Buffer.from(`x${lots.text(20)}`).toString("base64url")}`,
      "cursor=",
      "cursor=a&cursor=b",
      "limit=1&limit=2",
      `user_id=${"u".repeat(129)}`,
      "user_id=",
      "user_id=a&user_id=b",
    ]);
    return this.#request("bad query", `${list}?${query}`, {});
  }

  #badStream(): BadRequest {
    const lots = this.#lots;
    const route = lots.one(["GET /api/sse", "GET /sse"]);
    const cursor = lots.one([
      ...badCursors,
      `!${lots.text(40, "aZ09~:.,- ")}`,
      `1~${"a:0.1,".repeat(70)}`,
      `1~${"x".repeat(8_200)}`,
    ]);
    const query = lots.one([
      `session_id=${encodeURIComponent(`${lots.text(20)}!`)}`,
      `session_id=${"x".repeat(65)}`,
      Array.from({ length: 9 }, (_none, index) => `session_id=s${index}`).join("&"),
      "session_id=never-made&session_id=a%20b",
      "session_id=",
      `session_id=never-made&cursor=${encodeURIComponent(cursor)}`,
      "user_id=",
    ]);
    if (lots.below(3) > 0) return this.#request("bad stream", `${route}?${query}`, {});
    const printable = Buffer.from(cursor, "utf8").toString("latin1");
    return this.#request("bad stream", `${route}?session_id=never-made`, { "last-event-id": printable });
  }

  #badHeader(): BadRequest {
    const lots = this.#lots;
    const key = lots.one(["a b", "x".repeat(256), "\u00e9", "tab\there", "x".repeat(5_000), "\u00ff".repeat(20)]);
    const contentType = lots.one([
      "text/plain",
      "application/xml",
      "multipart/form-data; boundary=x",
      "json",
      "*/*",
      "\u00e9",
      "application/jsonx",
    ]);
    const origin = lots.one([
      "https://evil.example",
      "null",
      "x",
      "http://",
      `http://${this.#facts.host}.evil.example`,
      "\u00e9",
    ]);
    return lots.one([
      () => this.#json("bad header", "POST /api/chat", validChat, { "idempotency-key": key }),
      () => this.#json("bad header", "POST /api/messages/unknown/regenerate", "{}", { "idempotency-key": key }),
      () => this.#request("bad header", lots.one(bodies).route, { "content-type": contentType }, validChat),
      () => this.#json("bad header", lots.one(bodies).route, validChat, { origin }),
      () =>
        this.#json("bad header", "POST /api/chat", validChat, {
          cookie: `uci.session_token=${lots.text(40, "aZ09.%=")}`,
          "x-user-id": "",
        }),
      () => this.#json("bad header", "POST /api/chat", validChat, { cookie: "uci.session_token", "x-user-id": "" }),
    ])();
  }

  #wrongMethod(): BadRequest {
    return this.#request("wrong method", this.#lots.one(wrongMethods), {});
  }

  #noSuchPath(): BadRequest {
    const lots = this.#lots;
    const method = lots.one(["GET", "POST", "DELETE", "PATCH", "PUT"]);
    const path = lots.one([
      ...[
        "/api",
        "/api/",
        "/api//sessions",
        "/api/sessions/",
        "/API/sessions",
        "/api/chat/",
        "/.env",
        "/..%2f..%2fetc/passwd",
      ],
      ...[
        "/api/sessions/x/messages/y",
        "/%",
        "/%c0%ae%c0%ae/",
        "//",
        "/api/auth",
        "/api/auth/sign-in/",
        "/api/sse/x",
        "*",
      ],
      `/api/${encodeURIComponent(lots.text(30))}!`,
      `/${lots.text(30, "abc/.%;~!*'()")}!`,
    ]);
    return this.#request("no such path", `${method} ${path}`, {});
  }
}
