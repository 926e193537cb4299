import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type ClusterAction, ClusterError, clusterActions } from "./options.ts";
import { readState } from "./state-file.ts";

/** The longest path of a socket that systems take, in bytes. */
const socketPathBytesMost = 103;
const lineCharactersMost = 100_000;

type Request = { readonly action: ClusterAction; readonly name: string };
type Reply = { readonly done: boolean; readonly sentence: string };

/** Does what it is asked and says in one sentence what came of it; throws `ClusterError` when that was nothing. */
export type ControlHandler = (action: ClusterAction, name: string) => Promise<string>;

/** Where a cluster in this folder takes commands: in the folder, or where that path is too long, a temporary folder of this user. */
export function controlPath(folder: string): string {
  const preferred = path.join(folder, "control.sock");
  if (Buffer.byteLength(preferred) <= socketPathBytesMost) return preferred;
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return path.join(os.tmpdir(), `uci-cluster-${process.getuid?.() ?? 0}-${name}.sock`);
}

/** Takes commands until it is closed. The caller holds the lock of the folder: a socket that is there is a dead one's. */
export async function listenForCommands(socketPath: string, handler: ControlHandler): Promise<net.Server> {
  fs.rmSync(socketPath, { force: true });
  const server = net.createServer((socket) => void serve(socket, handler));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(socketPath, resolve);
  });
  fs.chmodSync(socketPath, 0o600);
  return server;
}

async function serve(socket: net.Socket, handler: ControlHandler): Promise<void> {
  socket.on("error", () => socket.destroy());
  const request = await readRequest(socket);
  const reply: Reply =
    request === null ? { done: false, sentence: "This is not a command." } : await run(request, handler);
  socket.end(`${JSON.stringify(reply)}\n`);
}

async function run({ action, name }: Request, handler: ControlHandler): Promise<Reply> {
  try {
    return { done: true, sentence: await handler(action, name) };
  } catch (error) {
    return { done: false, sentence: error instanceof Error ? error.message : String(error) };
  }
}

async function readRequest(socket: net.Socket): Promise<Request | null> {
  const line = await readLine(socket);
  try {
    const { action, name } = JSON.parse(line) as Partial<Request>;
    const known = clusterActions.find((candidate) => candidate === action);
    return known === undefined || typeof name !== "string" ? null : { action: known, name };
  } catch {
    return null;
  }
}

/** Has the cluster that runs in this folder do something; resolves with what it says when that is done. Throws `ClusterError`. */
export async function sendCommand(folder: string, action: ClusterAction, name: string): Promise<string> {
  const socketPath = readState(folder)?.control ?? controlPath(folder);
  const socket = await connected(socketPath);
  if (socket === null) throw new ClusterError(`No cluster is running in ${folder}; start one with npm run cluster.`);
  socket.write(`${JSON.stringify({ action, name })}\n`);
  const line = await readLine(socket);
  socket.destroy();
  if (line === "") throw new ClusterError("The cluster ended before it was done.");
  const reply = JSON.parse(line) as Reply;
  if (!reply.done) throw new ClusterError(reply.sentence);
  return reply.sentence;
}

function connected(socketPath: string): Promise<net.Socket | null> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

/** The first line, as far as the other side sends one. */
function readLine(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const end = () => resolve(text.split("\n", 1)[0] ?? "");
    socket.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.includes("\n") || text.length > lineCharactersMost) end();
    });
    socket.once("close", end);
  });
}
