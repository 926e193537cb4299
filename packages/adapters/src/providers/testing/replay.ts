/** A `fetch` that answers every request with these bytes, in packets that end at the given positions. */
export function replayFetch(bytes: Uint8Array, ends: readonly number[] = []): typeof fetch {
  return async () => {
    const cuts = [
      0,
      ...[...ends].filter((end) => end > 0 && end < bytes.length).sort((one, other) => one - other),
      bytes.length,
    ];
    const packets = cuts.slice(1).map((end, index) => bytes.slice(cuts[index]!, end));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const packet = packets.shift();
        if (packet === undefined) controller.close();
        else controller.enqueue(packet);
      },
    });
    return new Response(body, { status: 200, headers: { "content-type": "text/event-stream" } });
  };
}
