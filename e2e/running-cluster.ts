import { temporaryFolder } from "@uci/services";
import pg from "pg";
import type { Browser } from "playwright-core";
import { type Cluster, startCluster } from "../tools/cluster/index.ts";
import { startBrowser } from "./browser.ts";

/** The whole system as separate processes behind nginx, and a browser to look at it. */
export class RunningCluster {
  readonly browser: Browser;
  readonly #cluster: Cluster;

  private constructor(browser: Browser, cluster: Cluster) {
    this.browser = browser;
    this.#cluster = cluster;
  }

  static async start(): Promise<RunningCluster> {
    const environment = { OFFLINE_WORDS_PER_SECOND: "40", DRAIN_SECONDS: "1", GRACE_SECONDS: "0" };
    const cluster = await startCluster({ folder: temporaryFolder("page"), pods: 3, workers: 2, environment });
    return new RunningCluster(await startBrowser(), cluster);
  }

  get address(): string {
    return this.#cluster.gatewayUrl;
  }

  /** Restarts every worker and every pod, one after another. */
  async restart(): Promise<void> {
    for (const { name } of [...this.#cluster.workers, ...this.#cluster.pods]) await this.#cluster.restart(name);
  }

  /** The text of an answer as the database has it. */
  async storedAnswer(messageId: string): Promise<{ status: string; text: string }> {
    const client = new pg.Client({ connectionString: this.#cluster.environment.DATABASE_URL });
    await client.connect();
    try {
      const { rows } = await client.query("select status, content as text from messages where message_id = $1", [
        messageId,
      ]);
      if (rows[0] === undefined) throw new Error(`${messageId} is not in the database`);
      return rows[0];
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.#cluster.stopAll();
  }
}
