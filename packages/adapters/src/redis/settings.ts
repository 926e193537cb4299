import { z } from "zod";
import { address } from "../address.ts";
import { readableFile } from "../readable-file.ts";

/** Where the session registry is. */
export const redisSettingSchemas = {
  REDIS_URL: address("redis", "rediss")
    .optional()
    .describe("The address of Redis, as redis://:password@host:6379/0; rediss:// is encrypted."),
  REDIS_PASSWORD: z.string().optional().describe("Its password, of any characters, where the address has none."),
  REDIS_TLS_CA: readableFile()
    .optional()
    .describe("File of the authority that the certificate of Redis is checked against, for rediss://."),
} as const;
