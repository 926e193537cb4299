import { createProviders } from "@uci/adapters/providers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Fixture, type Instance } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;

beforeAll(async () => {
  fixture = await Fixture.start();
  const { baseUrl } = fixture.provider;
  const gone = { baseUrl: "http://127.0.0.1:1/v1", models: ["gone"] };
  const providers = createProviders({
    openaiCompatible: { baseUrl, models: ["scripted"] },
    anthropic: { apiKey: "key", ...gone },
  });
  instance = await fixture.instance({ providers });
});
afterAll(() => fixture.close());

async function jobOf(messageId: string): Promise<Record<string, unknown>> {
  const [row] = await instance.query(
    `select state, provider, model, error, prompt_tokens, completion_tokens, total_tokens,
       started_at between created_at - interval '1 second' and finished_at as in_time
     from workflow_jobs where message_id = $1`,
    [messageId],
  );
  return row!;
}

it("a job says who was asked, when, and what it took", async () => {
  const { message_id } = await instance
    .user("asker")
    .chat("Write 12 words", { ai_provider: "openai-compatible", model: "scripted" });
  await instance.settled();
  const job = await jobOf(message_id);
  const asked = { provider: "openai-compatible", model: "scripted" };
  expect(job).toMatchObject({ ...asked, state: "done", error: null, in_time: true });
  expect(Number(job.prompt_tokens)).toBeGreaterThan(0);
  expect(Number(job.completion_tokens)).toBeGreaterThan(0);
  expect(job.total_tokens).toBe(Number(job.prompt_tokens) + Number(job.completion_tokens));
});

it("a job that failed says why", async () => {
  const { message_id } = await instance.user("asker").chat("Hello", { ai_provider: "anthropic", model: "gone" });
  await instance.settled();
  const job = await jobOf(message_id);
  expect(job).toMatchObject({ state: "done", provider: "anthropic", model: "gone", error: "provider_unavailable" });
  expect(job.prompt_tokens).toBeNull();
});
