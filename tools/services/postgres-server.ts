import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { clusterAsSeen, type DataFolder, giveTo, openDataFolder, type ServerAccount } from "@uci/adapters/postgres";
import { freePort } from "./free-port.ts";
import { type PostgresPrograms, postgresPrograms } from "./postgres-programs.ts";
import { ServiceProcess } from "./service-process.ts";
import type { ServerTls } from "./tls.ts";

export type PostgresServerOptions = {
  readonly name?: string;
  /** Holds the data. */
  readonly folder: string;
  readonly host?: string;
  /** 0 or undefined: a free one. */
  readonly port?: number;
  /** Of the user `chat`. Kept with the data when that is made; must be the same from then on. */
  readonly password: string;
  /** Unencrypted connections are refused when given. */
  readonly tls?: ServerTls | null;
  /** Connections it takes at once, 120 unless told. */
  readonly connections?: number;
  /** False: nothing waits for the disk, for data that is thrown away. True unless told. */
  readonly durable?: boolean;
};

export const postgresUser = "chat";
export const postgresDatabase = "postgres";

/** A PostgreSQL server on TCP that wants a password, listening on this machine alone; resolves when it takes connections. */
export async function startPostgresServer(options: PostgresServerOptions): Promise<ServiceProcess> {
  const service = await postgresServer(options);
  await service.start();
  return service;
}

/** The same, not started yet. Its data is made here when there is none. */
export async function postgresServer(options: PostgresServerOptions): Promise<ServiceProcess> {
  const { name = "postgres", host = "127.0.0.1" } = options;
  const port = options.port === undefined || options.port === 0 ? await freePort(host) : options.port;
  const { layout: data, account, lock } = await openDataFolder({ folder: options.folder, moved: () => undefined });
  const programs = postgresPrograms(account);
  try {
    if (fs.existsSync(data.cluster)) checkVersion(data, programs);
    else makeCluster(data, programs, account, options);
  } finally {
    // Whoever starts the server keeps others from it; what is made here has to be made once.
    lock.release();
  }
  return new ServiceProcess(
    {
      name,
      file: path.join(programs.folder, "postgres"),
      arguments: ["-D", clusterAsSeen(data.cluster, account), ...settings(data, account, options, host, port)],
      folder: data.cluster,
      logFile: path.join(data.folder, `${name}.log`),
      bareEnvironment: true,
      account: account ?? undefined,
      // A fast shutdown: connections are cut, a checkpoint is written.
      stopSignal: "SIGINT",
      stopLimitMs: 20_000,
      // Processes of a killed server need a moment to be gone, and until then it refuses to start.
      startAttempts: 10,
      host,
      port,
    },
    (pid) => isReady(data.cluster, pid),
  );
}

/** Where a client finds it. */
export function postgresUrl(server: ServiceProcess, password: string): string {
  const { host, port } = server.command;
  return `postgres://${postgresUser}:${encodeURIComponent(password)}@${host}:${port}/${postgresDatabase}`;
}

function makeCluster(
  data: DataFolder,
  programs: PostgresPrograms,
  account: ServerAccount | null,
  { password, durable = true }: PostgresServerOptions,
): void {
  const unfinished = path.join(data.folder, "unfinished");
  const cluster = path.join(unfinished, "cluster");
  const passwordFile = path.join(unfinished, "password");
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(cluster, { recursive: true, mode: 0o700 });
  fs.writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const target of [unfinished, cluster, passwordFile]) giveTo(target, account);
  const locale =
    programs.majorVersion >= 17
      ? ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
      : ["--locale=C.UTF-8"];
  const access = [`--username=${postgresUser}`, "--auth=scram-sha-256", "--pwfile=../password"];
  const made = spawnSync(
    path.join(programs.folder, "initdb"),
    ["-D", clusterAsSeen(cluster, account), "--encoding=UTF8", ...locale, ...access, ...(durable ? [] : ["--no-sync"])],
    {
      cwd: cluster,
      env: { PATH: process.env.PATH },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      ...account,
    },
  );
  fs.rmSync(passwordFile);
  if (made.status !== 0)
    throw new Error(`PostgreSQL could not make its data in ${data.folder}: ${lastLine(made.stderr)}`);
  fs.renameSync(cluster, data.cluster);
  fs.rmSync(unfinished, { recursive: true, force: true });
}

function settings(
  data: DataFolder,
  account: ServerAccount | null,
  { tls, durable = true, connections = 120 }: PostgresServerOptions,
  host: string,
  port: number,
): string[] {
  const encrypted = tls !== undefined && tls !== null;
  const accessFile = path.join(data.cluster, "access.conf");
  const seen = (file: string) => path.join(clusterAsSeen(data.cluster, account), path.basename(file));
  const kind = encrypted ? "hostssl" : "host";
  const access = ["127.0.0.1/32", "::1/128"].map((from) => `${kind} all all ${from} scram-sha-256\n`).join("");
  writeFor(account, accessFile, access);
  const values: Record<string, string | number> = {
    listen_addresses: host,
    port,
    unix_socket_directories: "",
    hba_file: seen(accessFile),
    max_connections: connections,
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    jit: "off",
    // Statements hold what people wrote; they do not belong into a log.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    // What was committed still reaches the system, and outlives a kill of the server, though not of the machine.
    ...(durable ? {} : { fsync: "off", full_page_writes: "off" }),
  };
  if (encrypted) {
    // The server's account must be able to read its key, and nobody else may.
    const [certificate, key] = ["server-certificate.pem", "server-key.pem"].map((name) =>
      path.join(data.cluster, name),
    );
    writeFor(account, certificate!, fs.readFileSync(tls.certificateFile));
    writeFor(account, key!, fs.readFileSync(tls.keyFile));
    Object.assign(values, { ssl: "on", ssl_cert_file: seen(certificate!), ssl_key_file: seen(key!) });
  }
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function writeFor(account: ServerAccount | null, file: string, content: string | Buffer): void {
  fs.writeFileSync(file, content, { mode: 0o600 });
  giveTo(file, account);
}

/** The server tells its state in the last line of its note: `ready` once it takes connections. */
function isReady(cluster: string, pid: number): boolean {
  try {
    const lines = fs.readFileSync(path.join(cluster, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

function checkVersion(data: DataFolder, programs: PostgresPrograms): void {
  const version = Number(fs.readFileSync(path.join(data.cluster, "PG_VERSION"), "utf8"));
  if (version === programs.majorVersion) return;
  throw new Error(
    `The database in ${data.folder} was made by PostgreSQL ${version}, this machine has ${programs.majorVersion}: choose another data folder.`,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
