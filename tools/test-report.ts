export type Tally = { readonly passed: number; readonly failed: number };

type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

/**
 * Counts a run of the tests from vitest's JSON report (null: it wrote none) and its exit code. What fails outside a
 * test counts as well: a file that cannot be loaded, an error after the tests, a crash, and a run without any test.
 */
export function tallyOfReport(reportText: string | null, exitCode: number): Tally {
  if (reportText === null) return { passed: 0, failed: 1 };
  const report = JSON.parse(reportText) as Report;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + brokenFiles;
  const failedOtherwise = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: failedOtherwise ? 1 : failed };
}
