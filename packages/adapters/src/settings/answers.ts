import { z } from "zod";

/** How many answers one person may have under way; the same for all pods and workers. */
export const answerSettings = {
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
} as const;
