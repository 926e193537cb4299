import { randomInt } from "node:crypto";
import net from "node:net";

/**
 * Below the range systems take ports for outgoing connections from: a server that is started again would find its port
 * taken by somebody's connection, and a client that waits for it could even connect to itself.
 */
const [leastPort, mostPort] = [15_000, 32_000];
const handedOut = new Set<number>();

/** Ports nobody listens on now, all different. Somebody else may take one before it is used. */
export async function freePorts(count: number, host = "127.0.0.1"): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(leastPort, mostPort);
    if (handedOut.has(port) || !(await isFree(host, port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  return ports;
}

export async function freePort(host = "127.0.0.1"): Promise<number> {
  const [port] = await freePorts(1, host);
  return port!;
}

/** Whether a server could listen there now. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Whether something accepts connections there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
