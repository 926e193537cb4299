import { freePorts, isFree, type NatsPorts } from "@uci/services";
import { ClusterError, type ClusterOptions } from "./options.ts";

/** The host of everything: nothing of a cluster is reachable from other machines. */
export const clusterHost = "127.0.0.1";

export function podName(index: number): string {
  return `pod-${index + 1}`;
}

export function workerName(index: number): string {
  return `worker-${index + 1}`;
}

/** The ports of a cluster, all decided before anything starts. */
export type Places = {
  readonly gateway: number;
  readonly pods: readonly number[];
  readonly workers: readonly number[];
  readonly nats: readonly NatsPorts[];
  readonly redis: number;
  readonly postgres: number;
};

/** Throws `ClusterError` when the gateway's port is taken; pods take the next free ones after their first. */
export async function choosePlaces(options: ClusterOptions): Promise<Places> {
  const { port, pods, workers, nats, firstPodPort } = options;
  if (port !== 0 && !(await isFree(clusterHost, port)))
    throw new ClusterError(`Port ${port} is in use by another program; choose another with --port.`);
  const free = [...(await freePorts(workers + nats * 3 + 3 + pods, clusterHost))];
  const next = () => free.pop() ?? 0;
  const natsPorts = () => ({ client: next(), route: next(), monitor: next() });
  const gateway = port === 0 ? next() : port;
  return {
    gateway,
    pods: firstPodPort === 0 ? times(pods, next) : await podPorts(firstPodPort, pods, gateway),
    workers: times(workers, next),
    nats: times(nats, natsPorts),
    redis: next(),
    postgres: next(),
  };
}

async function podPorts(first: number, count: number, gateway: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let port = first; ports.length < count; port++) {
    if (port > 65_535) throw new ClusterError("There are not enough free ports for that many pods.");
    if (port !== gateway && (await isFree(clusterHost, port))) ports.push(port);
  }
  return ports;
}

function times<Thing>(count: number, make: () => Thing): Thing[] {
  return Array.from({ length: count }, make);
}
