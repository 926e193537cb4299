import { SettingError } from "@uci/adapters/settings";

/**
 * Writes something into the data folder. A failing write does not name its place, so the sentence does. Throws
 * `SettingError`.
 */
export function writeInFolder(dataFolder: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new SettingError(
        `There is no space left in the data folder ${dataFolder} (${code}); make room there, or choose another with --data.`,
      );
    }
    if (code === undefined) throw error;
    throw new SettingError(`The data folder ${dataFolder} cannot be written to (${code}); choose another with --data.`);
  }
}
