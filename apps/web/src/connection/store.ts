import type { ClientEvent } from "@uci/client";
import { create } from "zustand";
import { drawIntervalMs, LiveAnswers } from "./live.ts";
import { type ChatState, initialState } from "./state.ts";
import { applyEvent } from "./transitions.ts";

/** What the page shows. Components select from it; only this folder changes it, by transitions. */
export const useChat = create<ChatState>(() => initialState);

const liveAnswers = new LiveAnswers();
let drawAsked = false;
let askedMs = 0;
/** The next time text may be drawn. */
let drawDueMs = 0;

/** Makes a transition. */
export function change(transition: (state: ChatState) => ChatState): void {
  useChat.setState(transition, true);
}

/** Takes in one event of the stream. Pieces of answers are shown a moment later, everything else at once. */
export function take(event: ClientEvent): void {
  if (event.type === "answer_changed") {
    liveAnswers.note(event, Date.now());
    askDraw();
    return;
  }
  if (event.type === "answer_ended") {
    // What arrived last may still wait to be drawn, and with it how long it thought.
    flush();
    liveAnswers.forget(event.messageId);
  }
  change((state) => applyEvent(state, event));
}

/**
 * Draws when it is due, and not in a frame: the text is set after the frame in which it changes and wants one of its own,
 * so that every other frame would be made for nothing. A page that nobody sees has its next frame when it is seen again.
 */
function askDraw(): void {
  if (drawAsked) return;
  drawAsked = true;
  askedMs = performance.now();
  if (document.hidden) requestAnimationFrame(draw);
  else setTimeout(draw, Math.max(0, drawDueMs - performance.now()));
}

function draw(): void {
  drawAsked = false;
  const nowMs = performance.now();
  drawDueMs = nowMs + drawIntervalMs(nowMs - Math.max(drawDueMs, askedMs));
  flush();
  if (!liveAnswers.empty) askDraw();
}

function flush(): void {
  const changed = liveAnswers.take(useChat.getState(), Date.now());
  if (Object.keys(changed).length > 0) change((state) => ({ ...state, live: { ...state.live, ...changed } }));
}
