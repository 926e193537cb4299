import { type LanguageModel, ModelError, type ModelPart, type ModelRequest } from "@uci/stream";

/** All of an answer: its parts, what they add up to, and how it ended. */
export type CollectedAnswer = {
  readonly parts: readonly ModelPart[];
  readonly text: string;
  readonly reasoning: string;
  readonly finish: Extract<ModelPart, { type: "finish" }> | null;
  readonly error: ModelError | null;
};

/** Reads an answer to its end. Anything but the port's own error is thrown on. */
export async function collectAnswer(
  model: Pick<LanguageModel, "generate">,
  request: Omit<ModelRequest, "correlationId">,
  signal: AbortSignal = new AbortController().signal,
  onPart: (part: ModelPart) => void = () => undefined,
): Promise<CollectedAnswer> {
  const parts: ModelPart[] = [];
  let error: ModelError | null = null;
  try {
    for await (const part of model.generate({ ...request, correlationId: "corr_test" }, signal)) {
      parts.push(part);
      onPart(part);
    }
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    error = thrown;
  }
  const last = parts.at(-1);
  return {
    parts,
    text: parts.map((part) => (part.type === "text" ? part.text : "")).join(""),
    reasoning: parts.map((part) => (part.type === "reasoning" ? part.text : "")).join(""),
    finish: last?.type === "finish" ? last : null,
    error,
  };
}
