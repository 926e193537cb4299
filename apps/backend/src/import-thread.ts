/** A thread that reads one file of conversations: parsing 50 MiB of JSON would stop every stream of the pod meanwhile. */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type ImportedFile, importedFile } from "@uci/chat";

/** What the thread answers: the file's conversations, or why it has none. */
type Reading = { readonly file: ImportedFile } | { readonly problem: "not_json" | "unknown_format" };

const readingLimitMs = 30_000;

/** Reads a file away from the event loop. Throws what makes the thread end. */
export async function readImport(bytes: Uint8Array): Promise<Reading> {
  const worker = new Worker(new URL(import.meta.url), { workerData: bytes });
  const { promise, resolve, reject } = Promise.withResolvers<Reading>();
  const timer = setTimeout(() => reject(new Error("reading the file took too long")), readingLimitMs);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("the thread that read the file ended")));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function reading(bytes: Uint8Array): Reading {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { problem: "not_json" };
  }
  const file = importedFile(value, Date.now());
  return file === null ? { problem: "unknown_format" } : { file };
}

if (!isMainThread && workerData instanceof Uint8Array) parentPort?.postMessage(reading(workerData));
