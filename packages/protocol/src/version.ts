import { z } from "zod";
import * as accounts from "./accounts.ts";
import * as collections from "./collections.ts";
import { errorRegistry } from "./errors.ts";
import { streamEventSchemas, userEventSchema } from "./events.ts";
import * as http from "./http.ts";
import { keys, keyTimes } from "./keys.ts";
import { wireLimits, wireTimes } from "./limits.ts";
import * as plainChunk from "./plain-chunk.ts";
import { subjects } from "./subjects.ts";
import * as transfer from "./transfer.ts";
import * as workflow from "./workflow.ts";

/** Raised with every change of the wire. The test beside this file pins the description's hash to it. */
export const protocolVersion = 11;

function described(schemas: Record<string, unknown>): Record<string, unknown> {
  // Sorted, because the order of a module's exports depends on who loads it.
  const entries = Object.entries(schemas)
    .filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([name, schema]) => [name, z.toJSONSchema(schema, { unrepresentable: "any" })]),
  );
}

/** All of the wire as one JSON text: equal texts, equal wire. */
export function wireDescription(): string {
  const sample = Object.entries(subjects).map(([name, subject]) => [
    name,
    typeof subject === "string" ? subject : (subject as (...parts: unknown[]) => string)(...sampleParts(name)),
  ]);
  return JSON.stringify({
    accounts: described(accounts),
    collections: described(collections),
    errors: errorRegistry,
    events: described(streamEventSchemas),
    userEvent: z.toJSONSchema(userEventSchema),
    http: described(http),
    keys: Object.entries(keys).map(([name, key]) => [name, key("X")]),
    keyTimes,
    limits: wireLimits,
    times: wireTimes,
    plainChunk: described(plainChunk),
    subjects: sample,
    transfer: described(transfer),
    workflow: described(workflow),
  });
}

function sampleParts(name: string): unknown[] {
  if (name === "journal") return [0, "X"];
  return name === "journalPartition" ? [0] : ["X"];
}
