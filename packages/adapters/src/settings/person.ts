import { z } from "zod";

/** What one person may have under way and keep; the same for all pods and workers. */
export const personSettings = {
  RUNNING_ANSWERS_PER_PERSON: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(4)
    .describe("Answers of one person that are in the queue or written at once; the same for pods and workers."),
  WAITING_ANSWERS_PER_PERSON: z.coerce
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(20)
    .describe("Answers of one person that wait until another one of theirs ends; more are refused."),
  STORAGE_PER_PERSON_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000_000)
    .default(1_024)
    .describe("What one person may keep: chats, files and shares together."),
  STORAGE_TOTAL_MB: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(102_400)
    .describe("What all people may keep together; counted anew twice a minute. 0: as much as there is room for."),
} as const;

const mebibyte = 1024 * 1024;

/** The settings of storage as the store takes them. */
export function storageLimits(settings: { readonly STORAGE_PER_PERSON_MB: number; readonly STORAGE_TOTAL_MB: number }) {
  return {
    personBytes: settings.STORAGE_PER_PERSON_MB * mebibyte,
    totalBytes: settings.STORAGE_TOTAL_MB * mebibyte,
  };
}
