import { describe, expect, it } from "vitest";
import { tallyOfReport } from "./test-report.ts";

function report(files: { status: string; tests: string[] }[]): string {
  const all = files.flatMap((entry) => entry.tests);
  return JSON.stringify({
    numPassedTests: all.filter((status) => status === "passed").length,
    numFailedTests: all.filter((status) => status === "failed").length,
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  });
}

describe("the tally of a test run", () => {
  it("counts tests", () => {
    const text = report([{ status: "failed", tests: ["passed", "failed", "skipped"] }]);
    expect(tallyOfReport(text, 1)).toEqual({ passed: 1, failed: 1 });
  });
  it("counts a file that cannot be loaded as a failure", () => {
    const text = report([
      { status: "passed", tests: ["passed"] },
      { status: "failed", tests: [] },
    ]);
    expect(tallyOfReport(text, 1)).toEqual({ passed: 1, failed: 1 });
  });
  it("counts an error outside of the tests", () => {
    expect(tallyOfReport(report([{ status: "passed", tests: ["passed"] }]), 1)).toEqual({ passed: 1, failed: 1 });
  });
  it("does not take a run without tests for a success", () => {
    expect(tallyOfReport(report([]), 0)).toEqual({ passed: 0, failed: 1 });
  });
  it("does not take a run without a report for a success", () => {
    expect(tallyOfReport(null, 0)).toEqual({ passed: 0, failed: 1 });
  });
});
