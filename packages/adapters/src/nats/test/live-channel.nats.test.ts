import type { ServiceProcess } from "@uci/services";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openBroker, openClient, settingsOf, startServer } from "./broker.ts";

describe("live messages over NATS", () => {
  let server: ServiceProcess;
  beforeAll(async () => {
    server = await startServer();
  });

  it("drops what is not JSON, outlives a handler that throws, and reports both", async () => {
    const { broker, news } = await openBroker(settingsOf([server], { service: "pod" }));
    const client = await openClient([server]);
    const heard: unknown[] = [];
    await broker.live.subscribe("chat.pod.p.response", (message) => {
      if (message === "bad") throw new Error("handler failed");
      heard.push(message);
    });
    for (const text of ["{secret", '"bad"', '"good"']) client.publish("chat.pod.p.response", text);
    await vi.waitFor(() => expect(heard).toEqual(["good"]));
    expect(news.errors.map(String)).toEqual([
      "Error: a message on chat.pod.p.response is not JSON",
      "Error: handler failed",
    ]);
  });

  it("reports a message that is too large and sends the next", async () => {
    const { broker: pod } = await openBroker(settingsOf([server], { service: "pod" }));
    const { broker: worker, news } = await openBroker(settingsOf([server]));
    const heard: unknown[] = [];
    await pod.live.subscribe("chat.pod.p.response", (message) => heard.push(message));
    worker.live.publish("chat.pod.p.response", "x".repeat(1024 * 1024));
    worker.live.publish("chat.pod.p.response", "next");
    await vi.waitFor(() => expect(heard).toEqual(["next"]));
    expect(String(news.errors[0])).toMatch(/a message to chat\.pod\.p\.response was not sent: .*max_payload/);
  });

  it("takes an answer that is not JSON for none", async () => {
    const { broker, news } = await openBroker(settingsOf([server], { service: "pod" }));
    const client = await openClient([server]);
    client.subscribe("chat.message.m.read", { callback: (_error, message) => void message.respond("{") });
    await client.flush();
    expect(await broker.live.request("chat.message.m.read", {}, 60_000)).toEqual({ kind: "timeout" });
    expect(news.errors).toHaveLength(1);
  });

  it("refuses a subscription it has no right to", async () => {
    const { broker } = await openBroker(settingsOf([server], { service: "pod" }));
    await expect(broker.live.subscribe("chat.worker.*.heartbeat", () => undefined)).rejects.toThrow(/Permissions/);
  });
});
