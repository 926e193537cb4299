import { type DestinationStream, type Logger, pino } from "pino";

/** What a database says beside its message; it quotes rows, and so texts of people. */
const quotingFields = ["detail", "where", "internalQuery", "query", "parameters", "dataType"] as const;

/**
 * Structured logs on standard error, a JSON object a line. Every line carries who wrote it; lines about a message carry
 * its `correlation_id`, which is the same from the request to the provider. No line carries a text or a secret.
 */
export function createLog(
  level: string,
  writer: Readonly<Record<string, string>> = {},
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  const serializers = { err: withoutQuotes };
  return pino({ level, base: writer, timestamp: pino.stdTimeFunctions.isoTime, serializers }, destination);
}

function withoutQuotes(error: unknown): unknown {
  const told: unknown = pino.stdSerializers.err(error as Error);
  if (typeof told !== "object" || told === null) return told;
  const fields: Record<string, unknown> = { ...told };
  for (const field of quotingFields) delete fields[field];
  return fields;
}
