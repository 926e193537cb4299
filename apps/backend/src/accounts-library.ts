import type { UserStore } from "@uci/chat";
import { betterAuth } from "better-auth";
import { admin, anonymous } from "better-auth/plugins";
import { hashPassword, verifyPassword } from "./password-hash.ts";

export type LibrarySettings = {
  readonly database: Parameters<typeof betterAuth>[0]["database"];
  readonly users: UserStore;
  readonly secret: string;
  readonly publicUrl: string | undefined;
  readonly makeUserId: () => string;
};

/** A user as the library tells of it. */
export type LibraryUser = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly isAnonymous?: boolean | null | undefined;
  readonly role?: string | null | undefined;
};

/** The sign-in library over our own tables and our own hashes. */
export function authOver(settings: LibrarySettings) {
  const { database, secret, publicUrl, users } = settings;
  return betterAuth({
    appName: "Universal Chat Interface",
    ...(publicUrl === undefined ? {} : { baseURL: publicUrl }),
    secret,
    database,
    emailAndPassword: {
      ...{ enabled: true, minPasswordLength: 8, maxPasswordLength: 128, autoSignIn: true },
      password: { hash: hashPassword, verify: verifyPassword },
    },
    user: { modelName: "users", fields: userFields },
    session: { modelName: "auth_sessions", expiresIn: 60 * 60 * 24 * 30, freshAge: 0, fields: sessionFields },
    account: { modelName: "auth_accounts", fields: accountFields },
    verification: { modelName: "auth_verifications", fields: verificationFields },
    advanced: {
      cookiePrefix: "uci",
      useSecureCookies: false,
      defaultCookieAttributes: {
        httpOnly: true,
        sameSite: "lax",
        secure: publicUrl?.startsWith("https:") === true,
        path: "/",
      },
      database: {
        generateId: ({ model }) =>
          model === "users" || model === "user" ? settings.makeUserId() : crypto.randomUUID(),
      },
      // Routes check the origin themselves, before the library is called.
      disableOriginCheck: true,
    },
    databaseHooks: {
      user: {
        create: {
          before: async (user) => {
            const first = (user as LibraryUser).isAnonymous !== true && !(await users.anyRegistered());
            return { data: { ...user, role: first ? "admin" : "user" } };
          },
        },
      },
    },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [
      anonymous({
        schema: { user: { fields: { isAnonymous: "is_anonymous" } } },
        onLinkAccount: async ({ anonymousUser, newUser }) => {
          await users.moveSessions(anonymousUser.user.id, newUser.user.id);
        },
      }),
      admin({
        schema: { user: { fields: adminUserFields }, session: { fields: { impersonatedBy: "impersonated_by" } } },
      }),
    ],
  });
}

const userFields = {
  emailVerified: "email_verified",
  createdAt: "created_at",
  updatedAt: "updated_at",
} as const;
const adminUserFields = { banReason: "ban_reason", banExpires: "ban_expires" } as const;
const sessionFields = {
  userId: "user_id",
  expiresAt: "expires_at",
  createdAt: "created_at",
  updatedAt: "updated_at",
  ipAddress: "ip_address",
  userAgent: "user_agent",
} as const;
const accountFields = {
  userId: "user_id",
  accountId: "account_id",
  providerId: "provider_id",
  accessToken: "access_token",
  refreshToken: "refresh_token",
  idToken: "id_token",
  accessTokenExpiresAt: "access_token_expires_at",
  refreshTokenExpiresAt: "refresh_token_expires_at",
  createdAt: "created_at",
  updatedAt: "updated_at",
} as const;
const verificationFields = { expiresAt: "expires_at", createdAt: "created_at", updatedAt: "updated_at" } as const;
