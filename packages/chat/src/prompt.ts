import {
  type AnswerStatus,
  type AttachmentReference,
  type MessageRole,
  type WorkflowMessage,
  type WorkflowRequest,
  wireLimits,
} from "@uci/protocol";
import { type ModelMessage, utf8Bytes } from "@uci/stream";
import { type LoadedAttachments, withAttachments } from "./attached.ts";

/** One message on the way from the root to the new one. */
export type PathMessage = {
  readonly role: MessageRole;
  readonly content: string;
  readonly status: AnswerStatus;
  readonly attachments?: readonly AttachmentReference[] | null;
};

/**
 * What of a conversation goes with a request: the newest messages that fit into `limitBytes` of UTF-8, whole ones
 * only, oldest first, beginning with a user's. An answer without text (failed, stopped at once) says nothing and is
 * left out; messages of role `system` go another way.
 */
export function conversationHistory(
  path: readonly PathMessage[],
  limitBytes: number = wireLimits.conversationHistoryBytes,
): WorkflowMessage[] {
  const history: WorkflowMessage[] = [];
  let bytes = 0;
  for (let index = path.length - 1; index >= 0; index--) {
    const { role, content, attachments } = path[index]!;
    if (role === "system" || (content === "" && attachments == null)) continue;
    bytes += utf8Bytes(content) + perMessageBytes + (attachments?.length ?? 0) * perAttachmentBytes;
    if (bytes > limitBytes) break;
    history.push({ role, content, ...(attachments == null ? {} : { attachments: [...attachments] }) });
  }
  while (history.at(-1)?.role === "assistant") history.pop();
  return history.reverse();
}

/**
 * The system prompt of a job: what the request says, then the messages of role `system` on the way, in their order, the
 * newest that fit into `limitBytes` of UTF-8 together. One text, since most wires know only one, and so that workflow
 * services of other makers need to know nothing of such messages.
 */
export function systemPrompt(
  given: string | undefined,
  path: readonly PathMessage[],
  limitBytes: number = wireLimits.systemPromptBytes,
): string | undefined {
  const texts: string[] = [];
  let bytes = 0;
  for (const { role, content } of path.toReversed()) {
    if (role !== "system" || content === "") continue;
    bytes += utf8Bytes(content);
    if (bytes > limitBytes) break;
    texts.unshift(content);
  }
  if (texts.length === 0) return given;
  return [...(given === undefined || given === "" ? [] : [given]), ...texts].join("\n\n");
}

/** JSON around each message: quotes, role, braces. */
const perMessageBytes = 40;
/** An id, a name of some length and a media type. */
const perAttachmentBytes = 400;

/** Rough number of tokens of a text: English has about four bytes a token, other scripts about one character. */
export function estimatedTokens(text: string): number {
  return Math.ceil(Math.max(text.length / 4, (utf8Bytes(text) - text.length) / 2));
}

/**
 * The messages a model is given for a job: system prompt, history as far as the context window has room beside the
 * question and the longest answer, then the question. The question itself is never cut.
 */
export function modelMessages(
  job: WorkflowRequest,
  { contextWindowTokens, unfinished, loaded = none }: PromptOptions = {},
) {
  const system = job.context.system_prompt;
  const fixed: ModelMessage[] = system === undefined || system === "" ? [] : [{ role: "system", content: system }];
  const asked: ModelMessage[] = [
    withAttachments(job.message, job.context.attachments, loaded),
    ...(unfinished === undefined ? [] : goOn(unfinished)),
  ];
  let history = job.context.conversation_history.map(({ role, content, attachments }) =>
    role === "user" ? withAttachments(content, attachments, loaded) : { role, content },
  );
  if (contextWindowTokens !== undefined) {
    const reserved = [...fixed, ...asked].reduce((sum, message) => sum + estimatedTokens(message.content), 0);
    const answerTokens = job.context.max_tokens ?? Math.min(4096, Math.floor(contextWindowTokens / 4));
    history = newestWithin(history, contextWindowTokens - reserved - answerTokens);
  }
  return [...fixed, ...history, ...asked];
}

export type PromptOptions = {
  /** Undefined: not known, then nothing is left out. */
  readonly contextWindowTokens?: number | undefined;
  /** The beginning of the answer, which the model is asked to go on with. */
  readonly unfinished?: string | undefined;
  /** The files that go with the messages, as far as the model is to have them. */
  readonly loaded?: LoadedAttachments;
};

const none: LoadedAttachments = new Map();

function goOn(unfinished: string): ModelMessage[] {
  const request =
    "Your answer above was cut off. Go on exactly where it ends, in the middle of a word if it ends there. Do not repeat " +
    "anything of it, do not begin anew, and say nothing about having been cut off.";
  return [
    { role: "assistant", content: unfinished },
    { role: "user", content: request },
  ];
}

function newestWithin(history: readonly ModelMessage[], tokens: number): ModelMessage[] {
  let start = history.length;
  let left = tokens;
  while (start > 0) {
    left -= estimatedTokens(history[start - 1]!.content);
    if (left < 0) break;
    start--;
  }
  while (start < history.length && history[start]!.role === "assistant") start++;
  return history.slice(start);
}
