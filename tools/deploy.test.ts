import fs from "node:fs";
import path from "node:path";
import { podSettings } from "@uci/backend/config";
import { workerSettings } from "@uci/workflow/config";
import { describe, expect, it } from "vitest";
import { root } from "./command.ts";
import { composeText, composeVariables, composeWith, readEnvironmentFile, secondsOf } from "./deploy/compose.ts";
import { containerEnvironment, containerSecrets, fixedSettings } from "./deploy/environment.ts";
import { filledEnvironment } from "./deploy/secrets.ts";
import { deployFiles } from "./docs/deploy-files.ts";

const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const environment = readEnvironmentFile(filledEnvironment("hex"));
const compose = composeWith(environment);
const programs = Object.entries(compose.services).filter(([, { image }]) => image === "universal-chat");
const isWorker = (command: readonly string[] | undefined) => command !== undefined;

describe("deploy files", () => {
  it("are what the code makes", () => {
    for (const [file, text] of Object.entries(deployFiles())) {
      expect(read(file), `${file} is not what the code says: npm run docs`).toBe(text);
    }
  });

  it("give pods and workers every setting they know and no other, from .env where it is theirs to give", () => {
    expect(programs.map(([name]) => name)).toEqual(["pod-1", "pod-2", "pod-3", "worker-1", "worker-2"]);
    const ofImage = ["HOST", "PORT"];
    for (const [name, { command, environment: given = {} }] of programs) {
      const known = Object.keys(isWorker(command) ? workerSettings : podSettings);
      expect(Object.keys(given).sort(), name).toEqual(known.filter((setting) => !ofImage.includes(setting)).sort());
      const program = command?.[1] ?? "apps/backend/src/run.ts";
      expect(fs.existsSync(path.join(root, program)), program).toBe(true);
    }
  });

  it("pass on what .env says of each setting", () => {
    const settings = Object.keys({ ...podSettings, ...workerSettings }).filter((name) => !fixedSettings.has(name));
    const told = Object.fromEntries(settings.map((name) => [name, `the-${name}`]));
    const { services } = composeWith({ ...environment, ...told });
    for (const name of settings) {
      const givenTo = ["pod-1", "worker-1"].filter((service) => name in services[service]!.environment!);
      expect(givenTo, name).not.toEqual([]);
      for (const service of givenTo) expect(services[service]!.environment![name], service).toBe(`the-${name}`);
    }
  });

  it("keep keys of providers from the pods, and passwords of a service from the others", () => {
    const holders = (secret: string) =>
      programs.filter(([, { environment: given = {} }]) =>
        Object.values(given).some((value) => value.includes(environment[secret]!)),
      );
    expect(holders("NATS_POD_PASSWORD").map(([name]) => name)).toEqual(["pod-1", "pod-2", "pod-3"]);
    expect(holders("NATS_WORKER_PASSWORD").map(([name]) => name)).toEqual(["worker-1", "worker-2"]);
    for (const [name, { environment: given = {} }] of programs) {
      if (name.startsWith("pod")) expect(Object.keys(given).filter((key) => /API_KEY/.test(key))).toEqual([]);
    }
  });

  it("name files, volumes, services and variables that exist", () => {
    for (const [name, { volumes = [], depends_on = {} }] of Object.entries(compose.services)) {
      for (const [source] of volumes.map((volume) => volume.split(":"))) {
        const exists = source!.startsWith(".")
          ? fs.existsSync(path.join(root, "deploy", source!))
          : source! in compose.volumes;
        expect(exists, `${name}: ${source}`).toBe(true);
      }
      for (const other of Object.keys(depends_on)) expect(compose.services, name).toHaveProperty(other);
    }
    const offered = [...containerEnvironment().matchAll(/^#?([A-Z_]+)=/gm)].map((match) => match[1]!);
    expect([...composeVariables()].sort()).toEqual(offered.sort());
    for (const secret of containerSecrets) {
      expect(() => composeWith({ ...environment, [secret]: "" }), secret).toThrow(secret);
    }
  });

  it("give nothing a fixed address, which another container may have taken", () => {
    expect(composeText()).not.toMatch(/ipv4_address|subnet|\b\d+\.\d+\.\d+\.\d+\/\d+/);
    expect(compose.services["pod-1"]!.environment!.TRUST_FORWARDED_FROM).toBe("uniquelocal");
  });

  it("give containers longer to stop than programs take", () => {
    const standard = (schema: { parse(value: undefined): unknown }) => Number(schema.parse(undefined));
    const grace = (name: string) => secondsOf(compose.services[name]!.stop_grace_period!);
    expect(grace("worker-1")).toBeGreaterThanOrEqual(standard(workerSettings.GRACE_SECONDS) + 20);
    expect(grace("pod-1")).toBeGreaterThanOrEqual(standard(podSettings.DRAIN_SECONDS) + 20);
  });

  it("let PostgreSQL take the pools of all programs, and an operator, by one figure", () => {
    const command = compose.services.postgres!.command!.join(" ");
    const [, pools, spare] = /max_connections=\$\(\((\d+) \* DATABASE_POOL_SIZE \+ (\d+)\)\)/.exec(command)!;
    expect(Number(pools)).toBe(programs.length);
    expect(Number(spare)).toBeGreaterThanOrEqual(10);
    const { services } = composeWith({ ...environment, DATABASE_POOL_SIZE: "33" });
    const sizes = ["postgres", "pod-1", "worker-2"].map((name) => services[name]!.environment!.DATABASE_POOL_SIZE);
    expect(sizes).toEqual(["33", "33", "33"]);
  });

  it("look pods up again and again, with an nginx that can", () => {
    const version = /^nginx:(\d+)\.(\d+)\.(\d+)-/.exec(compose.services.gateway!.image)!.slice(1).map(Number);
    expect(version[0]! * 1e6 + version[1]! * 1e3 + version[2]!).toBeGreaterThanOrEqual(1_027_003);
    expect(read("deploy/nginx.conf")).toMatch(/resolver 127\.0\.0\.11 /);
    expect(read("deploy/nginx.conf").match(/server pod-\d:8080 .* resolve;/g)).toHaveLength(12);
  });

  it("name a whole version of every image", () => {
    for (const { image } of Object.values(compose.services)) {
      if (image !== "universal-chat") expect(image).toMatch(/:v?\d+\.\d+(?:\.\d+)?(?:-|$)/);
    }
  });
});
