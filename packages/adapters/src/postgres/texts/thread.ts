import { parentPort } from "node:worker_threads";
import { searchWords, snippetOf } from "@uci/chat";
import type { TextQuestion, TextReply } from "./questions.ts";

parentPort?.on("message", (question: TextQuestion) => {
  const answer = question.kind === "words" ? searchWords(question.text) : snippetOf(question.text, question.query);
  parentPort?.postMessage({ answer } satisfies TextReply);
});
