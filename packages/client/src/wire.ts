import type { Chunk, StreamEvent, StreamEventName, StreamEvents } from "@uci/protocol";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one event of the stream. Checks by hand what this package relies on, because the schemas of the protocol would
 * bring a validation library into every page. Returns null for events this version does not know, which a newer
 * server may send; throws a TypeError when a known one does not have its form.
 */
export function readStreamEvent(name: string, data: string): StreamEvent | null {
  if (!isKnown(name)) return null;
  const parsed: unknown = JSON.parse(data);
  if (typeof parsed !== "object" || parsed === null) throw new TypeError(`${name}: not an object`);
  const fields = parsed as Fields;
  if (name === "chunk") return { event: "chunk", data: readChunk(fields) };
  for (const field of textFields[name]) text(fields, field);
  if (name === "snapshot") checkSnapshot(fields);
  if (name === "message_created") checkMessage(fields.answer);
  return { event: name, data: fields as StreamEvents[typeof name] } as StreamEvent;
}

const textFields: Record<Exclude<StreamEventName, "chunk">, readonly string[]> = {
  connected: ["connection_id"],
  snapshot: ["message_id", "session_id", "text", "reasoning", "status"],
  message_created: ["session_id"],
  message_complete: ["message_id", "session_id"],
  message_persisted: ["message_id", "session_id"],
  message_updated: ["message_id", "session_id", "change"],
  session_updated: ["session_id", "change"],
  folder_updated: ["folder_id", "change"],
  ready: [],
  recovering: ["message_id"],
  error: ["code", "message"],
  bye: ["reason"],
};

function isKnown(name: string): name is StreamEventName {
  return name === "chunk" || Object.hasOwn(textFields, name);
}

function readChunk(fields: Fields): Chunk {
  for (const field of ["session_id", "message_id", "chunk"]) text(fields, field);
  natural(fields, "chunk_id");
  // A plain chunk, a third party's, may leave out what has a default.
  const defaults: Partial<Chunk> = { generation: 0, chunk_type: "content", is_final: false };
  return { ...defaults, ...(fields as Chunk) };
}

function checkSnapshot(fields: Fields): void {
  natural(fields, "generation");
  if (typeof fields.upto !== "number" || fields.upto < -1) throw new TypeError("upto: not a chunk id");
}

function checkMessage(message: unknown): void {
  if (typeof message !== "object" || message === null) throw new TypeError("answer: not a message");
  text(message as Fields, "message_id");
}

function text(fields: Fields, name: string): void {
  if (typeof fields[name] !== "string") throw new TypeError(`${name}: not a text`);
}

function natural(fields: Fields, name: string): void {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw new TypeError(`${name}: not a count`);
}
