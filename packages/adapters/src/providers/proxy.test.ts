import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { useProxy } from "./proxy.ts";
import { collectAnswer } from "./testing/collect-answer.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";
import { onWire, threeWires, wireNames } from "./testing/three-wires.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A proxy as companies have: it opens a way to the host that is asked for, here always to `target`. */
async function proxyTo(target: number): Promise<{ address: string; asked: string[]; secrets: (string | undefined)[] }> {
  const asked: string[] = [];
  const secrets: (string | undefined)[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer().on("connect", (request, socket: net.Socket) => {
    asked.push(request.url ?? "");
    secrets.push(request.headers["proxy-authorization"]);
    const beyond = net.connect(target, "127.0.0.1", () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    for (const end of [socket, beyond]) sockets.add(end.on("error", () => end.destroy()));
    socket.pipe(beyond).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `http://ann:secret@127.0.0.1:${(server.address() as AddressInfo).port}`, asked, secrets };
}

describe("calls of providers", () => {
  it("go through the proxy that is named, streams included, but to this machine and to hosts that are excepted", async () => {
    const server = await ScriptedServer.start({ models: ["scripted"] });
    closing.push(() => server.close());
    const { port } = new URL(server.origin);
    const proxy = await proxyTo(Number(port));
    closing.push(
      useProxy({ HTTP_PROXY: proxy.address, HTTPS_PROXY: proxy.address, NO_PROXY: "direct.invalid,.inside.invalid" }),
    );
    const models = async (origin: string) => (await fetch(`${origin}/v1/models`)).json();
    expect(await models("http://models.invalid")).toEqual(await models(server.origin));
    expect(proxy.asked).toEqual(["models.invalid:80"]);
    expect(proxy.secrets).toEqual([`Basic ${Buffer.from("ann:secret").toString("base64")}`]);
    await expect(models("http://direct.invalid")).rejects.toThrow();
    await expect(models("http://a.inside.invalid")).rejects.toThrow();
    expect(proxy.asked).toHaveLength(1);
    // The far end speaks no TLS; what matters is where it was asked for.
    await expect(models("https://models.invalid")).rejects.toThrow();
    expect(proxy.asked).toEqual(["models.invalid:80", "models.invalid:443"]);
  });

  it.each(wireNames)("of the wire %s stream a whole answer through it", async (wire) => {
    const server = await ScriptedServer.start();
    closing.push(() => server.close());
    const straight = { ...onWire[wire], messages: [{ role: "user" as const, content: "50 words" }] };
    const expected = await collectAnswer(threeWires(server.baseUrl).model, straight, new AbortController().signal);
    const proxy = await proxyTo(Number(new URL(server.origin).port));
    closing.push(useProxy({ HTTP_PROXY: proxy.address }));
    const { model } = threeWires("http://models.invalid/v1");
    const answer = await collectAnswer(model, straight, new AbortController().signal);
    expect(answer).toMatchObject({ text: expected.text, error: null });
    expect(new Set(proxy.asked)).toEqual(new Set(["models.invalid:80"]));
  });

  it("go straight where no proxy is named", async () => {
    closing.push(useProxy({ NO_PROXY: "x" }));
    await expect(fetch("http://models.invalid/")).rejects.toThrow();
  });
});
