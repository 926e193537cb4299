import http from "node:http";
import pg from "pg";
import { BenchWorld } from "../load/world.ts";
import { type BenchCase, type Figures, percentile } from "./case.ts";

const user = "bench-history";
const session = "bench-long";
const sessions = 10_000;
const messages = 1_000_000;
const longMessages = 10_000;
const reads = 300;
/** Before them and not counted: a server in use has compiled what it runs. */
const warmUpReads = 100;
/** Each message has these and one word of its own; of the numbered ones, every thousandth message has the same. */
const vocabulary = ["harbour", "window", "garden", "winter", "engine", "letter", "mountain", "bridge"];

type Query = { readonly path: string; readonly sql: string; readonly values: readonly unknown[] };

const queries: Readonly<Record<string, Query>> = {
  "open 10,000 messages": {
    path: `/api/sessions/${session}/messages?limit=50`,
    sql: "select * from messages where session_id = $1 order by created_at desc, message_id desc limit 51",
    values: [session],
  },
  "list 10,000 sessions": {
    path: "/api/sessions?limit=50",
    sql: `select * from chat_sessions where user_id = $1 and archived = false and temporary = false
      order by updated_at desc, session_id desc limit 51`,
    values: [user],
  },
  "search a rare word": {
    path: "/api/search?q=rare500&limit=20",
    sql: `select e.*, m.content from search_entries e join messages m using (message_id)
      where e.user_id = $1 and e.words @@ $2::tsquery order by e.created_at desc limit 21`,
    values: [user, "'rare500':*"],
  },
  "search a common word": {
    path: "/api/search?q=harbour&limit=20",
    sql: `select e.*, m.content from search_entries e join messages m using (message_id)
      where e.user_id = $1 and e.words @@ $2::tsquery order by e.created_at desc limit 21`,
    values: [user, "'harbour':*"],
  },
};

export const history: BenchCase = {
  name: "history",
  what: `reading what lasts: ${sessions} sessions with ${messages} messages of one person, over HTTP and as plain SQL`,
  rounds: 1,
  async open() {
    const world = await BenchWorld.start();
    const client = new pg.Client({ connectionString: world.cluster.environment.DATABASE_URL });
    await client.connect();
    await fill(world, client);
    return {
      sides: [
        { name: "through the pod", measure: () => timed((query) => overHttp(world, query)) },
        { name: "plain SQL", measure: () => timed((query) => client.query(query.sql, [...query.values])) },
      ],
      async close() {
        agent.destroy();
        await client.end();
        await world.close();
      },
    };
  },
};

/** One connection, as a page has, and no more of a client than is needed: its time is counted to the pod's. */
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function overHttp(world: BenchWorld, { path }: Query): Promise<void> {
  return new Promise((resolve, reject) => {
    const take = (answer: http.IncomingMessage) => {
      if (answer.statusCode !== 200) reject(new Error(`${path}: ${answer.statusCode}`));
      answer.on("end", resolve).on("error", reject).resume();
    };
    http.get(new URL(path, world.podAddress), { agent, headers: { "x-user-id": user } }, take).on("error", reject);
  });
}

async function timed(read: (query: Query) => Promise<unknown>): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const [name, query] of Object.entries(queries)) {
    for (let index = 0; index < warmUpReads; index++) await read(query);
    const times: number[] = [];
    for (let index = 0; index < reads; index++) {
      const startedMs = performance.now();
      await read(query);
      times.push(performance.now() - startedMs);
    }
    figures[`${name}, p50 ms`] = percentile(times, 0.5);
    figures[`${name}, p99 ms`] = percentile(times, 0.99);
  }
  return figures;
}

/** Everything through SQL; a million messages posted one by one would take hours. */
async function fill(world: BenchWorld, client: pg.Client): Promise<void> {
  const made = await fetch(new URL("/api/sessions", world.podAddress), {
    method: "POST",
    headers: { "content-type": "application/json", "x-user-id": user },
    body: JSON.stringify({ session_id: session }),
  });
  if (!made.ok) throw new Error(`no session: ${await made.text()}`);
  const words = vocabulary.map((word) => `'${word}'`).join(",");
  await client.query("set synchronous_commit = off");
  await client.query(
    `insert into chat_sessions (session_id, user_id, title, updated_at, search_due)
     select 'h' || n, $1, 'Session ' || n, now() - n * interval '1 minute', false from generate_series(1, ${sessions}) n`,
    [user],
  );
  await client.query("update chat_sessions set search_due = false");
  await client.query(
    `insert into messages (message_id, session_id, role, status, content, created_at)
     select 'h' || n, case when n <= ${longMessages} then '${session}' else 'h' || (1 + n % ${sessions}) end, 'user', 'complete',
       'The ' || (array[${words}])[1 + n % ${vocabulary.length}] || ' and rare' || n % 1000 || ', number ' || n,
       now() - n * interval '1 second' from generate_series(1, ${messages}) n`,
  );
  await client.query(
    `insert into search_entries (session_id, entry_id, user_id, message_id, words, created_at)
     select session_id, message_id, $1, message_id,
       array_to_tsvector(regexp_split_to_array(lower(regexp_replace(content, '[^A-Za-z0-9 ]', '', 'g')), ' ')), created_at
     from messages`,
    [user],
  );
  await client.query("vacuum analyze messages, search_entries, chat_sessions");
}
