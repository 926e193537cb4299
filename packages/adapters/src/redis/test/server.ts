import path from "node:path";
import { type RedisServerOptions, type ServiceProcess, startRedisServer, temporaryFolder } from "@uci/services";
import { afterAll, afterEach } from "vitest";
import { RedisLink } from "../link.ts";

const servers: ServiceProcess[] = [];
const links: RedisLink[] = [];

afterEach(() => {
  for (const link of links.splice(0)) link.close();
});
afterAll(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** A redis-server of the test file's own, stopped after its tests. */
export async function startServer(options: Partial<RedisServerOptions> = {}): Promise<ServiceProcess> {
  const server = await startRedisServer({ folder: path.join(temporaryFolder("redis"), "data"), ...options });
  servers.push(server);
  return server;
}

export function urlOf(server: ServiceProcess, scheme = "redis", password?: string): string {
  const { host, port } = server.command;
  return `${scheme}://${password === undefined ? "" : `:${encodeURIComponent(password)}@`}${host}:${port}`;
}

export type LinkNews = { readonly errors: Error[]; readonly changes: ("connected" | "disconnected")[] };

/** A connection that is closed after the test, and what it told. */
export async function openLink(
  url: string,
  settings: { readonly tlsCaFile?: string } = {},
): Promise<{ link: RedisLink; news: LinkNews }> {
  const news: LinkNews = { errors: [], changes: [] };
  const events = {
    connected: () => news.changes.push("connected"),
    disconnected: () => news.changes.push("disconnected"),
    error: (error: Error) => news.errors.push(error),
  };
  const link = new RedisLink({ url, ...settings, events });
  links.push(link);
  await link.connect();
  return { link, news };
}
