import { z } from "zod";
import { wireLimits } from "./limits.ts";

/**
 * Names the user a page acts for, percent-encoded. Where somebody else is signed in by now, in another tab of the same
 * browser, the request is refused with `unauthenticated`: one person's words must not go out as another's.
 */
export const expectedUserHeader = "x-expected-user-id";

const newPassword = z.string().min(8).max(128);
const knownPassword = z.string().min(1).max(128);

export const changeProfileSchema = z.strictObject({ name: z.string().trim().min(1).max(wireLimits.nameCharacters) });
/** Signs every other device out. */
export const changePasswordSchema = z.strictObject({ current_password: knownPassword, new_password: newPassword });
export type ChangePassword = z.infer<typeof changePasswordSchema>;
/** `confirm`: the account's e-mail address, or "delete" for a guest's. `password`: of an account that has one. */
export const deleteAccountSchema = z.strictObject({
  confirm: z.string().min(1).max(254),
  password: knownPassword.optional(),
});

/** A place where somebody is signed in. */
export const deviceSchema = z.object({
  device_id: z.string(),
  user_agent: z.string().nullable(),
  created_at: z.string(),
  /** When it was last heard of, within a day. */
  seen_at: z.string(),
  /** The one that asks. */
  current: z.boolean(),
});
export type Device = z.infer<typeof deviceSchema>;
export const deviceListSchema = z.object({ devices: z.array(deviceSchema) });
export type DeviceList = z.infer<typeof deviceListSchema>;
