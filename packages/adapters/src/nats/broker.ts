import { jetStreamNames } from "@uci/protocol";
import type { Journal, LiveChannel, OwnerRegister, SizedQueue, WorkQueue } from "@uci/stream";
import { ChunkTexts } from "./chunk-texts.ts";
import { connectFirst } from "./connecting.ts";
import { JetStream } from "./jetstream.ts";
import { NatsJournal } from "./journal.ts";
import { natsLimits as limits } from "./limits.ts";
import { type NatsEvents, NatsLink } from "./link.ts";
import { NatsLiveChannel } from "./live-channel.ts";
import { NatsOwnerRegister } from "./owner-register.ts";
import { inboxPrefixOf } from "./permissions.ts";
import { checkQueue, provision, rebuildQueue } from "./provision.ts";
import { type ReplicaChange, raiseReplicas } from "./replicas.ts";
import type { NatsSettings } from "./settings.ts";
import { streamInfo, streamSize } from "./streams.ts";
import { NatsWorkQueue, type QueueState } from "./work-queue.ts";

export type NatsBroker = {
  readonly journal: Journal;
  readonly owners: OwnerRegister;
  readonly queue: WorkQueue & SizedQueue;
  readonly live: LiveChannel;
  /** Whether there is a connection, as far as is known: a server that falls silent is noticed after six seconds. */
  readonly connected: boolean;
  readonly serverVersion: string;
  readonly subscriptions: number;
  /** Makes and checks streams and consumer; for workers. Throws `BrokerSetupError`. */
  provision(): Promise<void>;
  /** Gives streams with fewer copies than configured as many; for workers. Throws `BrokerSetupError`. */
  raiseReplicas(): Promise<readonly ReplicaChange[]>;
  /** Waits for the work queue and checks it; for pods. Throws `BrokerSetupError`. */
  check(): Promise<void>;
  /** Makes the work queue anew, empty, where it is beyond repair; false: it is not. For workers. */
  rebuildQueue(): Promise<boolean>;
  /** How much there is to do. Throws while the broker cannot say. */
  queueState(): Promise<QueueState>;
  /** How full each journal stream is, from 0 to 1, by partition. For workers; throws while the broker cannot say. */
  journalFill(): Promise<readonly number[]>;
  /** Answers that have an owner. Throws while the broker cannot say. */
  ownerCount(): Promise<number>;
  /** Sends what is under way and closes the connection, within two seconds. */
  close(): Promise<void>;
};

/** Connects to NATS, and again whenever the connection is lost. Throws `BrokerSetupError` when there is no first one. */
export async function connectNats(settings: NatsSettings, events: NatsEvents): Promise<NatsBroker> {
  const link = new NatsLink(await connectFirst(settings), inboxPrefixOf(settings.service), events);
  const jetStream = new JetStream(link, settings.service === "worker");
  const report = (error: unknown) => link.report(error);
  const texts = new ChunkTexts();
  const queue = new NatsWorkQueue(link, jetStream, settings.ackWaitMs ?? limits.ackWaitMs);
  const surroundings = {
    jetStream,
    settings,
    hasJetStream: () => link.hasJetStream,
    turnToAnother: () => link.turnToAnother(),
    nowMs: Date.now,
  };
  events.connected();
  return {
    journal: new NatsJournal(jetStream, settings.partitions, texts, report),
    owners: new NatsOwnerRegister(jetStream, report),
    queue,
    live: new NatsLiveChannel(link, texts),
    get connected() {
      return link.connected;
    },
    get serverVersion() {
      return link.serverVersion;
    },
    get subscriptions() {
      return link.subscriptions;
    },
    provision: () => provision(surroundings),
    raiseReplicas: () => raiseReplicas(jetStream, settings),
    check: () => checkQueue(surroundings),
    async rebuildQueue() {
      const rebuilt = await rebuildQueue(surroundings);
      if (rebuilt) link.report(new Error("nobody led the stream of the work queue; it was made anew"));
      return rebuilt;
    },
    queueState: () => queue.state(Date.now()),
    journalFill: () =>
      Promise.all(
        Array.from({ length: settings.partitions }, async (_, partition) => {
          const { bytes, mostBytes } = await streamSize(jetStream, jetStreamNames.journal(partition));
          return mostBytes > 0 ? bytes / mostBytes : 0;
        }),
      ),
    ownerCount: async () => (await streamInfo(jetStream, jetStreamNames.owners)).state.messages,
    close: () => link.close(),
  };
}
