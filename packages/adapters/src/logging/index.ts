import { type Logger, pino } from "pino";

/**
 * Structured logs on standard error, a JSON object a line. Every line carries who wrote it; lines about a message carry
 * its `correlation_id`, which is the same from the request to the provider. No line carries a text or a secret.
 */
export function createLog(level: string, writer: Readonly<Record<string, string>> = {}): Logger {
  return pino(
    { level, base: writer, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
