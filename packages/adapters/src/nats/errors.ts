/** The broker is set up in a way nothing can work with, or cannot be reached at the start. `message`: one sentence for the operator. */
export class BrokerSetupError extends Error {
  override readonly name = "BrokerSetupError";
}

/** The broker did not do what it was asked in time, or has no room: worth another try. */
export class BrokerUnavailableError extends Error {
  override readonly name = "BrokerUnavailableError";
}

/** JetStream's own refusal. `code` is its `err_code`; `status` is shaped like a status of HTTP. */
export class JetStreamError extends Error {
  override readonly name = "JetStreamError";
  readonly code: number;
  readonly status: number;

  constructor(code: number, status: number, description: string) {
    super(`${description} (${code})`);
    this.code = code;
    this.status = status;
  }
}

/** Whether this failed because the broker is away for the time being. */
export function isBrokerUnavailable(error: unknown): boolean {
  return error instanceof BrokerUnavailableError || (error instanceof JetStreamError && error.status === 503);
}

/** A sentence's end from whatever was thrown. Names no secret: the client's errors hold none. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\.$/, "") || "no reason was given";
}

/** Resources of the account, of the server, of its memory, of its storage. */
const fullCodes = new Set([10002, 10023, 10028, 10047]);
const storeFailed = 10077;

/** One code stands for every way in which storing fails; its words tell a limit from the rest. */
export function isFull({ code, message }: JetStreamError): boolean {
  return fullCodes.has(code) || (code === storeFailed && /maximum|no space left/i.test(message));
}
