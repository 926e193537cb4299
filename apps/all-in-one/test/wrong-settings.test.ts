import { readSettings, SettingError, type SettingSchemas } from "@uci/adapters/settings";
import { podSettings } from "@uci/backend/config";
import { workerSettings } from "@uci/workflow/config";
import { describe, expect, it } from "vitest";
import { allSettings } from "../src/config.ts";

const programs: Readonly<Record<string, SettingSchemas>> = {
  "the one process": allSettings,
  "a pod": podSettings,
  "a worker": workerSettings,
};

const port = ["abc", "-1", "65536", "80.5", "8080x"];
const flag = ["yes", "on", "2", "TRUE"];
const webAddress = [
  "ftp://a.example",
  "a.example",
  "http://",
  "//a.example",
  "http://u:p/q@a.example",
  "javascript:alert(1)",
];
const file = ["/nowhere/a-file", "/"];
const key = ["two words", "ключ"];
const whole = (least: number, most: number) => ["many", "1.5", `${least - 1}`, `${most + 1}`, "NaN", "1,000"];
const number = (least: number, most: number) => ["many", `${least - 1}`, `${most + 1}`, "NaN", "Infinity", "2s"];

/** Values that cannot be meant. `null`: every text is a possible one. */
const wrongValues: Readonly<Record<string, readonly string[] | null>> = {
  PORT: port,
  HOST: null,
  DATA: null,
  LOG_LEVEL: ["loud", "WARN", "5"],
  DATABASE_URL: [
    "mysql://u:p@host/db",
    "host/db",
    "postgres:/host/db",
    "postgres://",
    "postgres://chat:pa/ss@host/chat",
    "postgres://chat:12/34@host/chat",
    "postgres://chat:pa?ss@host/chat",
    "postgres://chat:pa#ss@host/chat",
    "postgres://chat:50%@host/chat",
    "postgres://chat:p@host:port/chat",
    "postgres://chat@host/chat?sslmode=often",
  ],
  DATABASE_PASSWORD: null,
  REDIS_PASSWORD: null,
  DATABASE_TLS_CA: file,
  DATABASE_POOL_SIZE: whole(2, 500),
  AUTH_MODE: ["open", "none", "Accounts"],
  TRUSTED_PUBLIC: flag,
  ALLOW_SIGN_UP: flag,
  ALLOW_GUESTS: flag,
  RUNNING_ANSWERS_PER_PERSON: whole(1, 100_000),
  WAITING_ANSWERS_PER_PERSON: whole(0, 100_000),
  STORAGE_PER_PERSON_MB: whole(1, 100_000_000),
  STORAGE_TOTAL_MB: whole(0, 1_000_000_000),
  SIGN_UPS_PER_HOUR: whole(1, 100_000),
  AUTH_SECRET: ["short", "x".repeat(31)],
  PUBLIC_URL: [
    ...webAddress,
    "https://a.example/chat",
    "https://a.example/?x=1",
    "https://a.example/#top",
    "https://u:p@a.example",
  ],
  ALLOWED_HOSTS: ["https://pod-1", "pod-1:8080", "pod-1/path", "pod 1", "*"],
  CORS_ORIGINS: ["localhost:3000", "http://localhost:3000/", "https://a.example/page", "ftp://a.example", "*"],
  TRUSTED_HEADER_ONLY: flag,
  TRUSTED_SECRET: ["short", "x".repeat(31)],
  MAX_CONNECTIONS: whole(10, 1_000_000),
  STREAM_HOURS: number(0.001, 720),
  PLAIN_GAP_SECONDS: number(1, 3_600),
  PLAIN_SILENCE_SECONDS: number(2, 86_400),
  TRUST_FORWARDED_FROM: ["nonsense", "10.0.0.1/33", "10.0.0", "10.0.0.1,gateway", "::1/129", "10.0.0.0/8/8"],
  SSE_CONNECTIONS_PER_USER: whole(1, 10_000),
  DRAIN_SECONDS: number(0, 600),
  GRACE_SECONDS: number(0, 600),
  POD_NAME: null,
  WORKER_NAME: null,
  NATS_URL: [
    "http://host:4222",
    "nats://host:port",
    "nats://host/path",
    "nats://u:pa/ss@host:4222",
    "nats://host?x",
    ",",
    "nats://a:1,ftp://b",
  ],
  NATS_USER: null,
  NATS_PASSWORD: null,
  NATS_TLS_CA: file,
  NATS_TLS_CERT: file,
  NATS_TLS_KEY: file,
  JOURNAL_PARTITIONS: whole(1, 64),
  NATS_REPLICAS: whole(1, 5),
  JOURNAL_MAX_BYTES: ["1", "1GB", "-1", "Infinity"],
  REDIS_URL: ["http://host", "host:6379", "redis://:pa/ss@host:6379", "redis://host:port", "redis://:pa#ss@host:6379"],
  REDIS_TLS_CA: file,
  OPENAI_API_KEY: key,
  OPENAI_BASE_URL: webAddress,
  OPENAI_MODELS: null,
  ANTHROPIC_API_KEY: key,
  ANTHROPIC_BASE_URL: webAddress,
  ANTHROPIC_MODELS: null,
  OPENAI_COMPATIBLE_BASE_URL: webAddress,
  OPENAI_COMPATIBLE_API_KEY: key,
  OPENAI_COMPATIBLE_MODELS: null,
  HTTPS_PROXY: webAddress,
  HTTP_PROXY: webAddress,
  NO_PROXY: null,
  PROVIDERS_FILE: file,
  PROVIDER_IDLE_TIMEOUT_SECONDS: number(1, 290),
  PROVIDER_FIRST_TOKEN_TIMEOUT_SECONDS: number(1, 290),
  OFFLINE_WORDS_PER_SECOND: number(0, 100_000),
  TAKEOVER: ["stop", "Continue"],
  TITLES: ["none", "MODEL"],
  WORKER_SLOTS: whole(0, 10_000),
  JOURNAL_TRIM_DELAY_SECONDS: number(0, 86_400),
};

