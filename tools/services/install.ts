import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** A server program: what it is called, where it may stand besides the PATH, and the Debian package that has it. */
export type ServerProgram = { readonly file: string; readonly folders: readonly string[]; readonly package: string };

export const serverPrograms = {
  nats: { file: "nats-server", folders: ["/usr/sbin", "/usr/local/bin"], package: "nats-server" },
  redis: { file: "redis-server", folders: ["/usr/bin", "/usr/local/bin"], package: "redis-server" },
  nginx: { file: "nginx", folders: ["/usr/sbin", "/usr/local/sbin"], package: "nginx" },
} as const satisfies Record<string, ServerProgram>;

const installLimitMs = 5 * 60_000;

/**
 * The path of a server program. Where it is missing, Debian's package is installed when this process may do so;
 * otherwise throws with one sentence that says what to install.
 */
export function installedProgram(program: ServerProgram): string {
  const found = findProgram(program);
  if (found !== null) return found;
  if (process.getuid?.() === 0 && fs.existsSync("/usr/bin/apt-get")) install(program.package);
  const installed = findProgram(program);
  if (installed !== null) return installed;
  throw new Error(
    `${program.file} is not installed: install the package ${program.package} (Debian, Ubuntu: apt-get install ${program.package}).`,
  );
}

export function findProgram(program: ServerProgram): string | null {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), ...program.folders];
  return folders.map((folder) => path.join(folder, program.file)).find((file) => fs.existsSync(file)) ?? null;
}

/** One installer at a time on a machine: apt itself waits for the lock of another. */
function install(packageName: string): void {
  process.stderr.write(`Installing ${packageName} (once) …\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { env: environment, stdio: "ignore", timeout: installLimitMs } as const;
  spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=240", "update"], options);
  // The packages would start servers of their own, which nobody here has asked for.
  const policy = "/usr/sbin/policy-rc.d";
  const hadPolicy = fs.existsSync(policy);
  if (!hadPolicy) fs.writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  spawnSync(
    "apt-get",
    ["-o", "DPkg::Lock::Timeout=240", "install", "-y", "--no-install-recommends", packageName],
    options,
  );
  if (!hadPolicy) fs.rmSync(policy, { force: true });
}
