import net from "node:net";

/**
 * What a link does with the bytes. `black_hole`: nothing passes and nobody is told, new connections included; what was
 * under way arrives when it ends, as TCP would send it again. `one_way`: the same for one direction. `reset`: every
 * connection is torn down, new ones at once. `delay`: each piece comes so much later.
 */
export type LinkState =
  | { readonly kind: "open" | "black_hole" | "reset" }
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "one_way"; readonly lost: Direction };

export type Direction = "to_server" | "to_client";

const open: LinkState = { kind: "open" };
const listenBacklog = 1024;

/** One direction of one connection: everything in order, nothing before it is due, nothing while it is held back. */
class Lane {
  readonly #link: Link;
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #direction: Direction;
  readonly #waiting: { readonly act: () => void; readonly dueMs: number }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(link: Link, from: net.Socket, to: net.Socket, direction: Direction, closed: () => void) {
    this.#link = link;
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    from.on("data", (bytes) => this.#pass(() => to.writable && to.write(bytes)));
    from.on("end", () => this.#pass(() => to.end()));
    from.on("close", (failed) =>
      this.#pass(() => {
        if (failed) to.destroy();
        else to.end();
        closed();
      }),
    );
    to.on("drain", () => this.flush());
    this.flush();
  }

  /** Passes on what may pass now. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#waiting.length > 0 && !this.#link.holds(this.#direction)) {
      const waitMs = this.#waiting[0]!.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flush(), waitMs);
        break;
      }
      this.#waiting.shift()!.act();
    }
    if (this.#link.holds(this.#direction) || this.#to.writableNeedDrain) this.#from.pause();
    else this.#from.resume();
  }

  #pass(act: () => void): void {
    const { state } = this.#link;
    this.#waiting.push({ act, dueMs: performance.now() + (state.kind === "delay" ? state.delayMs : 0) });
    this.flush();
  }
}

/** One connection from client to server. */
class Wire {
  readonly #client: net.Socket;
  readonly #link: Link;
  #server: net.Socket | null = null;
  #lanes: readonly Lane[] = [];

  constructor(client: net.Socket, link: Link) {
    this.#client = client;
    this.#link = link;
    client.on("error", () => undefined);
    client.pause();
  }

  /** Connects unless the wish to would be lost on the way; else goes on with what was held back. */
  release(host: string, port: number): void {
    if (this.#server === null && !this.#link.holds("to_server")) this.#connect(host, port);
    for (const lane of this.#lanes) lane.flush();
  }

  destroy(): void {
    for (const socket of [this.#client, this.#server]) {
      if (socket === null) continue;
      socket.removeAllListeners("close");
      if (socket.readyState === "open") socket.resetAndDestroy();
      else socket.destroy();
    }
    this.#link.forget(this);
  }

  #connect(host: string, port: number): void {
    const server = net.connect({ host, port, noDelay: true, allowHalfOpen: true });
    server.on("error", () => undefined);
    this.#server = server;
    const closed = () => {
      if (server.destroyed && this.#client.destroyed) this.#link.forget(this);
    };
    this.#lanes = [
      new Lane(this.#link, this.#client, server, "to_server", closed),
      new Lane(this.#link, server, this.#client, "to_client", closed),
    ];
  }
}

/** A TCP proxy in front of one server whose weather can be changed: for trying what a broken network does. */
export class Link {
  readonly port: number;
  readonly #server: net.Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #wires = new Set<Wire>();
  #state: LinkState = open;

  private constructor(server: net.Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as net.AddressInfo).port;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens on the same host, on `port` or any free one. */
  static async open(target: { host: string; port: number }, port = 0): Promise<Link> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: target.host, port, backlog: listenBacklog }, resolve);
    });
    return new Link(server, target);
  }

  get state(): LinkState {
    return this.#state;
  }

  get connections(): number {
    return this.#wires.size;
  }

  set(state: LinkState): void {
    this.#state = state;
    const { host, port } = this.#target;
    for (const wire of [...this.#wires]) {
      if (state.kind === "reset") wire.destroy();
      else wire.release(host, port);
    }
  }

  holds(direction: Direction): boolean {
    const state = this.#state;
    return state.kind === "black_hole" || (state.kind === "one_way" && state.lost === direction);
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire);
  }

  async close(): Promise<void> {
    for (const wire of [...this.#wires]) wire.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: net.Socket): void {
    if (this.#state.kind === "reset") {
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const wire = new Wire(socket, this);
    this.#wires.add(wire);
    wire.release(this.#target.host, this.#target.port);
  }
}
