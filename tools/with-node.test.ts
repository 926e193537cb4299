import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./command.ts";

/** A project of its own without any dependency, so that installing them needs no registry. */
let project: string;

beforeAll(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), "with-node-test-"));
  fs.mkdirSync(path.join(project, "tools"));
  fs.copyFileSync(path.join(root, "tools", "with-node.mjs"), path.join(project, "tools", "with-node.mjs"));
  write("package.json", '{ "name": "sample", "version": "1.0.0", "private": true, "type": "module" }');
  writeLock("1.0.0");
  write(
    "show.ts",
    "const seen: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify(seen));\nprocess.exitCode = 7;\n",
  );
  write(
    "wait.ts",
    'process.on("SIGTERM", () => {\n  console.log("told");\n  process.exit(0);\n});\nconsole.log("waiting");\nsetInterval(() => {}, 1000);\n',
  );
});
afterAll(() => fs.rmSync(project, { recursive: true, force: true }));

function write(name: string, text: string): void {
  fs.writeFileSync(path.join(project, name), text);
}

function writeLock(version: string): void {
  const packages = { "": { name: "sample", version } };
  write("package-lock.json", JSON.stringify({ name: "sample", version, lockfileVersion: 3, requires: true, packages }));
}

function run(...scriptArguments: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["tools/with-node.mjs", ...scriptArguments], { cwd: project, encoding: "utf8" });
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    let text = "";
    child.stdout?.on("data", (piece: Buffer) => {
      text += piece;
      if (text.includes(word)) resolve();
    });
  });
}

describe("with-node", () => {
  it("installs once, and again when the lock file changes; passes arguments and exit code on", () => {
    const first = run("show.ts", "a b", "--c");
    expect(first.stderr).toBe("");
    expect(first).toMatchObject({ status: 7, stdout: 'Installing dependencies (once) …\n["a b","--c"]\n' });
    expect(run("show.ts")).toMatchObject({ status: 7, stdout: "[]\n" });
    write("package.json", '{ "name": "sample", "version": "1.0.1", "private": true, "type": "module" }');
    writeLock("1.0.1");
    expect(run("show.ts").stdout).toContain("Installing dependencies");
    expect(run("show.ts").stdout).toBe("[]\n");
  });

  const script = fs.readFileSync(path.join(root, "tools", "with-node.mjs"), "utf8");

  it("runs these very tests under the one version that it names", () => {
    expect(script).toContain(`const nodeVersion = "${process.versions.node}";`);
  });

  it("fetches that version when this one is another, and refuses one that is not what was pinned", () => {
    // As on a machine whose Node is another one: the version is one digit off, so this one is not it.
    const own = `node-${process.platform}-${process.arch}`;
    const elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), "with-node-test-"));
    fs.cpSync(project, elsewhere, { recursive: true });
    const other = "const running = '0.0.0';\n";
    const pretending = script
      .replace("process.versions.node === nodeVersion", "running === nodeVersion")
      .replace(/^class /m, `${other}class `);
    const runIt = (text: string) => {
      fs.writeFileSync(path.join(elsewhere, "tools", "with-node.mjs"), text);
      fs.writeFileSync(path.join(elsewhere, "show-version.ts"), "console.log(process.version, process.execPath);\n");
      return spawnSync(process.execPath, ["tools/with-node.mjs", "show-version.ts"], {
        cwd: elsewhere,
        encoding: "utf8",
      });
    };
    const bad = runIt(pretending.replace(/"sha512-[^"]+"/g, `"sha512-${"A".repeat(86)}=="`));
    expect(bad.stdout).toContain("could not be fetched; going on with");
    fs.rmSync(path.join(elsewhere, ".cache"), { recursive: true });
    const good = runIt(pretending);
    expect(good.stdout).toContain(`v${process.versions.node} ${path.join(elsewhere, ".cache/node/node_modules", own)}`);
    fs.rmSync(elsewhere, { recursive: true });
  });

  it("says in a sentence what is wrong", () => {
    expect(run("none.ts")).toMatchObject({ status: 1, stderr: "There is no script none.ts.\n", stdout: "" });
    expect(run().stderr).toMatch(/^Say which script to run: .*\n$/);
  });

  it("ends a script whose npm was told to stop and has left it behind", async () => {
    const command = `"${process.execPath}" tools/with-node.mjs wait.ts; true`;
    const environment = { ...process.env, npm_lifecycle_event: "start" };
    const shell = spawn("/bin/sh", ["-c", command], {
      cwd: project,
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const told = said(shell, "told");
    await said(shell, "waiting");
    shell.kill("SIGKILL");
    await told;
  });
});
