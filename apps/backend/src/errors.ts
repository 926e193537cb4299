import { type ErrorBody, type ErrorCode, RegisteredError } from "@uci/protocol";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

/** Says whether an error means that a service behind us cannot be reached. */
export type UnavailableTest = (error: unknown) => ErrorCode | null;

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  404: "not_found",
  405: "method_not_allowed",
  413: "payload_too_large",
  415: "unsupported_media_type",
  429: "rate_limited",
};

export function errorBody(code: ErrorCode, message: string, retryable: boolean, correlationId: string): ErrorBody {
  return { error: { code, message, retryable, correlation_id: correlationId } };
}

/** What any thrown thing is in terms of the registry. */
export function registered(error: unknown, unavailable: UnavailableTest): RegisteredError {
  if (error instanceof RegisteredError) return error;
  // What refuses in the middle of a body is wrapped: the server writes a status of its own onto what it is given there.
  const { refusal } = error as { refusal?: unknown };
  if (refusal instanceof RegisteredError) return refusal;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const first = error.validation[0];
    const place = (first?.instancePath ?? "").replaceAll("/", ".").replace(/^\./, "");
    const where = place === "" ? (error.validationContext ?? "request") : place;
    return new RegisteredError("invalid_request", `${where}: ${first?.message ?? "is not valid"}`.slice(0, 300));
  }
  const code = unavailable(error);
  if (code !== null) return new RegisteredError(code, undefined, 1_000);
  const status = (error as Partial<FastifyError>).statusCode;
  if (status !== undefined && status >= 400 && status < 500) {
    return new RegisteredError(codesByStatus[status] ?? "invalid_request");
  }
  return new RegisteredError("internal_error");
}

/** Answers any error with the registry's body and status; logs what is ours to mend. */
export function errorHandler(unavailable: UnavailableTest) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = registered(error, unavailable);
    if (known.code === "internal_error")
      request.log.error({ err: error, correlation_id: request.id }, "request failed");
    sendError(reply, request.id, known);
  };
}

export function sendError(reply: FastifyReply, correlationId: string, error: RegisteredError): void {
  if (error.retryAfterMs !== undefined) reply.header("Retry-After", String(Math.ceil(error.retryAfterMs / 1000)));
  void reply.status(error.status).send(errorBody(error.code, error.message, error.retryable, correlationId));
}
