import {
  type AttachmentKind,
  attachmentBytes,
  attachmentKind,
  attachmentSchema,
  identifierSchema,
  RegisteredError,
  wireLimits,
} from "@uci/protocol";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { requireIdentity } from "../identity.ts";
import type { App, Surroundings } from "./surroundings.ts";

const idParams = z.object({ id: identifierSchema });
const userQuery = z.object({ user_id: z.string().min(1).max(128).optional() });

/** Beginnings by which images are known: what a browser shows must be what its type says. */
const imageBeginnings: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  "image/png": (bytes) => bytes.subarray(0, 8).toString("latin1") === "\x89PNG\r\n\x1a\n",
  "image/jpeg": (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
  "image/gif": (bytes) => /^GIF8[79]a/.test(bytes.subarray(0, 6).toString("latin1")),
  "image/webp": (bytes) => /^RIFF[\s\S]{4}WEBP/.test(bytes.subarray(0, 12).toString("latin1")),
};

/** Routes by which files are taken in and given back to who brought them. */
export async function attachmentRoutes(app: App, surroundings: Surroundings): Promise<void> {
  const { identifier, ports } = surroundings;
  const { attachments } = ports.store;
  // Everywhere else bodies are JSON; here they are whatever the file is.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const limits = { parseAs: "buffer", bodyLimit: wireLimits.attachedImageBytes } as const;
    scope.addContentTypeParser("*", limits, (_request, body, done) => done(null, body));
    (scope as unknown as App).post(
      "/api/attachments",
      {
        bodyLimit: wireLimits.attachedImageBytes,
        schema: { tags: ["chat"], querystring: userQuery, response: { 201: attachmentSchema } },
      },
      async (request, reply) => {
        const { userId } = await requireIdentity(identifier, request, request.query.user_id);
        const kept = await attachments.put(userId, fileOf(request));
        if (kept === null) {
          throw new RegisteredError(
            "rate_limited",
            "Too many files are waiting to be sent; send or remove some first.",
          );
        }
        return reply.status(201).send(kept);
      },
    );
  });

  app.get(
    "/api/attachments/:id",
    { schema: { tags: ["chat"], params: idParams, querystring: userQuery } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      const found = await attachments.get(userId, request.params.id);
      if (found === null) throw new RegisteredError("not_found");
      const { name, media_type } = found.attachment;
      const isImage = attachmentKind(media_type, name) === "image";
      reply.header("Content-Type", isImage ? media_type : "text/plain; charset=utf-8");
      // Somebody else's words on this origin: nothing in it may run, and only images are shown in place.
      reply.header("Content-Security-Policy", "sandbox; default-src 'none'");
      reply.header("X-Content-Type-Options", "nosniff");
      const place = isImage ? "inline" : "attachment";
      reply.header("Content-Disposition", `${place}; filename*=UTF-8''${encodedName(name)}`);
      reply.header("Cache-Control", "private, max-age=31536000, immutable");
      return reply.send(Buffer.from(found.bytes));
    },
  );

  app.delete(
    "/api/attachments/:id",
    { schema: { tags: ["chat"], params: idParams, querystring: userQuery, response: { 204: z.null() } } },
    async (request, reply) => {
      const { userId } = await requireIdentity(identifier, request, request.query.user_id);
      if (!(await attachments.remove(userId, request.params.id))) throw new RegisteredError("not_found");
      return reply.status(204).send(null);
    },
  );
}

function fileOf(request: FastifyRequest) {
  const name = nameOf(request.headers["x-file-name"]);
  const media_type = (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  const kind = attachmentKind(media_type, name);
  if (kind === null) throw new RegisteredError("unsupported_media_type", "Only images and texts can be sent along.");
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (bytes.length === 0) throw new RegisteredError("invalid_request", "The file is empty.");
  if (bytes.length > attachmentBytes(kind)) throw new RegisteredError("payload_too_large");
  checkContent(kind, media_type, bytes);
  return { name, media_type: kind === "image" ? media_type : "text/plain", bytes };
}

function nameOf(header: string | string[] | undefined): string {
  const wrong = new RegisteredError("invalid_request", "X-File-Name must be the file's name, percent-encoded.");
  if (typeof header !== "string") throw wrong;
  let name: string;
  try {
    name = decodeURIComponent(header);
  } catch {
    throw wrong;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name must not have
  name = name.replace(/[\u0000-\u001f\u007f/\\"]+/g, " ").trim();
  if (name === "" || [...name].length > wireLimits.attachmentNameCharacters) throw wrong;
  return name;
}

function checkContent(kind: AttachmentKind, mediaType: string, bytes: Buffer): void {
  if (kind === "image") {
    if (imageBeginnings[mediaType]?.(bytes) === true) return;
    throw new RegisteredError("unsupported_media_type", "The file is not the image its type says.");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\u0000")) return;
  } catch {
    // Said below.
  }
  throw new RegisteredError("unsupported_media_type", "The file is not a text in UTF-8.");
}

function encodedName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}
