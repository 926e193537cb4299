import { onWire, ScriptedServer, threeWires, wireNames } from "@uci/adapters/providers/testing";
import type { LanguageModel } from "@uci/stream";
import type { BenchCase, Figures } from "./case.ts";

const tokens = 20_000;

/** Each adapter alone: from the bytes of a provider to the parts the worker takes. */
export const providers: BenchCase = {
  name: "providers",
  what: `reading an answer of ${tokens} tokens from a provider, each adapter alone; the server's own part is in all`,
  async open() {
    const server = await ScriptedServer.start({ answer: () => "token ".repeat(tokens) });
    const { model } = threeWires(server.baseUrl);
    return {
      sides: [
        ...wireNames.map((wire) => ({ name: wire, measure: () => read(model, onWire[wire]) })),
        { name: "the same bytes unread", measure: () => unread(server.baseUrl) },
      ],
      close: () => server.close(),
    };
  },
};

async function read(model: LanguageModel, chosen: { provider: string; model: string }): Promise<Figures> {
  const before = process.cpuUsage();
  const request = { ...chosen, messages: [{ role: "user" as const, content: "go" }], correlationId: "corr_bench" };
  let parts = 0;
  for await (const part of model.generate(request, new AbortController().signal)) if (part.type === "text") parts++;
  return figures(before, parts);
}

async function unread(baseUrl: string): Promise<Figures> {
  const before = process.cpuUsage();
  const answer = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer x" },
    body: JSON.stringify({ model: onWire.chat.model, stream: true, messages: [{ role: "user", content: "go" }] }),
  });
  for await (const _ of answer.body ?? []);
  return figures(before, tokens);
}

function figures(before: NodeJS.CpuUsage, parts: number): Figures {
  const { user, system } = process.cpuUsage(before);
  return { "CPU µs a token": (user + system) / tokens, "text parts": parts };
}
