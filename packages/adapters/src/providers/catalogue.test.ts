import { afterEach, describe, expect, test, vi } from "vitest";
import { createProviders } from "./catalogue.ts";
import { parseProvidersFile } from "./providers-file.ts";
import { ProviderSettingsError } from "./settings.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { scriptedAnswer } from "./testing/scripted-answer.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";
import { testKey } from "./testing/three-wires.ts";

const servers: ScriptedServer[] = [];
async function serve(...options: Parameters<typeof ScriptedServer.start>): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...options);
  servers.push(server);
  return server;
}
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const defaults = (providers: ReturnType<typeof createProviders>) =>
  providers
    .catalogue()
    .flatMap(({ id, models }) => models.filter((model) => model.default).map((model) => `${id}/${model.id}`));

describe("the catalogue", () => {
  test("has the built-in program alone when nothing is configured", () => {
    const providers = createProviders({});
    expect(providers.catalogue()).toEqual([
      {
        id: "offline",
        name: "Offline",
        configured_by: "built in",
        models: [
          {
            id: "eliza",
            name: "ELIZA (built in)",
            default: true,
            images: false,
            abilities: { resume: false, continuePrefix: true },
          },
        ],
      },
    ]);
    expect(providers.model.resolve(undefined, undefined)).toEqual({ provider: "offline", model: "eliza" });
  });

  test("names the first configured provider's first model the default, and the built-in program comes last", () => {
    const both = createProviders({ openai: { apiKey: testKey }, anthropic: { apiKey: testKey, models: ["claude-a"] } });
    expect(both.catalogue().map(({ id }) => id)).toEqual(["openai", "anthropic", "offline"]);
    const [first] = both.catalogue();
    expect(defaults(both)).toEqual([`openai/${first!.models[0]!.id}`]);
    expect(both.model.resolve(undefined, undefined)).toEqual({ provider: "openai", model: first!.models[0]!.id });
    expect(defaults(createProviders({ anthropic: { apiKey: testKey, models: ["claude-a"] } }))).toEqual([
      "anthropic/claude-a",
    ]);
  });

  test("holds no key", () => {
    const providers = createProviders({
      openai: { apiKey: testKey },
      openaiCompatible: { baseUrl: "http://a.invalid", apiKey: testKey },
    });
    expect(JSON.stringify(providers.catalogue())).not.toContain(testKey);
  });

  test("refuses repeated ids, wrong addresses and wrong limits", () => {
    const file = (id: string) =>
      parseProvidersFile([{ id, name: "X", kind: "openai", base_url: "http://a.invalid", api_key: "k" }], {});
    const refused = [
      { openai: { apiKey: testKey }, providersFile: file("openai") },
      { providersFile: file("offline") },
      { openai: { apiKey: testKey, baseUrl: "nowhere" } },
      { openai: { apiKey: testKey, models: [""] } },
      { openai: { apiKey: testKey, baseUrl: "https://user:secret@host.invalid" } },
      { openai: { apiKey: " " } },
      { anthropic: { apiKey: "key\nwith a line break" } },
      { limits: { idleTimeoutMs: 400_000 } },
      { limits: { retries: -1 } },
      { offline: { wordsPerSecond: -1 } },
    ];
    for (const settings of refused)
      expect(() => createProviders(settings), JSON.stringify(settings)).toThrow(ProviderSettingsError);
  });
});

describe("abilities", () => {
  const { model } = createProviders({
    openai: { apiKey: testKey, models: ["gpt-a"], resumable: true },
    anthropic: {
      apiKey: testKey,
      models: [
        "claude-3-haiku-20240307",
        "claude-sonnet-4-20250514",
        "claude-opus-4-1",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5",
        "claude-opus-4-6",
        "claude-sonnet-5-5",
        "claude-opus-4-7",
        "other",
      ],
    },
    providersFile: parseProvidersFile(
      [
        {
          id: "file",
          name: "F",
          kind: "openai-compatible",
          base_url: "http://a.invalid",
          models: ["plain", { id: "prefix", continue_prefix: true }],
        },
      ],
      {},
    ),
  });

  test.each([
    ["openai", "gpt-a", true, false],
    ["anthropic", "claude-3-haiku-20240307", false, true],
    ["anthropic", "claude-sonnet-4-20250514", false, true],
    ["anthropic", "claude-opus-4-1", false, true],
    ["anthropic", "claude-sonnet-4-5-20250929", false, true],
    ["anthropic", "claude-haiku-4-5", false, true],
    ["anthropic", "claude-opus-4-6", false, false],
    ["anthropic", "claude-opus-4-7", false, false],
    ["anthropic", "claude-sonnet-5-5", false, false],
    ["anthropic", "other", false, false],
    ["file", "plain", false, false],
    ["file", "prefix", false, true],
    ["offline", "eliza", false, true],
    ["nobody", "nothing", false, false],
  ])("%s %s: resume %s, continue %s", (provider, name, resume, continuePrefix) => {
    expect(model.abilities(provider, name)).toEqual({ resume, continuePrefix });
  });
});

