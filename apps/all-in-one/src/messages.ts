import type { ProviderDescription } from "@uci/adapters/providers";
import { describeSettings } from "@uci/adapters/settings";
import { allSettings } from "./config.ts";

export type ReadyFacts = {
  readonly addresses: readonly string[];
  readonly dataFolder: string;
  /** Where the database is: in the data folder, elsewhere, or somebody's own. */
  readonly database: string;
  readonly providers: readonly ProviderDescription[];
  readonly restarted: number;
  readonly trusted: boolean;
};

/** What a person reads when the program is ready. */
export function readyText(facts: ReadyFacts): string {
  const [page, ...others] = facts.addresses;
  const real = facts.providers.filter((provider) => provider.id !== "offline");
  const lines = ["", "  Universal Chat Interface is ready.", "", `  Page       ${page}`];
  for (const address of others) lines.push(`             ${address}  (another pod)`);
  lines.push(`  Data       ${facts.dataFolder}`, `  Database   ${facts.database}`);
  for (const [index, provider] of facts.providers.entries()) {
    const models = provider.models.map((model) => model.id);
    const shown = models.slice(0, 4).join(", ") + (models.length > 4 ? ` and ${models.length - 4} more` : "");
    lines.push(`  ${index === 0 ? "Providers" : "         "}  ${provider.name} (${shown})`);
  }
  if (real.length === 0) {
    lines.push("             Add a real model: put OPENAI_API_KEY=…, ANTHROPIC_API_KEY=… or");
    lines.push("             OPENAI_COMPATIBLE_BASE_URL=… into the file .env and start again.");
  }
  if (facts.restarted > 0)
    lines.push(
      "",
      `  ${facts.restarted} answer${facts.restarted === 1 ? "" : "s"} cut off by the last stop begin${facts.restarted === 1 ? "s" : ""} anew.`,
    );
  if (facts.trusted) {
    lines.push("", "  AUTH_MODE=trusted: every caller is believed to be whom it says it is.");
    lines.push("  Only your own gateway may reach this address.");
  }
  lines.push("", "  Ctrl-C stops it; nothing is lost.", "");
  return lines.join("\n");
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = describeSettings(allSettings).map(
    ({ name, standard, meaning }) => `  ${name.padEnd(38)} ${meaning}${standard === "" ? "" : ` [${standard}]`}`,
  );
  return [
    "Universal Chat Interface: a chat system in one process.",
    "",
    "  npm start -- [options]",
    "",
    "  --port PORT      where the page is; more pods take the ports after it [8080]",
    "  --host ADDRESS   the address to listen on; 0.0.0.0 lets other machines in [127.0.0.1]",
    "  --data FOLDER    the folder that holds everything that lasts [./data]",
    "  --pods N         pods in this process, each on its own port [1]",
    "  --workers N      workers in this process [1]",
    "  --help           this text",
    "",
    "Settings, from the environment or the file .env:",
    "",
    ...rows,
    "",
  ].join("\n");
}

/** The file .env.example, made of the same descriptions. */
export function environmentExample(): string {
  const rows = describeSettings(allSettings).map(
    ({ name, standard, meaning }) => `# ${meaning}\n#${name}=${standard}\n`,
  );
  return ["# Settings of Universal Chat Interface. Copy to .env and take the # off what you set.", "", ...rows].join(
    "\n",
  );
}