describe.each(Object.entries(programs))("settings of %s", (_name, schemas) => {
  it("are all in the table of wrong values", () => {
    for (const name of Object.keys(schemas)) expect(wrongValues, name).toHaveProperty(name);
  });

  const cases = Object.keys(schemas).flatMap((name) =>
    (wrongValues[name] ?? []).map((value) => [name, value] as const),
  );
  it.each(cases)("%s=%s is refused in one sentence that names it", (name, value) => {
    const read = () => readSettings(schemas, { [name]: value });
    expect(read).toThrow(SettingError);
    expect(read).toThrow(new RegExp(`^The setting ${name} is not usable: [^\\n]+[^.]\\.$`));
    // What it was may be a secret.
    if (/URL|API_KEY|SECRET/.test(name) && value.length > 6) expect(read).not.toThrow(value);
  });
});

describe("what is told", () => {
  const sentence = (name: string, value: string) => {
    try {
      readSettings({ ...allSettings, ...podSettings }, { [name]: value });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it.each([
    ["DATABASE_URL", "postgres://chat:pa/ss@host/chat", /must be written as %2F/],
    ["DATABASE_URL", "mysql://u:p@host/db", /must begin with postgres:\/\//],
    ["REDIS_URL", "redis://:pa/ss@host:6379", /must be written as %2F/],
    ["PUBLIC_URL", "https://a.example/chat", /without a path, such as https:\/\/a\.example/],
    ["PUBLIC_URL", "ftp://a.example", /must begin with http:\/\/ or https:\/\//],
  ])("of %s=%s is what is wrong with it", (name, value, words) => {
    expect(sentence(name, value)).toMatch(words);
  });

  it.each([
    ["DATABASE_URL", "postgres://chat:pa%2Fss@host/chat"],
    ["DATABASE_URL", "postgresql://%2Ftmp/chat"],
    ["REDIS_URL", "rediss://:p%40ss@host:6379/0"],
    ["NATS_URL", "host:4222, tls://other:4222"],
    ["PUBLIC_URL", "https://chat.example.org:8443/"],
    ["TRUST_FORWARDED_FROM", "10.0.0.0/8, ::1, uniquelocal"],
  ])("nothing, of %s=%s", (name, value) => {
    expect(sentence(name, value)).toBe("");
  });
});
