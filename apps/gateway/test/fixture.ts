import fs from "node:fs";
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { nginxVersion, type ServiceProcess, startNginxServer, temporaryFolder } from "@uci/services";
import { workerAccount } from "../src/account.ts";
import { renderNginxConfiguration } from "../src/configuration.ts";
import type { GatewayOptions } from "../src/options.ts";

/** A stand-in for a pod: answers as told and remembers what it was asked. */
export class Upstream {
  readonly seen: IncomingMessage[] = [];
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
    const listener: RequestListener = async (request, response) => {
      this.seen.push(request);
      const pieces: Buffer[] = [];
      try {
        for await (const piece of request) pieces.push(piece as Buffer);
      } catch {
        return;
      }
      answer(request, response, Buffer.concat(pieces).toString("utf8"));
    };
    this.#server = http.createServer(listener);
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, on the port it had before if it had one. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** As if its process had been killed: its port refuses connections, open ones break. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Answers everything with its name and what it was sent. */
export function echo(name: string): Upstream {
  return new Upstream((request, response, body) => {
    response.writeHead(200, { "content-type": "application/json", "x-pod": name });
    response.end(JSON.stringify({ pod: name, method: request.method, url: request.url, bytes: body.length }));
  });
}

export type TestGateway = {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly process: ServiceProcess;
  /** Lines of the access log. */
  log(): Record<string, unknown>[];
};

export type TestGatewayOptions = Partial<Omit<GatewayOptions, "pods" | "listen" | "folder">>;

/** A real nginx before these stand-ins. */
export async function startGateway(
  upstreams: readonly Upstream[],
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const folder = temporaryFolder("gateway");
  const process = await startNginxServer({
    name: "gateway",
    folder,
    configuration: (listen) =>
      renderNginxConfiguration({
        folder,
        listen,
        pods: upstreams.map(({ port }) => ({ host: "127.0.0.1", port })),
        tls: null,
        workerProcesses: 2,
        account: workerAccount(),
        nginxVersion: nginxVersion(),
        ...options,
      }),
  });
  const { host, port } = process.command;
  const scheme = options.tls === undefined || options.tls === null ? "http" : "https";
  const log = () =>
    fs
      .readFileSync(path.join(folder, "access.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { url: `${scheme}://${host}:${port}`, host, port, folder, process, log };
}
