import path from "node:path";
import { parseArgs } from "node:util";
import type { GatewayOptions } from "@uci/gateway";

/** Limits of the gateway that a test or a benchmark may want otherwise. */
export type GatewayLimits = Pick<GatewayOptions, "requestsPerSecond" | "requestBurst" | "streamsPerAddress">;

export type ClusterOptions = {
  /** Holds everything: data, passwords, certificates, logs, `state.json`. */
  readonly folder: string;
  readonly nats: 1 | 3;
  readonly pods: number;
  readonly workers: number;
  /** Of the gateway; 0: a free one. */
  readonly port: number;
  /** Where pods begin to look for ports; 0: free ones anywhere. */
  readonly firstPodPort: number;
  readonly tls: boolean;
  /** False: nothing waits for the disk, for data that is thrown away. */
  readonly durable: boolean;
  /** For pods and workers, added to this process's own; undefined takes a variable away. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly gateway: GatewayLimits;
  /** The program that is a worker, from the project's folder. */
  readonly workerFile: string;
  /** Processes reach each other over links that can be cut. */
  readonly linked: boolean;
};

export const clusterDefaults = {
  folder: ".cluster",
  nats: 1,
  pods: 3,
  workers: 2,
  port: 8080,
  firstPodPort: 8081,
  tls: false,
  durable: true,
  environment: {},
  gateway: {},
  workerFile: "apps/workflow/src/run.ts",
  linked: false,
} as const satisfies ClusterOptions;

export const clusterActions = ["start", "stop", "restart"] as const;
export type ClusterAction = (typeof clusterActions)[number];

/** What `npm run cluster` is asked for. */
export type ClusterCommand =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly options: ClusterOptions }
  | { readonly kind: "act"; readonly folder: string; readonly action: ClusterAction; readonly name: string };

/** Something a person can mend; `message` is one sentence. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

const programsMost = 32;

/** Reads the command line. Throws `ClusterError`. */
export function readClusterCommand(commandLine: readonly string[]): ClusterCommand {
  const { values, positionals } = parsed(commandLine);
  if (values.help === true) return { kind: "help" };
  const folder = path.resolve(values.data ?? clusterDefaults.folder);
  const [action, name, ...more] = positionals;
  if (action !== undefined) {
    const known = clusterActions.find((candidate) => candidate === action);
    if (known === undefined) throw new ClusterError(`There is no command ${action}; try --help.`);
    if (name === undefined || more.length > 0)
      throw new ClusterError(`${known} takes one name, such as pod-1; state.json in ${folder} lists them.`);
    return { kind: "act", folder, action: known, name };
  }
  const nats = wholeNumber("--nats", values.nats, clusterDefaults.nats, 1, 3);
  if (nats === 2) throw new ClusterError("--nats takes 1 or 3: two servers keep no majority when one is gone.");
  const options: ClusterOptions = {
    ...clusterDefaults,
    folder,
    nats: nats === 3 ? 3 : 1,
    pods: wholeNumber("--pods", values.pods, clusterDefaults.pods, 1, programsMost),
    workers: wholeNumber("--workers", values.workers, clusterDefaults.workers, 1, programsMost),
    port: wholeNumber("--port", values.port, clusterDefaults.port, 1, 65_535),
    tls: values.tls === true,
  };
  return { kind: "run", options };
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      strict: true,
      allowPositionals: true,
      options: {
        nats: { type: "string" },
        pods: { type: "string" },
        workers: { type: "string" },
        port: { type: "string" },
        tls: { type: "boolean" },
        data: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const reason = (error as Error).message.split(". To specify", 1)[0]?.replace(/\.$/, "");
    throw new ClusterError(`${reason}. Try --help.`);
  }
}

function wholeNumber(option: string, text: string | undefined, standard: number, least: number, most: number): number {
  if (text === undefined) return standard;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new ClusterError(`${option} takes a whole number from ${least} to ${most}.`);
}
