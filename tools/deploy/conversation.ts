import { setTimeout as sleep } from "node:timers/promises";

const answerWithinMs = 30_000;
const pollIntervalMs = 50;

/** Signs in as a guest at this address, asks something and returns the whole answer. Throws when there is none. */
export async function oneConversation(url: string): Promise<string> {
  const guest = await fetch(`${url}/api/auth/guest`, { method: "POST" });
  if (!guest.ok) throw new Error(`signing in as a guest: ${guest.status} ${await guest.text()}`);
  const cookie = guest.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const asked = await fetch(`${url}/api/chat`, {
    method: "POST",
    headers: { cookie, "content-type": "application/json", "idempotency-key": "one-conversation" },
    body: JSON.stringify({ message: "help" }),
  });
  if (!asked.ok) throw new Error(`asking: ${asked.status} ${await asked.text()}`);
  const { session_id: session } = (await asked.json()) as { session_id: string };
  for (const untilMs = Date.now() + answerWithinMs; Date.now() < untilMs; await sleep(pollIntervalMs)) {
    const history = await fetch(`${url}/api/sessions/${session}/messages?limit=10`, { headers: { cookie } });
    const { messages } = (await history.json()) as { messages: { role: string; status: string; content: string }[] };
    const answer = messages.find(({ role, status }) => role === "assistant" && status === "complete");
    if (answer !== undefined) return answer.content;
  }
  throw new Error(`no whole answer within ${answerWithinMs / 1_000} s`);
}
