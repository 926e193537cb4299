import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveChannel } from "../src/index.ts";

/** What every live channel must do. `makeChannel` gives one without subscriptions; `settle` lets messages arrive. */
export function liveChannelConformance(
  name: string,
  makeChannel: () => Promise<{ live: LiveChannel; pass: (durationMs: number) => Promise<void> }>,
): void {
  describe(`live channel: ${name}`, () => {
    let live: LiveChannel;
    let pass: (durationMs: number) => Promise<void>;
    beforeEach(async () => {
      ({ live, pass } = await makeChannel());
    });

    it("L1 brings a message to every subscriber of its subject and to nobody else", async () => {
      const heard: string[] = [];
      await live.subscribe("chat.pod.a.response", (message) => heard.push(`first ${message}`));
      await live.subscribe("chat.pod.a.response", (message) => heard.push(`second ${message}`));
      await live.subscribe("chat.pod.b.response", () => heard.push("wrong"));
      live.publish("chat.pod.a.response", "hello");
      await vi.waitFor(() => expect(heard.sort()).toEqual(["first hello", "second hello"]));
    });

    it("L2 takes * for exactly one token", async () => {
      const heard: string[] = [];
      await live.subscribe("chat.session.*.broadcast", (_message, subject) => heard.push(subject));
      live.publish("chat.session.s1.broadcast", 1);
      live.publish("chat.session.s1.x.broadcast", 1);
      live.publish("chat.session.broadcast", 1);
      live.publish("chat.session.s2.broadcast", 1);
      await vi.waitFor(() => expect(heard).toEqual(["chat.session.s1.broadcast", "chat.session.s2.broadcast"]));
    });

    it("L3 hears nothing after a subscription was closed", async () => {
      const heard: unknown[] = [];
      const subscription = await live.subscribe("chat.pod.a.response", (message) => heard.push(message));
      const others: unknown[] = [];
      await live.subscribe("chat.pod.a.response", (message) => others.push(message));
      subscription.close();
      live.publish("chat.pod.a.response", 1);
      await vi.waitFor(() => expect(others).toEqual([1]));
      expect(heard).toEqual([]);
    });

    it("L4 answers a request", async () => {
      await live.subscribe("chat.message.m.read", (message, _subject, reply) => reply?.({ echo: message }));
      const outcome = await live.request("chat.message.m.read", { from: 1 }, 1_000);
      expect(outcome).toEqual({ kind: "reply", message: { echo: { from: 1 } } });
    });

    it("L5 says at once that nobody listens", async () => {
      expect(await live.request("chat.message.nobody.read", {}, 60_000)).toEqual({ kind: "no_responders" });
    });

    it("L6 gives up on a listener that stays silent", async () => {
      await live.subscribe("chat.message.m.stop", () => undefined);
      const outcome = live.request("chat.message.m.stop", {}, 50);
      await pass(100);
      expect(await outcome).toEqual({ kind: "timeout" });
    });

    it("L7 keeps the order of one sender to one subject", async () => {
      const heard: unknown[] = [];
      await live.subscribe("chat.pod.a.response", (message) => heard.push(message));
      for (let number = 0; number < 200; number++) live.publish("chat.pod.a.response", number);
      await vi.waitFor(() => expect(heard).toEqual(Array.from({ length: 200 }, (_, number) => number)));
    });
  });
}
