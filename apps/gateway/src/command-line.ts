import path from "node:path";
import { parseArgs } from "node:util";
import { type Address, GatewayOptionError, type GatewayOptions, gatewayDefaults } from "./options.ts";

/** What the command is asked for. `selfSigned`: the folder a certificate for local use is made in. */
export type GatewayCommand = {
  readonly options: GatewayOptions;
  readonly selfSigned: string | null;
  /** Where the configuration is written; null: standard output. */
  readonly output: string | null;
};

const optionSpecification = {
  listen: { type: "string", default: "0.0.0.0:8080" },
  pod: { type: "string", multiple: true, default: [] as string[] },
  folder: { type: "string", default: "/tmp" },
  resolver: { type: "string" },
  "real-ip-from": { type: "string", multiple: true, default: [] as string[] },
  certificate: { type: "string" },
  key: { type: "string" },
  "self-signed": { type: "string" },
  trusted: { type: "boolean", default: false },
  "requests-per-second": { type: "string" },
  "request-burst": { type: "string" },
  "streams-per-address": { type: "string" },
  "request-body-bytes": { type: "string" },
  "worker-processes": { type: "string" },
  account: { type: "string" },
  "access-log": { type: "string" },
  "error-log": { type: "string" },
  "nginx-version": { type: "string" },
  output: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Null: help was asked for. Throws `GatewayOptionError` with one sentence. */
export function readGatewayCommand(commandLine: readonly string[]): GatewayCommand | null {
  const values = parsed(commandLine);
  if (values.help === true) return null;
  const { certificate, key } = values;
  if ((certificate === undefined) !== (key === undefined))
    throw new GatewayOptionError("--certificate and --key go together.");
  const options: GatewayOptions = {
    folder: path.resolve(values.folder),
    listen: addressOf("--listen", values.listen),
    pods: values.pod.map((pod) => addressOf("--pod", pod)),
    tls: certificate === undefined || key === undefined ? null : filesOf(certificate, key),
    resolver: values.resolver,
    realIpFrom: values["real-ip-from"],
    trustsUserHeader: values.trusted,
    requestsPerSecond: numberOf("requests-per-second", values["requests-per-second"]),
    requestBurst: numberOf("request-burst", values["request-burst"]),
    streamsPerAddress: numberOf("streams-per-address", values["streams-per-address"]),
    requestBodyBytes: numberOf("request-body-bytes", values["request-body-bytes"]),
    workerProcesses: workersOf(values["worker-processes"]),
    account: values.account,
    accessLog: values["access-log"],
    errorLog: values["error-log"],
    nginxVersion: values["nginx-version"],
  };
  return { options, selfSigned: values["self-signed"] ?? null, output: values.output ?? null };
}

function filesOf(certificate: string, key: string) {
  return { certificateFile: path.resolve(certificate), keyFile: path.resolve(key) };
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({ args: [...commandLine], strict: true, allowPositionals: false, options: optionSpecification })
      .values;
  } catch (error) {
    const reason = (error as Error).message.split(". To specify", 1)[0]?.replace(/\.$/, "");
    throw new GatewayOptionError(`${reason}. Try --help.`);
  }
}

function addressOf(option: string, text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw new GatewayOptionError(`${option} takes HOST:PORT, not ${JSON.stringify(text)}.`);
  return { host, port: Number(match?.[3]) };
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new GatewayOptionError(`--${option} takes a whole number.`);
  return Number(text);
}

function workersOf(text: string | undefined): number | "auto" | undefined {
  return text === "auto" ? text : numberOf("worker-processes", text);
}

/** What `--help` prints. */
export function gatewayHelpText(): string {
  const { requestsPerSecond, requestBurst, streamsPerAddress, requestBodyBytes, nginxVersion } = gatewayDefaults;
  return [
    "Writes the configuration of the gateway, for nginx 1.22 and newer.",
    "",
    "  node apps/gateway/src/main.ts --pod HOST:PORT [--pod HOST:PORT …] [options]",
    "",
    "  --pod HOST:PORT            a pod; one or more",
    "  --listen HOST:PORT         where the gateway listens [0.0.0.0:8080]",
    "  --resolver ADDRESS         a name server that is asked for the pods again and again (nginx 1.27.3 or newer)",
    "  --real-ip-from NETWORK     what ends TLS before the gateway and tells who asks; one or more",
    "  --certificate FILE         with --key: TLS and HTTP/2 with this certificate chain",
    "  --key FILE                 its key, without a passphrase",
    "  --self-signed FOLDER       TLS with a certificate for local use, made in that folder",
    "  --trusted                  let X-User-Id pass to the pods (AUTH_MODE=trusted)",
    `  --requests-per-second N    of one address, streams not counted [${requestsPerSecond}]`,
    `  --request-burst N          how many may come at once on top of that [${requestBurst}]`,
    `  --streams-per-address N    open streams of one address [${streamsPerAddress}]`,
    `  --request-body-bytes N     the largest request [${requestBodyBytes}]`,
    "  --worker-processes N       or auto: one a processor [auto]",
    '  --account "USER GROUP"     of the worker processes, where nginx is started as root',
    "  --folder FOLDER            where nginx keeps its process id, temporary files and logs [/tmp]",
    "  --access-log FILE          or /dev/stdout [access.log in that folder]",
    "  --error-log FILE           or stderr [error.log in that folder]",
    `  --nginx-version X.Y.Z      the nginx that will read it [${nginxVersion}]`,
    "  --output FILE              where it is written [standard output]",
    "  --help                     this text",
    "",
  ].join("\n");
}
