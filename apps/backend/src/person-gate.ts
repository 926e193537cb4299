import { RegisteredError } from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import type { Identifier, Identity } from "./identity.ts";

/** How many requests of one person are worked on at once, and how many wait for their turn. */
export type GateLimits = {
  readonly atOnce: number;
  readonly waiting: number;
  /** How long a request waits for its turn, in milliseconds; absent: as usual. */
  readonly waitMs?: number;
  /** What it is refused with; absent: that this person has too much under way. */
  readonly refusal?: "overloaded";
};

/** Fewer at once than a pod has connections to the database. */
const anyRequests: GateLimits = { atOnce: 6, waiting: 250 };
/** How long a request waits for its turn, and after which time whoever is refused may come again. */
const waitLimitMs = 20_000;
const retryAfterMs = 2_000;

type Person = { working: number; readonly waiting: (() => void)[] };

/**
 * A bulkhead between people: a pod works on a few requests of each at once, the others of the same person wait in line
 * behind them, and past the line that person is refused. Nobody takes all connections to the database.
 */
export class PersonGate {
  readonly #people = new Map<string, Person>();
  readonly #limits: GateLimits;

  constructor(limits: GateLimits = anyRequests) {
    this.#limits = limits;
  }

  /** Runs the task when it is this person's turn. Throws `too_many_requests`, or what the task throws. */
  async run<Result>(userId: string, task: () => Promise<Result>): Promise<Result> {
    const leave = await this.enter(userId);
    try {
      return await task();
    } finally {
      leave();
    }
  }

  /** Resolves when it is this person's turn; what it gives ends the turn. Throws `too_many_requests`. */
  async enter(userId: string): Promise<() => void> {
    const person = this.#people.get(userId) ?? { working: 0, waiting: [] };
    this.#people.set(userId, person);
    if (person.working < this.#limits.atOnce) person.working++;
    else await inLine(person, this.#limits);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const next = person.waiting.shift();
      if (next !== undefined) return next();
      person.working--;
      if (person.working === 0) this.#people.delete(userId);
    };
  }
}

/** Resolves when a turn is handed on. */
function inLine({ waiting }: Person, limits: GateLimits): Promise<void> {
  const { waiting: most, waitMs = waitLimitMs, refusal: code = "too_many_requests" } = limits;
  const refusal = () => new RegisteredError(code, undefined, retryAfterMs);
  if (waiting.length >= most) throw refusal();
  return new Promise((resolve, reject) => {
    const take = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(take), 1);
      reject(refusal());
    }, waitMs);
    waiting.push(take);
  });
}

/** Routes whose response goes on for long: they have limits of their own, and must not use up a person's turns. */
const longRoutes = new Set(["/api/sse", "/sse", "/api/export", "/api/sessions/:id/export"]);

/** Whoever is known waits for a turn, which lasts until the request is answered. */
export class GatedIdentifier implements Identifier {
  readonly #identifier: Identifier;
  readonly #gate = new PersonGate();
  readonly #turns = new WeakMap<FastifyRequest, Promise<() => void>>();

  constructor(identifier: Identifier) {
    this.#identifier = identifier;
  }

  /** A body that is still to come takes no turn. */
  admit(request: FastifyRequest): Promise<string | null> {
    return this.#identifier.admit(request);
  }

  async identify(request: FastifyRequest, claimed: string | undefined): Promise<Identity | null> {
    const identity = await this.#identifier.identify(request, claimed);
    if (identity === null || longRoutes.has(request.routeOptions.url ?? "")) return identity;
    const turn = this.#turns.get(request) ?? this.#gate.enter(identity.userId);
    this.#turns.set(request, turn);
    await turn;
    return identity;
  }

  /** The request has its answer; also when whoever asked has gone away, since what he began goes on until then. */
  answered(request: FastifyRequest): void {
    const turn = this.#turns.get(request);
    this.#turns.delete(request);
    void turn?.then(
      (leave) => leave(),
      () => undefined,
    );
  }
}
