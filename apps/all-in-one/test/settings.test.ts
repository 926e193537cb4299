import fs from "node:fs";
import path from "node:path";
import { SettingError } from "@uci/adapters/settings";
import { openPasswordsWarning } from "@uci/backend";
import { describe, expect, it } from "vitest";
import { readStartOptions } from "../src/config.ts";
import { environmentExample, helpText } from "../src/messages.ts";

describe("settings", () => {
  it("stand in .env.example as they are described in the code", () => {
    const kept = fs.readFileSync(path.resolve(import.meta.dirname, "../../../.env.example"), "utf8");
    expect(kept).toBe(environmentExample());
  });

  it("are all named by --help", () => {
    for (const [, name] of environmentExample().matchAll(/^#([A-Z_]+)=/gm)) expect(helpText()).toContain(name);
  });

  it("come from the command line first, then from the environment", () => {
    const options = readStartOptions(["--port", "9000", "--pods", "2"], { PORT: "9001", HOST: "::1" });
    expect(options).toMatchObject({ settings: { PORT: 9000, HOST: "::1" }, pods: 2, workers: 1 });
    expect(readStartOptions(["--help"], {})).toBeNull();
  });

  it.each([
    [["--port", "abc"], {}, "PORT"],
    [["--port", "0"], {}, "PORT"],
    [["--port", "65535", "--pods", "2"], {}, "ports"],
    [["--pods", "none"], {}, "--pods"],
    [["--colour"], {}, "--colour"],
    [[], { LOG_LEVEL: "loud" }, "LOG_LEVEL"],
    [[], { DATABASE_URL: "mysql://x" }, "DATABASE_URL"],
    [[], { AUTH_SECRET: "short" }, "AUTH_SECRET"],
    [["--host", "0.0.0.0"], { AUTH_MODE: "trusted" }, "TRUSTED_PUBLIC"],
  ])("refuse %j with %j in one sentence", (commandLine, environment, named) => {
    const read = () => readStartOptions(commandLine, environment);
    expect(read).toThrow(SettingError);
    expect(read).toThrow(named);
    expect(read).toThrow(/^[^\n]+\.$/);
  });

  it.each([
    ["0.0.0.0", undefined, true],
    ["0.0.0.0", "http://chat.example.org", true],
    ["::", undefined, true],
    ["192.168.0.7", undefined, true],
    ["0.0.0.0", "https://chat.example.org", false],
    ["127.0.0.1", undefined, false],
    ["::1", undefined, false],
    ["localhost", "http://localhost:8080", false],
  ])("on %s with PUBLIC_URL %s a warning of passwords in the open: %s", (HOST, PUBLIC_URL, warned) => {
    const { settings } = readStartOptions([], { HOST, ...(PUBLIC_URL === undefined ? {} : { PUBLIC_URL }) })!;
    expect(openPasswordsWarning(settings) !== null).toBe(warned);
    expect(openPasswordsWarning({ ...settings, AUTH_MODE: "trusted" })).toBeNull();
  });
});
