import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { temporaryFolder } from "@uci/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SseReader } from "../apps/all-in-one/test/sse-reader.ts";
import { type Cluster, startCluster } from "../tools/cluster/index.ts";

const limitMs = 120_000;
const example = path.resolve(import.meta.dirname, "../examples/python-workflow/workflow.py");

type Body = {
  readonly message_id: string;
  readonly messages: readonly { readonly message_id: string; readonly content: string; readonly status: string }[];
};

/** TLS between all parts, no worker that takes jobs: a third party's workflow answers. */
describe("TLS, HTTP/2 and a third party's workflow", { timeout: limitMs }, () => {
  let cluster: Cluster;
  let workflow: ChildProcess;
  let client: http2.ClientHttp2Session;
  const said: string[] = [];

  beforeAll(async () => {
    const environment = { AUTH_MODE: "trusted", WORKER_SLOTS: "0" };
    cluster = await startCluster({ folder: temporaryFolder("tls"), pods: 3, workers: 1, tls: true, environment });
    workflow = startWorkflow(cluster, said);
    client = http2.connect(cluster.gatewayUrl, { ca: fs.readFileSync(cluster.authorityFile!) });
    client.on("error", () => undefined);
  }, limitMs);
  afterAll(async () => {
    client?.destroy();
    workflow?.kill("SIGKILL");
    await cluster?.stopAll();
  }, limitMs);

  function request(method: string, url: string, body?: unknown): http2.ClientHttp2Stream {
    const stream = client.request({
      ":method": method,
      ":path": url,
      "x-user-id": "ada",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    });
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    return stream;
  }

  async function json(method: string, url: string, body?: unknown): Promise<{ status: number; body: Body }> {
    const stream = request(method, url, body);
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    let text = "";
    stream.setEncoding("utf8");
    for await (const piece of stream) text += piece;
    return { status: Number(headers[":status"]), body: JSON.parse(text) };
  }

  async function streamOf(sessionId: string): Promise<SseReader> {
    const stream = request("GET", `/api/sse?session_id=${sessionId}`);
    const reader = new SseReader(stream as never);
    await reader.untilReady();
    return reader;
  }

  it("answers in order on every tab, stores once, and remembers the conversation", async () => {
    const readers = await Promise.all([streamOf("s1"), streamOf("s1"), streamOf("s1")]);
    expect(client.alpnProtocol).toBe("h2");
    for (const turn of [1, 2]) {
      const accepted = await json("POST", "/api/chat", { session_id: "s1", message: `hello ${turn}` });
      expect(accepted.status).toBe(202);
      const id = accepted.body.message_id;
      await Promise.all(readers.map((reader) => reader.untilPersisted(id)));
      const expected = `This is turn ${turn}, answered by a workflow written in Python. You said: hello ${turn}`;
      for (const reader of readers) {
        const chunks = reader.chunksOf(id);
        expect(chunks.map((chunk) => chunk.chunk).join("")).toBe(expected);
        expect(chunks.map(({ chunk_id }) => chunk_id)).toEqual(chunks.map((_chunk, index) => index));
        expect(chunks.at(-1)).toMatchObject({ is_final: true, metadata: { model: "python-example" } });
      }
      const { body } = await json("GET", "/api/sessions/s1/messages");
      expect(body.messages[0]).toMatchObject({ message_id: id, content: expected, status: "complete" });
    }
    for (const reader of readers) reader.close();
  });

  it("stops when asked", async () => {
    const reader = await streamOf("s2");
    const message = Array.from({ length: 400 }, (_none, index) => `word${index}`).join(" ");
    const { body } = await json("POST", "/api/chat", { session_id: "s2", message });
    await reader.untilChunks(body.message_id, 5);
    const stopped = await json("POST", `/api/messages/${body.message_id}/stop`, {});
    expect(stopped).toMatchObject({ status: 200, body: { status: "stopped" } });
    await reader.untilPersisted(body.message_id);
    const { body: page } = await json("GET", "/api/sessions/s2/messages");
    expect(page.messages[0]?.status).toBe("stopped");
    expect(page.messages[0]?.content).toBe(
      reader
        .chunksOf(body.message_id)
        .map((chunk) => chunk.chunk)
        .join(""),
    );
    reader.close();
  });
});

function once(stream: http2.ClientHttp2Stream, event: string): Promise<unknown[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
  stream.once(event, (...values: unknown[]) => resolve(values));
  stream.once("error", reject);
  return promise;
}

function startWorkflow(cluster: Cluster, said: string[]): ChildProcess {
  const url = fs.readFileSync(path.join(cluster.folder, "workflow-url"), "utf8").trim();
  const environment = { ...process.env, NATS_TLS_CA: cluster.authorityFile!, PYTHONUNBUFFERED: "1" };
  const child = spawn("python3", [example, url], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  for (const source of [child.stdout, child.stderr]) source.on("data", (piece) => said.push(String(piece)));
  return child;
}
