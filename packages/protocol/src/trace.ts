const uuidPattern = /([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;
const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * W3C trace context (`traceparent`) of what is done under a correlation id: its UUID is the trace id, so that every
 * service derives the same trace without being told. The span is taken from the id of the thing worked on. Null when the
 * correlation id is somebody's own and holds no UUID.
 */
export function traceparentOf(correlationId: string, spanSource: string): string | null {
  const trace = uuidPattern.exec(correlationId)?.slice(1).join("");
  const span = uuidPattern.exec(spanSource)?.slice(1).join("").slice(16) ?? trace?.slice(16);
  if (trace === undefined || span === undefined || /^0+$/.test(trace) || /^0+$/.test(span)) return null;
  return `00-${trace}-${span}-01`;
}

/** The correlation id that stands for a caller's trace: `corr_` and its trace id as a UUID; null when it is not one. */
export function correlationIdOfTrace(traceparent: string): string | null {
  const trace = traceparentPattern.exec(traceparent)?.[1];
  if (trace === undefined || /^0+$/.test(trace)) return null;
  const parts = [trace.slice(0, 8), trace.slice(8, 12), trace.slice(12, 16), trace.slice(16, 20), trace.slice(20)];
  return `corr_${parts.join("-")}`;
}
