import { subjects, type UserEvent } from "@uci/protocol";
import { streamLimits } from "./limits.ts";
import type { Clock, LiveChannel, Subscription } from "./ports.ts";
import type { ReaderConnection } from "./reader-connection.ts";
import { userToken } from "./text.ts";
import { sleep } from "./waiting.ts";

type HeldUser = { readonly connections: Set<ReaderConnection>; readonly subscription: Promise<Subscription> };

/** News of users, one subscription a user, passed on to all connections of theirs on this pod. */
export class UserEvents {
  readonly #live: LiveChannel;
  readonly #clock: Clock;
  readonly #heard: (event: UserEvent, userId: string) => void;
  readonly #users = new Map<string, HeldUser>();

  /** `heard` is told of every event once, after the connections have it. */
  constructor(live: LiveChannel, clock: Clock, heard: (event: UserEvent, userId: string) => void) {
    this.#live = live;
    this.#clock = clock;
    this.#heard = heard;
  }

  /**
   * Resolves when the connection's user is listened to, or after a while without that: a broker that is away must not
   * keep a reader from what the database has. The subscription comes into force by itself when the broker is back.
   */
  async add(connection: ReaderConnection): Promise<void> {
    const { userId } = connection;
    let held = this.#users.get(userId);
    if (held === undefined) {
      const subscription = this.#live.subscribe(subjects.userEvent(userToken(userId)), (message) =>
        this.#pass(userId, message as UserEvent),
      );
      held = { connections: new Set(), subscription };
      this.#users.set(userId, held);
    }
    held.connections.add(connection);
    await Promise.race([held.subscription, sleep(this.#clock, streamLimits.userEventsMs)]);
  }

  remove(connection: ReaderConnection): void {
    const held = this.#users.get(connection.userId);
    held?.connections.delete(connection);
    if (held?.connections.size !== 0) return;
    this.#users.delete(connection.userId);
    void held.subscription.then((subscription) => subscription.close());
  }

  async stop(): Promise<void> {
    for (const { subscription } of this.#users.values()) (await subscription).close();
  }

  #pass(userId: string, event: UserEvent): void {
    for (const connection of this.#users.get(userId)?.connections ?? []) connection.sink.send(event, null);
    this.#heard(event, userId);
  }
}
