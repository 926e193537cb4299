import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseProvidersFile } from "./providers-file.ts";
import { readProvidersFile } from "./read-providers-file.ts";
import { ProviderSettingsError } from "./settings.ts";

const entry = {
  id: "local",
  name: "Local model",
  kind: "openai-compatible",
  base_url: "http://127.0.0.1:11434/v1/",
  models: [
    "plain",
    { id: "big", name: "Big", context_window_tokens: 32_768, continue_prefix: "continue_final_message" },
  ],
};

test("a file is read with its keys taken from the environment", () => {
  const providers = parseProvidersFile(
    [entry, { id: "eu", name: "EU", kind: "anthropic", base_url: "https://eu.invalid/v1", api_key_env: "EU_KEY" }],
    { EU_KEY: " secret-key\n" },
  );
  expect(providers).toEqual([
    {
      id: "local",
      name: "Local model",
      kind: "openai-compatible",
      baseUrl: "http://127.0.0.1:11434/v1",
      apiKey: undefined,
      models: [
        { id: "plain" },
        { id: "big", name: "Big", context_window_tokens: 32_768, continue_prefix: "continue_final_message" },
      ],
      resumable: false,
      configuredBy: "the providers file",
    },
    {
      id: "eu",
      name: "EU",
      kind: "anthropic",
      baseUrl: "https://eu.invalid/v1",
      apiKey: "secret-key",
      models: [],
      resumable: false,
      configuredBy: "the providers file",
    },
  ]);
});

test.each([
  [{}, /^The file as a whole: .*array.*\.$/],
  [[{ ...entry, id: "no spaces" }], /^\[0\]\.id must be 1 to 100 letters, digits, _ or -\.$/],
  [[entry, { ...entry, kind: "other" }], /^\[1\]\.kind .*openai-compatible.*\.$/],
  [
    [{ ...entry, base_url: "ftp://host" }],
    /^\[0\]\.base_url must be an address beginning with http:\/\/ or https:\/\/\.$/,
  ],
  [[{ ...entry, base_url: "nonsense" }], /^\[0\]\.base_url must be an address/],
  [[{ ...entry, models: [{ id: "" }] }], /^\[0\]\.models\[0\]\.id .*\.$/],
  [
    [{ ...entry, models: ["a", { id: "m", continue_prefix: "perhaps" }] }],
    /^\[0\]\.models\[1\]\.continue_prefix .*\.$/,
  ],
  [[{ ...entry, api_key: "sk-secret", api_key_env: "KEY" }], /^\[0\]\.api_key_env must not stand beside api_key\.$/],
  [[{ ...entry, kind: "openai" }], /^\[0\]\.api_key_env is missing: .*\.$/],
  [[{ ...entry, api_key_env: "NOT_SET" }], /^\[0\]\.api_key_env names NOT_SET, which is not set\.$/],
  [[{ ...entry, api_key_env: "ODD" }], /^\[0\]\.api_key_env names ODD, which holds a character that no key has\.$/],
  [[{ ...entry, apikey: "sk-secret" }], /^\[0\] .*apikey.*\.$/],
])("%j is refused in one sentence with the path of the field", (json, sentence) => {
  let message = "";
  try {
    parseProvidersFile(json, { ODD: "sk-secret ü" });
  } catch (error) {
    expect(error).toBeInstanceOf(ProviderSettingsError);
    message = (error as Error).message;
  }
  expect(message).toMatch(sentence);
  expect(message).not.toContain("sk-secret");
});

describe("reading it from the disk", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "providers-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const written = async (text: string) => {
    const path = join(folder, "providers.json");
    await writeFile(path, text);
    return path;
  };

  test("gives the providers, also after a byte order mark", async () => {
    expect(await readProvidersFile(await written(`\uFEFF${JSON.stringify([entry])}`), {})).toHaveLength(1);
  });

  test("names the file when it is not there, no JSON, or wrong, and quotes nothing of it", async () => {
    await expect(readProvidersFile(join(folder, "absent.json"), {})).rejects.toThrow(
      /absent\.json cannot be read \(ENOENT\)\.$/,
    );
    const noJson = readProvidersFile(await written('[{"api_key": "sk-secret",,}]'), {});
    await expect(noJson).rejects.toThrow(/providers\.json is not JSON\.$/);
    const wrong = readProvidersFile(await written(JSON.stringify([{ ...entry, id: "" }])), {});
    await expect(wrong).rejects.toThrow(/providers\.json is wrong: \[0\]\.id must/);
  });
});
