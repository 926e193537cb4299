import net from "node:net";
import { afterEach, expect, it } from "vitest";
import { Link } from "./link.ts";

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A server that sends back what it gets, in front of it a link, and a client of that. */
async function echoed(): Promise<{ link: Link; connect: () => Promise<Client>; heard: () => number }> {
  let heard = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => (heard += bytes.length));
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  opened.push({ close });
  const { port } = server.address() as net.AddressInfo;
  const link = await Link.open({ host: "127.0.0.1", port });
  opened.push(link);
  const connect = async () => {
    const client = await Client.connect(link.port);
    opened.push(client);
    return client;
  };
  return { link, connect, heard: () => heard };
}

class Client {
  received = "";
  end: "none" | "ended" | "reset" = "none";
  readonly #socket: net.Socket;
  #changed: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      this.received += text;
      this.#changed();
    });
    socket.on("error", () => undefined);
    socket.on("close", (failed) => {
      this.end = failed ? "reset" : "ended";
      this.#changed();
    });
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve) => {
      const socket = net.connect({ port, host: "127.0.0.1" });
      const client = new Client(socket);
      socket.once("connect", () => resolve(client));
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  hangUp(): void {
    this.#socket.end();
  }

  async until(holds: (client: Client) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  close(): void {
    this.#socket.destroy();
  }
}

it("passes everything both ways, and the end", async () => {
  const { link, connect } = await echoed();
  const client = await connect();
  const text = "x".repeat(3_000_000);
  client.send(text);
  await client.until(({ received }) => received.length === text.length);
  client.hangUp();
  await client.until(({ end }) => end === "ended");
  await expect.poll(() => link.connections).toBe(0);
});

it("swallows everything in a black hole, new connections too, and hands it over afterwards", async () => {
  const { link, connect } = await echoed();
  const before = await connect();
  before.send("1");
  await before.until(({ received }) => received === "1");
  link.set({ kind: "black_hole" });
  before.send("2");
  const during = await connect();
  during.send("3");
  // Something else has gone to and fro meanwhile, over a link of its own.
  const other = await (await echoed()).connect();
  other.send("x");
  await other.until(({ received }) => received === "x");
  expect([before.received, during.received]).toEqual(["1", ""]);
  link.set({ kind: "open" });
  await Promise.all([
    before.until(({ received }) => received === "12"),
    during.until(({ received }) => received === "3"),
  ]);
});

it("loses one direction alone", async () => {
  const { link, connect, heard } = await echoed();
  const client = await connect();
  link.set({ kind: "one_way", lost: "to_client" });
  client.send("back?");
  await expect.poll(heard).toBe(5);
  expect(client.received).toBe("");
  link.set({ kind: "one_way", lost: "to_server" });
  client.send(" not there");
  await client.until(({ received }) => received === "back?");
  link.set({ kind: "open" });
  await client.until(({ received }) => received === "back? not there");
});

it("tears down what is there and what comes", async () => {
  const { link, connect } = await echoed();
  const client = await connect();
  link.set({ kind: "reset" });
  await client.until(({ end }) => end === "reset");
  const late = net.connect({ port: link.port, host: "127.0.0.1" });
  await new Promise<void>((resolve) => {
    late.on("error", () => undefined);
    late.on("close", () => resolve());
  });
  link.set({ kind: "open" });
  const next = await connect();
  next.send("again");
  await next.until(({ received }) => received === "again");
});

it("keeps the order when the delay ends", async () => {
  const { link, connect } = await echoed();
  const client = await connect();
  link.set({ kind: "delay", delayMs: 200 });
  client.send("first ");
  await expect.poll(() => link.connections).toBe(1);
  link.set({ kind: "open" });
  client.send("second");
  await client.until(({ received }) => received === "first second");
});
