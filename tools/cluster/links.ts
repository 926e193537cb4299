import { Link } from "@uci/services";
import { clusterHost as host } from "./places.ts";

/** Name of whoever reads through the gateway. */
export const readers = "readers";

export type ClusterLink = { readonly link: Link; readonly isServer: boolean };

/**
 * The links between the processes of a cluster, one for each that talks to another, so that any of them can be cut off.
 * Without `linked` everybody talks to everybody directly.
 */
export class ClusterLinks {
  readonly #linked: boolean;
  readonly #links: { readonly from: string; readonly to: string; readonly link: Link }[] = [];

  constructor(linked: boolean) {
    this.#linked = linked;
  }

  /** The port by which one process reaches another that listens on `port`. */
  async reach(from: string, to: string, port: number): Promise<number> {
    if (!this.#linked) return port;
    const link = await Link.open({ host, port });
    this.#links.push({ from, to, link });
    return link.port;
  }

  /** All that begin or end at this process; `isServer`: it is the one that is connected to. */
  of(name: string): readonly ClusterLink[] {
    const mine = this.#links.filter(({ from, to }) => from === name || to === name);
    return mine.map(({ to, link }) => ({ link, isServer: to === name }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.splice(0).map(({ link }) => link.close()));
  }
}
