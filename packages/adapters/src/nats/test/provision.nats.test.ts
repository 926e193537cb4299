import path from "node:path";
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { accepts, freePort, ServiceProcess, temporaryFolder } from "@uci/services";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { connectFirst } from "../connecting.ts";
import { BrokerSetupError, type NatsSettings } from "../index.ts";
import { JetStream } from "../jetstream.ts";
import { NatsLink } from "../link.ts";
import { checkQueue, provision } from "../provision.ts";
import { openAdministration, openBroker, removeStreams, settingsOf, startServer } from "./broker.ts";

const minuteNs = 60 * 1_000_000_000;
const mebibyte = 1024 * 1024;
const journal = {
  name: "JOURNAL_0",
  subjects: ["chat.journal.0.*"],
  discard: DiscardPolicy.New,
  duplicate_window: 2 * minuteNs,
  max_bytes: 64 * mebibyte,
  max_age: 72 * 60 * minuteNs,
};
const requests = {
  name: "WORKFLOW_REQUESTS",
  subjects: ["chat.workflow.execute.*"],
  retention: RetentionPolicy.Workqueue,
  discard: DiscardPolicy.New,
  duplicate_window: 2 * minuteNs,
};

const ignored = { connected: () => undefined, disconnected: () => undefined, error: () => undefined };

