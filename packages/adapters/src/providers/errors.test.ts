import { describe, expect, test } from "vitest";
import { failureError, readErrorBody } from "./errors.ts";
import { withoutSecrets } from "./redact.ts";

const key = "abcdef-not-of-any-known-form";

function failure(status: number | undefined, body: unknown) {
  return failureError({
    provider: "Acme",
    model: "m-1",
    status,
    ...readErrorBody(body),
    secrets: [key],
    messageCharacters: 300,
  });
}

const openai = (code: string | null, message: string, type = "invalid_request_error") => ({
  error: { message, type, code, param: null },
});
const anthropic = (type: string, message: string) => ({ type: "error", error: { type, message }, request_id: "req_1" });

describe("a failure the provider told of", () => {
  test.each([
    [401, openai("invalid_api_key", "Incorrect API key provided"), "provider_unauthorized", false],
    [403, anthropic("permission_error", "Your key may not use this"), "provider_unauthorized", false],
    [
      400,
      [
        {
          error: { code: 400, message: "API key not valid. Please pass a valid API key.", status: "INVALID_ARGUMENT" },
        },
      ],
      "provider_unauthorized",
      false,
    ],
    [429, openai("rate_limit_exceeded", "Rate limit reached", "requests"), "provider_rate_limited", true],
    [
      429,
      openai("insufficient_quota", "You exceeded your current quota", "insufficient_quota"),
      "provider_rate_limited",
      false,
    ],
    [429, anthropic("rate_limit_error", "slow down"), "provider_rate_limited", true],
    [529, anthropic("overloaded_error", "Overloaded"), "provider_overloaded", true],
    [503, openai("server_overloaded", "try later", "server_error"), "provider_overloaded", true],
    [500, anthropic("api_error", "Internal server error"), "provider_unavailable", true],
    [502, "<html>Bad gateway</html>", "provider_unavailable", true],
    [408, "", "provider_unavailable", true],
    [409, "", "provider_unavailable", true],
    [404, openai("model_not_found", "The model does not exist"), "model_not_found", false],
    [400, openai("model_not_found", "The model does not exist"), "model_not_found", false],
    [400, openai("context_length_exceeded", "maximum context length is 8192 tokens"), "provider_rejected", false],
    [400, anthropic("invalid_request_error", "prompt is too long"), "provider_rejected", false],
    [400, anthropic("invalid_request_error", "Your credit balance is too low"), "provider_rejected", false],
    [413, anthropic("request_too_large", "too large"), "provider_rejected", false],
    [400, openai("content_filter", "The response was filtered"), "content_filtered", false],
    [400, openai("internal_error", "odd"), "provider_rejected", false],
    [undefined, anthropic("overloaded_error", "Overloaded"), "provider_overloaded", true],
    [
      undefined,
      { type: "error", code: "rate_limit_exceeded", message: "later", param: null },
      "provider_rate_limited",
      true,
    ],
    [
      undefined,
      { type: "response.failed", response: { error: { code: "server_error", message: "oops" } } },
      "provider_unavailable",
      true,
    ],
    [undefined, { message: "Something", code: "what_is_this" }, "provider_bad_response", true],
  ] as const)("HTTP %s with %j is %s", (status, body, code, retryable) => {
    expect(failure(status, body)).toMatchObject({ code, retryable });
  });

  test("passes the provider's words on where they help, on one line and not too long", () => {
    expect(failure(400, openai(null, "max_tokens:\n  must be\tpositive")).message).toBe(
      "Acme refused this request: max_tokens: must be positive",
    );
    expect(failure(400, openai(null, "x".repeat(5000))).message.length).toBeLessThan(350);
  });

  test.each([
    { error: "model is loading" },
    { detail: "model is loading" },
    { message: "model is loading" },
    "model is loading",
  ])("finds the words in %j", (body) => {
    expect(readErrorBody(body).message).toBe("model is loading");
  });
});

describe("without secrets", () => {
  test.each([
    `the key ${key} is wrong`,
    "Incorrect API key provided: sk-proj-ab12****wxyz.",
    "Authorization: Bearer abc.def.ghi",
    "in organization org-Ab12Cd34 on tokens",
    "AIzaSyD-1234567890abcdef is not valid",
    "http://user:password@host.invalid/v1 refused",
    "key abcd********wxyz",
  ])("%s", (text) => {
    const cleaned = withoutSecrets(text, [key], 300);
    for (const secret of [key, "ab12", "wxyz", "abc.def", "Ab12Cd34", "AIzaSyD", "password"])
      expect(cleaned).not.toContain(secret);
    expect(cleaned).toContain("[removed]");
  });

  test("leaves ordinary words alone", () => {
    const text = "This model's maximum context length is 8192 tokens; you asked for 9000.";
    expect(withoutSecrets(text, ["sh"], 300)).toBe(text);
  });

  test("does not cut a character in two", () => {
    expect(withoutSecrets("ab𝄞cd", [], 4)).toBe("ab…");
  });
});
