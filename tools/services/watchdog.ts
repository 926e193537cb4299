import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";

/**
 * Waits for the end of a pipe from this process, which comes however the process ends, then asks what is left to stop,
 * kills it after a while, and removes the folders that were to be thrown away. SIGINT is what every server takes for a
 * quick but orderly stop.
 */
const script = `
servers=" "
while read -r word rest; do
  case "$word" in
    add) servers="$servers$rest " ;;
    remove) servers=$(printf %s "$servers" | sed "s/ $rest / /") ;;
    folder) set -- "$@" "$rest" ;;
  esac
done
for server in $servers; do kill -INT "$server"; kill -CONT "-$server"; done
for second in 1 2 3 4 5; do
  left=""
  for server in $servers; do kill -0 "$server" && left=yes; done
  [ -z "$left" ] && break
  sleep 1
done
for server in $servers; do kill -KILL "-$server"; done
for folder in "$@"; do rm -rf -- "$folder"; done
`;

let watchdog: ChildProcess | null = null;

/** Makes ready to guard: afterwards `guard` takes no time in which its server would be nobody's. */
export function startGuarding(): void {
  if (process.platform !== "win32") watchdog ??= startWatchdog();
}

/** From now on this process group leader is ended when this process is gone without having ended it, even if killed outright. */
export function guard(pid: number): void {
  tell(`add ${pid}`);
}

/** It has ended; its number may soon be somebody else's. */
export function unguard(pid: number): void {
  tell(`remove ${pid}`);
}

/** This folder is removed when this process is gone, after what has been guarded has ended. */
export function throwAway(folder: string): void {
  tell(`folder ${folder}`);
}

function tell(line: string): void {
  startGuarding();
  watchdog?.stdin?.write(`${line}\n`);
}

function startWatchdog(): ChildProcess {
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  // Neither it nor the pipe to it is a reason for this process to stay.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}
