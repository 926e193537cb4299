/** Gives an account a new password: `npm run reset-password -- EMAIL`. */
import fs from "node:fs";
import { forgetEmptySettings } from "@uci/workflow/config";

try {
  if (fs.existsSync(".env")) process.loadEnvFile(".env");
  forgetEmptySettings();
  const { resetPassword } = await import("../apps/all-in-one/src/reset-password.ts");
  process.stdout.write(await resetPassword(process.argv.slice(2), process.stdin));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
