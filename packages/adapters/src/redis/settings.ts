import { z } from "zod";
import { isReadableFile } from "../readable-file.ts";

/** Where the session registry is. */
export const redisSettingSchemas = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: "must begin with redis:// or rediss://" })
    .optional()
    .describe("The address of Redis, as redis://:password@host:6379/0; rediss:// is encrypted."),
  REDIS_TLS_CA: z
    .string()
    .refine(isReadableFile, "must name a file that can be read")
    .optional()
    .describe("File of the authority that the certificate of Redis is checked against, for rediss://."),
} as const;
