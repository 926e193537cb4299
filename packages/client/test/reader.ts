import { type ClientEvent, type ConnectionState, openStream, type StreamOptions } from "../src/index.ts";

/** A stream together with what a page would show of it: text built from the increments alone. */
export function readerOf(baseUrl: string, options: Partial<StreamOptions> = {}) {
  const events: ClientEvent[] = [];
  const texts = new Map<string, string>();
  const states: ConnectionState[] = [];
  const stream = openStream({
    baseUrl,
    sessionIds: ["sess_1"],
    ...options,
    onEvent(event) {
      events.push(event);
      if (event.type === "connection") states.push(event.state);
      if (event.type !== "answer_changed") return;
      const before = event.change === "replaced" ? null : texts.get(event.messageId);
      texts.set(event.messageId, before == null ? event.fold.text : before + event.appendedText);
    },
  });
  return {
    stream,
    events,
    texts,
    states,
    shown: () => texts.get("msg_1") ?? "",
    ended: () => events.filter((event) => event.type === "answer_ended"),
    of: <Type extends ClientEvent["type"]>(type: Type) =>
      events.filter((event): event is Extract<ClientEvent, { type: Type }> => event.type === type),
  };
}
