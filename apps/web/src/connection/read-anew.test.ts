import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { readAnew } from "./read-anew.ts";

function shown() {
  const readings: ((data: string) => void)[] = [];
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const queryFn = () => new Promise<string>((resolve) => readings.push(resolve));
  const observer = new QueryObserver(queries, { queryKey: ["sessions"], queryFn });
  observer.subscribe(() => undefined);
  return { queries, readings, data: () => observer.getCurrentResult().data };
}

test("a first reading under way is shown and followed by another", async () => {
  const { queries, readings, data } = shown();
  const done = readAnew(queries, ["sessions"]);
  expect(readings).toHaveLength(1);
  readings[0]!("old");
  await vi.waitFor(() => expect(readings).toHaveLength(2));
  expect(data()).toBe("old");
  readings[1]!("new");
  await done;
  expect(data()).toBe("new");
});

test("what was read is read once more, and a reading that is under way is not waited for", async () => {
  const { queries, readings, data } = shown();
  readings[0]!("old");
  await vi.waitFor(() => expect(data()).toBe("old"));
  const first = readAnew(queries, ["sessions"]);
  await vi.waitFor(() => expect(readings).toHaveLength(2));
  const second = readAnew(queries, ["sessions"]);
  await vi.waitFor(() => expect(readings).toHaveLength(3));
  readings[2]!("new");
  await Promise.all([first, second]);
  expect(data()).toBe("new");
  expect(readings).toHaveLength(3);
});
