/**
 * The text of a response, as far as `mostBytes`; the rest is not read. Empty when the connection breaks: whoever asks
 * wants the words of an error and has its status already.
 */
export async function readBoundedText(
  response: Response,
  mostBytes: number,
): Promise<{ text: string; whole: boolean }> {
  if (response.body === null) return { text: "", whole: true };
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let left = mostBytes;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { text: text + decoder.decode(), whole: true };
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.byteLength;
      if (left < 0) {
        void reader.cancel().catch(() => undefined);
        return { text, whole: false };
      }
    }
  } catch {
    return { text, whole: false };
  }
}

/** JSON where it is JSON, else the text itself. */
export function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