describe("resolve", () => {
  const { model } = createProviders({
    openai: { apiKey: testKey, models: ["a", "b"] },
    anthropic: { apiKey: testKey, models: ["c"] },
  });

  test.each([
    [undefined, undefined, { provider: "openai", model: "a" }],
    ["anthropic", undefined, { provider: "anthropic", model: "c" }],
    [undefined, "b", { provider: "openai", model: "b" }],
    [undefined, "c", { provider: "anthropic", model: "c" }],
    [undefined, "eliza", { provider: "offline", model: "eliza" }],
    ["openai", "b", { provider: "openai", model: "b" }],
    ["openai", "c", null],
    ["nobody", undefined, null],
    [undefined, "nothing", null],
  ])("provider %s and model %s", (provider, name, expected) => {
    expect(model.resolve(provider, name)).toEqual(expected);
  });

  test("what is not configured cannot be called", async () => {
    const answer = await collectAnswer(model, { provider: "nobody", model: "x", messages: [] });
    expect(answer.error).toMatchObject({ code: "model_not_found", retryable: false });
  });
});

describe("a provider that lists its models itself", () => {
  test("is asked once, with its key, and offers what is for conversation", async () => {
    const server = await serve({ models: ["llama", "nomic-embed-text", "qwen"] });
    const providers = createProviders({ openaiCompatible: { baseUrl: server.baseUrl, apiKey: testKey } });
    expect(defaults(providers)).toEqual(["offline/eliza"]);
    await Promise.all([providers.ready(), providers.ready()]);
    expect(server.requests.all.map(({ path }) => path)).toEqual(["/v1/models"]);
    expect(server.requests.all[0]!.headers.authorization).toBe(`Bearer ${testKey}`);
    expect(providers.catalogue()[0]!.models.map(({ id }) => id)).toEqual(["llama", "qwen"]);
    expect(defaults(providers)).toEqual(["openai-compatible/llama"]);
    expect(providers.model.resolve("openai-compatible", "absent")).toBeNull();
  });

  test("that does not answer is warned of in time, is asked again later, and can be called by a model's name meanwhile", async () => {
    const warnings: string[] = [];
    const clock = new ManualClock();
    const server = await serve({ models: ["llama"] });
    let silent = true;
    const fetchOrHang: typeof fetch = (input, init) =>
      silent
        ? new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)))
        : fetch(input, init);
    const providers = createProviders(
      { openaiCompatible: { baseUrl: server.baseUrl, apiKey: testKey } },
      { clock, fetch: fetchOrHang, warn: (sentence) => warnings.push(sentence) },
    );
    const ready = providers.ready();
    clock.advance(5_000);
    await ready;
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("no answer within 5000 ms");
    expect(warnings[0]).not.toContain(testKey);
    expect(defaults(providers)).toEqual(["offline/eliza"]);
    expect(providers.model.resolve(undefined, undefined)).toEqual({ provider: "offline", model: "eliza" });

    silent = false;
    const named = providers.model.resolve("openai-compatible", "llama");
    expect(named).toEqual({ provider: "openai-compatible", model: "llama" });
    const answer = await collectAnswer(providers.model, { ...named!, messages: [{ role: "user", content: "hi" }] });
    expect(answer.text).toBe(scriptedAnswer("hi"));

    clock.advance(30_000);
    await vi.waitUntil(() => defaults(providers)[0] === "openai-compatible/llama");
  });

  test.each([
    [new Response("<html>", { status: 200 }), "its answer is no list of models"],
    [new Response("no", { status: 404 }), "HTTP 404"],
    [new Response("x".repeat(5 * 1024 * 1024), { status: 200 }), "its answer is too long or broke off"],
  ])("is warned of when it answers otherwise (%#)", async (response, why) => {
    const warnings: string[] = [];
    const providers = createProviders(
      { openaiCompatible: { baseUrl: "http://a.invalid" } },
      { fetch: async () => response, warn: (sentence) => warnings.push(sentence) },
    );
    await providers.ready();
    expect(warnings[0]).toContain(why);
  });
});

test("the environment is not read behind the settings", async () => {
  const server = await serve();
  for (const name of ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"]) vi.stubEnv(name, server.baseUrl);
  for (const name of ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
    vi.stubEnv(name, "from-the-environment");
  const asked: string[] = [];
  const { model } = createProviders(
    {
      openai: { apiKey: testKey, models: ["m"] },
      anthropic: { apiKey: testKey, models: ["m"] },
      limits: { retries: 0 },
    },
    {
      fetch: async (input, init) => {
        asked.push(
          `${String(input)} ${new Headers(init?.headers).get("authorization") ?? new Headers(init?.headers).get("x-api-key")}`,
        );
        return new Response("", { status: 400 });
      },
    },
  );
  for (const provider of ["openai", "anthropic"]) {
    await collectAnswer(model, { provider, model: "m", messages: [{ role: "user", content: "?" }] });
  }
  expect(asked).toEqual([
    `https://api.openai.com/v1/responses Bearer ${testKey}`,
    `https://api.anthropic.com/v1/messages ${testKey}`,
  ]);
});