describe("setting up NATS", () => {
  let server: ServiceProcess;
  let administration: JetStreamManager;
  beforeAll(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    await removeStreams([server]);
    administration = await openAdministration([server]);
  });

  async function provisioned(settings: Partial<NatsSettings> = {}) {
    const { broker } = await openBroker(settingsOf([server], { setUpWithinMs: 500, ...settings }));
    await broker.provision();
    return broker;
  }

  it("makes all that is missing, several workers at once, and again", async () => {
    const brokers = await Promise.all(Array.from({ length: 5 }, () => provisioned({ partitions: 1 })));
    await brokers[0]!.provision();
    const { config } = await administration.streams.info("JOURNAL_0");
    expect(config).toMatchObject({ ...journal, retention: "limits", storage: "file", num_replicas: 1 });
    expect((await administration.streams.info("OWNERS")).config).toMatchObject({
      subjects: ["chat.owner.*"],
      discard: "new",
      max_msgs_per_subject: 1,
    });
    expect((await administration.streams.info("WORKFLOW_REQUESTS")).config).toMatchObject(requests);
    const consumer = await administration.consumers.info("WORKFLOW_REQUESTS", "workflow-processor");
    expect(consumer.config).toMatchObject({ ack_policy: "explicit", ack_wait: minuteNs / 3, max_deliver: -1 });
    expect(await brokers[0]!.ownerCount()).toBe(0);
    expect(brokers[0]!.serverVersion).toMatch(/^2\./);
  });

  const faults: readonly [string, Partial<StreamConfig> & { name: string }, RegExp][] = [
    ["discards old entries", { ...journal, discard: DiscardPolicy.Old }, /JOURNAL_0 discards old entries/],
    ["forgets identities early", { ...journal, duplicate_window: minuteNs }, /less than 2 minutes/],
    ["drops all but the last entries of a subject", { ...journal, max_msgs_per_subject: 3 }, /drops older ones/],
    ["is in memory", { ...journal, storage: StorageType.Memory }, /would not outlive its server/],
    ["does not acknowledge", { ...journal, no_ack: true }, /does not acknowledge/],
    [
      "takes other subjects",
      { ...journal, subjects: ["chat.journal.>"] },
      /must take the subject chat\.journal\.0\.\*/,
    ],
    ["is no work queue", { ...requests, retention: RetentionPolicy.Limits }, /retention limits where workqueue/],
  ];
  for (const [name, stream, sentence] of faults) {
    it(`refuses a stream that ${name}`, async () => {
      await administration.streams.add(stream);
      const refusal = await provisioned().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(BrokerSetupError);
      expect((refusal as Error).message).toMatch(sentence);
    });
  }

  it("refuses fewer copies than configured, and says what NATS says to more than it has servers", async () => {
    await expect(provisioned({ replicas: 3 })).rejects.toThrow(/refuses to make the stream JOURNAL_0/);
    await provisioned();
    await expect(provisioned({ replicas: 3 })).rejects.toThrow(/1 where NATS_REPLICAS is 3/);
  });

  const consumers = [
    ["waits for another time", { ack_policy: AckPolicy.Explicit, ack_wait: minuteNs }, /waits 60 s .* 20 s/],
    ["pushes", { ack_policy: AckPolicy.Explicit, deliver_subject: "somewhere" }, /pushes its jobs/],
    ["gives up", { ack_policy: AckPolicy.Explicit, ack_wait: minuteNs / 3, max_deliver: 5 }, /after 5 deliveries/],
  ] as const;
  for (const [name, config, sentence] of consumers) {
    it(`refuses a consumer that ${name}`, async () => {
      await administration.streams.add(requests);
      await administration.consumers.add(requests.name, { durable_name: "workflow-processor", ...config });
      await expect(provisioned()).rejects.toThrow(sentence);
    });
  }

  it("refuses a server whose clock is far off, and leaves nothing behind", async () => {
    const settings = settingsOf([server]);
    const link = new NatsLink(await connectFirst(settings), "_INBOX_worker", ignored);
    onTestFinished(() => link.close());
    const nowMs = () => Date.now() + 60_000;
    const jetStream = new JetStream(link, false);
    const surroundings = { jetStream, settings, hasJetStream: () => true, turnToAnother: () => undefined, nowMs };
    await expect(provision(surroundings)).rejects.toThrow(/The clock of the NATS server is 60 s behind/);
    expect((await administration.streams.info("OWNERS")).state.messages).toBe(0);
  });

  it("raises limits, and lowers them where there is room", async () => {
    const size = async () => (await administration.streams.info("JOURNAL_0")).config.max_bytes;
    await administration.streams.add({ ...journal, max_age: 60 * minuteNs });
    await provisioned({ journalBytes: 128 * mebibyte });
    expect(await size()).toBe(128 * mebibyte);
    expect((await administration.streams.info("JOURNAL_0")).config.max_age).toBe(72 * 60 * minuteNs);
    await provisioned({ journalBytes: 32 * mebibyte });
    expect(await size()).toBe(32 * mebibyte);
  });

  it("lets a pod wait for the queue, and tells it when it does not come or is none", async () => {
    const { broker: pod } = await openBroker(settingsOf([server], { service: "pod", setUpWithinMs: 10_000 }));
    const waiting = pod.check();
    await provisioned();
    await waiting;
    await removeStreams([server]);
    const { broker: hasty } = await openBroker(settingsOf([server], { service: "pod", setUpWithinMs: 300 }));
    await expect(hasty.check()).rejects.toThrow(/WORKFLOW_REQUESTS did not appear within 0.3 s/);
    await administration.streams.add({ ...requests, retention: RetentionPolicy.Limits });
    await expect(hasty.check()).rejects.toThrow(/retention limits where workqueue is needed/);
  });

  it("asks another server where one says that there is no queue", async () => {
    const both = [server, await startServer()];
    const settings = settingsOf(both, { service: "pod", setUpWithinMs: 30_000 });
    const connection = await connectFirst(settings);
    const link = new NatsLink(connection, "_INBOX_pod", ignored);
    onTestFinished(() => link.close());
    const jetStream = new JetStream(link, false);
    const turnToAnother = () => link.turnToAnother();
    const surroundings = { jetStream, settings, hasJetStream: () => true, turnToAnother, nowMs: Date.now };
    // The one that it is not connected to has the streams.
    const isAsked = ({ command }: ServiceProcess) => connection.getServer().endsWith(`:${command.port}`);
    const { broker } = await openBroker(settingsOf(both.filter((one) => !isAsked(one))));
    await broker.provision();
    await checkQueue(surroundings);
    expect(both.filter(isAsked)).toHaveLength(1);
  }, 60_000);

  it("names the setting when the password is wrong", async () => {
    const connecting = openBroker(settingsOf([server], { password: "guessed", reachWithinMs: 60_000 }));
    await expect(connecting).rejects.toThrow(/NATS refuses the user "worker".*NATS_PASSWORD/);
  });
});

describe("NATS that cannot be used", () => {
  it("is named with its address when it is not there", async () => {
    const port = await freePort();
    const settings = { ...settingsOf([]), servers: [`127.0.0.1:${port}`], reachWithinMs: 300 };
    await expect(openBroker(settings)).rejects.toThrow(
      new RegExp(`NATS cannot be reached at 127.0.0.1:${port} within`),
    );
  });

  it("is told from one that is there when JetStream is off, for all or for this account", async () => {
    const port = await freePort();
    const folder = temporaryFolder("nats");
    const logFile = path.join(folder, "nats.log");
    const flags = ["--addr", "127.0.0.1", "--port", String(port)];
    const plain = new ServiceProcess(
      { name: "nats", file: "nats-server", arguments: flags, folder, logFile, host: "127.0.0.1", port },
      () => accepts("127.0.0.1", port),
    );
    onTestFinished(() => plain.stop());
    await plain.start();
    const account = 'accounts { OTHER { users: [{ user: "worker", password: "of-worker" }] } }';
    for (const server of [plain, await startServer({ configuration: account })]) {
      const { broker } = await openBroker(settingsOf([server]));
      await expect(broker.provision()).rejects.toThrow(/JetStream is not enabled/);
    }
  });
});
