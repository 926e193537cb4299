/** What a server must know to write one answer. */
export type AnswerInProgress = {
  readonly id: string;
  readonly model: string;
  readonly inputTokens: number;
  /** Chat completions: the caller asked for usage. */
  readonly includeUsage: boolean;
};

export type FinishReason = "stop" | "length" | "content_filter";

/** One provider's wire as the server writes it: every string is a whole server-sent event. */
export interface WireWriter {
  opening(): string[];
  reasoning(pieces: readonly string[]): string[];
  token(text: string): string;
  /** Everything after the text but the end marker. */
  finish(reason: FinishReason, outputTokens: number): string[];
  endMarker(): string[];
  error(type: string, message: string): string;
  ping(): string;
}

export type WireName = "responses" | "chat" | "messages";

export const createWriter: Readonly<Record<WireName, (answer: AnswerInProgress) => WireWriter>> = {
  responses: responsesWriter,
  chat: chatWriter,
  messages: messagesWriter,
};

/** The body of an HTTP error. */
export function errorBody(wire: WireName, type: string, message: string): unknown {
  if (wire === "messages") return { type: "error", error: { type, message } };
  return { error: { message, type, param: null, code: type } };
}

function chatWriter(answer: AnswerInProgress): WireWriter {
  const event = (choices: unknown[], more: Record<string, unknown> = {}) =>
    `data: ${JSON.stringify({
      id: answer.id,
      object: "chat.completion.chunk",
      created: 1_780_000_000,
      model: answer.model,
      choices,
      ...more,
    })}\n\n`;
  const delta = (content: Record<string, unknown>, finish: string | null = null) =>
    event([{ index: 0, delta: content, logprobs: null, finish_reason: finish }]);
  return {
    opening: () => [delta({ role: "assistant", content: "" })],
    reasoning: (pieces) => pieces.map((piece) => delta({ reasoning_content: piece })),
    token: (text) => delta({ content: text }),
    finish(reason, outputTokens) {
      const usage = {
        prompt_tokens: answer.inputTokens,
        completion_tokens: outputTokens,
        total_tokens: answer.inputTokens + outputTokens,
      };
      return [delta({}, reason), ...(answer.includeUsage ? [event([], { usage })] : [])];
    },
    endMarker: () => ["data: [DONE]\n\n"],
    error: (type, message) => `data: ${JSON.stringify({ error: { message, type, code: type } })}\n\n`,
    ping: () => ": still working\n\n",
  };
}

function messagesWriter(answer: AnswerInProgress): WireWriter {
  const event = (type: string, content: Record<string, unknown>) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...content })}\n\n`;
  let block = 0;
  let blockIsOpen = false;
  const openBlock = (content_block: Record<string, unknown>) => {
    blockIsOpen = true;
    return event("content_block_start", { index: block, content_block });
  };
  let stopReason = "end_turn";
  let outputTokens = 0;
  return {
    opening: () => [
      event("message_start", {
        message: {
          id: answer.id,
          type: "message",
          role: "assistant",
          model: answer.model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: answer.inputTokens, output_tokens: 1 },
        },
      }),
      event("ping", {}),
    ],
    reasoning(pieces) {
      const index = block++;
      return [
        event("content_block_start", { index, content_block: { type: "thinking", thinking: "", signature: "" } }),
        ...pieces.map((thinking) =>
          event("content_block_delta", { index, delta: { type: "thinking_delta", thinking } }),
        ),
        event("content_block_delta", { index, delta: { type: "signature_delta", signature: "c2lnbmF0dXJl" } }),
        event("content_block_stop", { index }),
      ];
    },
    token(text) {
      const start = blockIsOpen ? "" : openBlock({ type: "text", text: "" });
      return start + event("content_block_delta", { index: block, delta: { type: "text_delta", text } });
    },
    finish(reason, tokens) {
      stopReason = reason === "stop" ? "end_turn" : reason === "length" ? "max_tokens" : "refusal";
      outputTokens = tokens;
      return [
        ...(blockIsOpen ? [event("content_block_stop", { index: block })] : []),
        event("message_delta", {
          delta: { stop_reason: stopReason, stop_sequence: null },
          usage: { output_tokens: outputTokens },
        }),
      ];
    },
    endMarker: () => [event("message_stop", {})],
    error: (type, message) => event("error", { error: { type, message } }),
    ping: () => event("ping", {}),
  };
}

function responsesWriter(answer: AnswerInProgress): WireWriter {
  let sequence = 0;
  let outputIndex = 0;
  let text: string | null = null;
  const item = () => `msg_${answer.id}`;
  const event = (type: string, content: Record<string, unknown>) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...content })}\n\n`;
  const response = (status: string, more: Record<string, unknown> = {}) => ({
    id: answer.id,
    object: "response",
    created_at: 1_780_000_000,
    status,
    model: answer.model,
    output: [],
    error: null,
    incomplete_details: null,
    usage: null,
    ...more,
  });
  const part = (content: string) => ({ type: "output_text", text: content, annotations: [] });
  let finished: Record<string, unknown> = {};
  let lastType = "response.completed";
  return {
    opening: () => [
      event("response.created", { response: response("in_progress") }),
      event("response.in_progress", { response: response("in_progress") }),
    ],
    reasoning(pieces) {
      const output_index = outputIndex++;
      const item_id = `rs_${answer.id}`;
      const place = { item_id, output_index, summary_index: 0 };
      const whole = pieces.join("");
      return [
        event("response.output_item.added", { output_index, item: { id: item_id, type: "reasoning", summary: [] } }),
        event("response.reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } }),
        ...pieces.map((delta) => event("response.reasoning_summary_text.delta", { ...place, delta })),
        event("response.reasoning_summary_text.done", { ...place, text: whole }),
        event("response.reasoning_summary_part.done", { ...place, part: { type: "summary_text", text: whole } }),
        event("response.output_item.done", {
          output_index,
          item: { id: item_id, type: "reasoning", summary: [{ type: "summary_text", text: whole }] },
        }),
      ];
    },
    token(delta) {
      const place = { item_id: item(), output_index: outputIndex, content_index: 0 };
      let start = "";
      if (text === null) {
        const added = { id: item(), type: "message", status: "in_progress", role: "assistant", content: [] };
        start =
          event("response.output_item.added", { output_index: outputIndex, item: added }) +
          event("response.content_part.added", { ...place, part: part("") });
      }
      text = (text ?? "") + delta;
      return start + event("response.output_text.delta", { ...place, delta, logprobs: [] });
    },
    finish(reason, outputTokens) {
      const place = { item_id: item(), output_index: outputIndex, content_index: 0 };
      const whole = text ?? "";
      const status = reason === "stop" ? "completed" : "incomplete";
      const done = { id: item(), type: "message", status, role: "assistant", content: [part(whole)] };
      lastType = `response.${status}`;
      finished = response(status, {
        output: [done],
        incomplete_details:
          reason === "stop" ? null : { reason: reason === "length" ? "max_output_tokens" : "content_filter" },
        usage: {
          input_tokens: answer.inputTokens,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: outputTokens,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: answer.inputTokens + outputTokens,
        },
      });
      return [
        event("response.output_text.done", { ...place, text: whole, logprobs: [] }),
        event("response.content_part.done", { ...place, part: part(whole) }),
        event("response.output_item.done", { output_index: outputIndex, item: done }),
      ];
    },
    endMarker: () => [event(lastType, { response: finished })],
    error: (type, message) => event("error", { code: type, message, param: null }),
    ping: () => event("keepalive", {}),
  };
}
