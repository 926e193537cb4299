export type { CallOptions, PageOptions, SendOptions } from "./call-options.ts";
export type { ConnectionOptions } from "./caller.ts";
export {
  type Client,
  type ClientOptions,
  createClient,
  type SessionChange,
  type SessionListOptions,
  type SharedStreamOptions,
} from "./client.ts";
export { browserSignals, type Environment, type Fetch, type NetworkSignals } from "./environment.ts";
export { ApiError, type ClientErrorCode } from "./errors.ts";
export { newIdempotencyKey, newSessionId } from "./identifier.ts";
export { type AnswerStream, openStream, type StreamOptions } from "./open-stream.ts";
export { browserTabs, type TabChannel, type TabWorld } from "./sharing/tab-world.ts";
export type {
  AnswerChangedEvent,
  AnswerEndedEvent,
  AnswerView,
  ClientEvent,
  ConnectionEvent,
  ConnectionState,
} from "./stream-events.ts";
