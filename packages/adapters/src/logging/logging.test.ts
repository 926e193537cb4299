import { describe, expect, it } from "vitest";
import { createLog } from "./index.ts";

function logged(error: unknown): string {
  const lines: string[] = [];
  const log = createLog("warn", { service: "pod" }, { write: (line) => void lines.push(line) });
  log.warn({ err: error }, "store again");
  return lines.join("");
}

/** As PostgreSQL refuses a row: the row itself is told beside the message. */
function refusedRow(): Error {
  return Object.assign(new Error('null value in column "text" violates not-null constraint'), {
    code: "23502",
    detail: "Failing row contains (msg_1, a text of somebody).",
    where: "unnamed portal parameter $3 = 'a text of somebody'",
    table: "messages",
  });
}

describe("a log line of an error", () => {
  it("tells message and code of a refused row, and nothing of the row", () => {
    const line = logged(refusedRow());
    expect(JSON.parse(line)).toMatchObject({ service: "pod", err: { code: "23502", table: "messages" } });
    expect(line).not.toContain("a text of somebody");
  });

  it("tells nothing of the row where the error is the cause of another", () => {
    const line = logged(new Error("the database refuses this row (23502)", { cause: refusedRow() }));
    expect(JSON.parse(line).err.message).toContain("refuses this row");
    expect(line).not.toContain("a text of somebody");
  });

  it("takes what is no error as it is", () => {
    expect(JSON.parse(logged("away")).err).toBe("away");
  });
});
