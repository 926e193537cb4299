import net from "node:net";
import { wireLimits } from "@uci/protocol";

export type Address = { readonly host: string; readonly port: number };

/** Files of a certificate, as nginx takes them: the chain, and the key without a passphrase. */
export type CertificateFiles = { readonly certificateFile: string; readonly keyFile: string };

export type GatewayOptions = {
  /** Absolute path of a folder nginx may write to: process id, temporary files, logs. */
  readonly folder: string;
  readonly listen: Address;
  /** Where the pods are; one to 100. Names are looked up once, when nginx starts, unless there is a `resolver`. */
  readonly pods: readonly Address[];
  /** The address of a name server that is asked for the pods again and again: pods may come, go and move. nginx 1.27.3 or newer. */
  readonly resolver?: string | null | undefined;
  /** Addresses and networks of what ends TLS before this gateway, whose `X-Forwarded-For` is believed. */
  readonly realIpFrom?: readonly string[] | undefined;
  /** A path or pattern of files with more lines of `set_real_ip_from`; none need be there. */
  readonly realIpFiles?: string | null | undefined;
  /** Null: plain HTTP. With a certificate: TLS with HTTP/2. */
  readonly tls: CertificateFiles | null;
  /** Whether `X-User-Id` passes from callers to the pods. For the trusted mode alone, where only your own system reaches the gateway. */
  readonly trustsUserHeader?: boolean | undefined;
  /** Requests of one address, streams not counted. */
  readonly requestsPerSecond?: number | undefined;
  /** How many requests of one address may come at once on top of that. */
  readonly requestBurst?: number | undefined;
  /** Open streams of one address. */
  readonly streamsPerAddress?: number | undefined;
  /** Largest request body; pods refuse more than 1 MiB themselves. */
  readonly requestBodyBytes?: number | undefined;
  readonly workerProcesses?: number | "auto" | undefined;
  /** Account of nginx's worker processes, `user` or `user group`, when it is started as root. */
  readonly account?: string | null | undefined;
  /** A file, or `/dev/stdout`. */
  readonly accessLog?: string | undefined;
  /** A file, or `stderr`. */
  readonly errorLog?: string | undefined;
  /** From 1.25.1 on HTTP/2 is a directive of its own; the older form works everywhere but is warned about. */
  readonly nginxVersion?: string | undefined;
};

/** The same with everything decided. */
export type GatewaySettings = { readonly [Name in keyof GatewayOptions]-?: Exclude<GatewayOptions[Name], undefined> };

/** An option that cannot be used; `message` is one sentence. */
export class GatewayOptionError extends Error {
  override readonly name = "GatewayOptionError";
}

export const gatewayDefaults = {
  trustsUserHeader: false,
  requestsPerSecond: 100,
  requestBurst: 400,
  streamsPerAddress: 2_000,
  // Some room, so that it is the pod that says what is wrong with a body just over its limit.
  requestBodyBytes: wireLimits.requestBodyBytes + 16 * 1024,
  workerProcesses: "auto",
  account: null,
  nginxVersion: "1.22.1",
  resolver: null,
  realIpFrom: [] as readonly string[],
  realIpFiles: null,
} as const;

const bounds = {
  requestsPerSecond: [1, 1_000_000],
  requestBurst: [1, 1_000_000],
  streamsPerAddress: [1, 65_535],
  requestBodyBytes: [1_024, 64 * 1024 * 1024],
} as const;

const podsMost = 100;

/** Fills in the defaults and checks everything that goes into the configuration. Throws `GatewayOptionError`. */
export function gatewaySettings(options: GatewayOptions): GatewaySettings {
  const settings: GatewaySettings = {
    ...gatewayDefaults,
    accessLog: `${options.folder}/access.log`,
    errorLog: `${options.folder}/error.log`,
    ...withoutUndefined(options),
  };
  for (const [name, [least, most]] of Object.entries(bounds) as [keyof typeof bounds, readonly [number, number]][]) {
    if (isWhole(settings[name], least, most)) continue;
    throw new GatewayOptionError(`${name} must be a whole number from ${least} to ${most}.`);
  }
  const { workerProcesses, pods, account, nginxVersion } = settings;
  if (workerProcesses !== "auto" && !isWhole(workerProcesses, 1, 256))
    throw new GatewayOptionError("workerProcesses must be auto or a whole number from 1 to 256.");
  if (pods.length === 0 || pods.length > podsMost)
    throw new GatewayOptionError(`A gateway stands before 1 to ${podsMost} pods.`);
  for (const address of [settings.listen, ...pods]) checkAddress(address);
  if (account !== null && !/^[A-Za-z_][\w-]*(?: [A-Za-z_][\w-]*)?$/.test(account))
    throw new GatewayOptionError(`${JSON.stringify(account)} is not the name of an account.`);
  if (!/^\d+\.\d+\.\d+$/.test(nginxVersion))
    throw new GatewayOptionError(`${JSON.stringify(nginxVersion)} is not a version of nginx such as 1.22.1.`);
  if (settings.resolver !== null && net.isIP(settings.resolver) === 0)
    throw new GatewayOptionError(`${JSON.stringify(settings.resolver)} is not the address of a name server.`);
  if (settings.resolver !== null && !isAtLeast(nginxVersion, [1, 27, 3]))
    throw new GatewayOptionError(`nginx ${nginxVersion} does not look names up again; that takes 1.27.3 or newer.`);
  const wrong = settings.realIpFrom.find((network) => !isNetwork(network));
  if (wrong !== undefined)
    throw new GatewayOptionError(`${JSON.stringify(wrong)} is neither an address nor a network such as 10.0.0.0/8.`);
  return settings;
}

/** An address as nginx writes it. */
export function shownAddress({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether a version of nginx is this one or a newer. */
export function isAtLeast(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [first = 0, second = 0, third = 0] = version.split(".").map(Number);
  if (first !== major) return first > major;
  return second !== minor ? second > minor : third >= patch;
}

function isNetwork(text: string): boolean {
  const [host = "", prefix = "0", ...more] = text.split("/");
  const mostBits = { 0: -1, 4: 32, 6: 128 }[net.isIP(host)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= mostBits;
}

function checkAddress({ host, port }: Address): void {
  if (!/^(?:[A-Za-z0-9_.-]+|[0-9A-Fa-f:]+)$/.test(host))
    throw new GatewayOptionError(`${JSON.stringify(host)} is not a host name or an address.`);
  if (!isWhole(port, 1, 65_535)) throw new GatewayOptionError(`${port} is not a port.`);
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

type Decided = Pick<GatewaySettings, "folder" | "listen" | "pods" | "tls"> & Partial<GatewaySettings>;

function withoutUndefined(options: GatewayOptions): Decided {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Decided;
}
