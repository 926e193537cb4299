import pg from "pg";

export type StoredAnswer = { readonly status: string; readonly content: string };
export type StoredCase = {
  readonly answers: ReadonlyMap<string, StoredAnswer>;
  /** Messages of people, by session. */
  readonly turns: ReadonlyMap<string, number>;
};

const attemptsMost = 20;
const attemptPauseMs = 500;

/** What the database holds of sessions whose ids begin with `prefix`. */
export async function readStored(url: string, prefix: string): Promise<StoredCase> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(url, prefix);
    } catch (error) {
      if (attempt === attemptsMost) throw error;
      await new Promise((resolve) => setTimeout(resolve, attemptPauseMs));
    }
  }
}

async function readOnce(url: string, prefix: string): Promise<StoredCase> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(
      "select message_id, session_id, role, status, content from messages where session_id like $1 || '-%'",
      [prefix],
    );
    const answers = new Map<string, StoredAnswer>();
    const turns = new Map<string, number>();
    for (const { message_id, session_id, role, status, content } of rows) {
      if (role === "assistant") answers.set(message_id, { status, content });
      else turns.set(session_id, (turns.get(session_id) ?? 0) + 1);
    }
    return { answers, turns };
  } finally {
    await client.end();
  }
}
