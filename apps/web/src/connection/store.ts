import type { ClientEvent } from "@uci/client";
import { create } from "zustand";
import { LiveAnswers } from "./live.ts";
import { type ChatState, initialState } from "./state.ts";
import { applyEvent } from "./transitions.ts";

/** What the page shows. Components select from it; only this folder changes it, by transitions. */
export const useChat = create<ChatState>(() => initialState);

const liveAnswers = new LiveAnswers();
let frameAsked = false;
/** Setting text is the dear part of a frame: oftener than this nobody sees the difference, and a slow machine feels it. */
const drawIntervalMs = 45;
let drawnMs = 0;

/** Makes a transition. */
export function change(transition: (state: ChatState) => ChatState): void {
  useChat.setState(transition, true);
}

/** Takes in one event of the stream. Pieces of answers are shown with the next frame, everything else at once. */
export function take(event: ClientEvent): void {
  if (event.type === "answer_changed") {
    liveAnswers.note(event, Date.now());
    askFrame();
    return;
  }
  if (event.type === "answer_ended") {
    // What arrived last may still wait for its frame, and with it how long it thought.
    flush();
    liveAnswers.forget(event.messageId);
  }
  change((state) => applyEvent(state, event));
}

/** Asks for the frame only when it is due: the browser makes every frame it is asked for, whether anything changes or not. */
function askFrame(): void {
  if (frameAsked) return;
  frameAsked = true;
  const waitMs = drawnMs + drawIntervalMs - performance.now();
  if (waitMs > 0) setTimeout(() => requestAnimationFrame(draw), waitMs);
  else requestAnimationFrame(draw);
}

function draw(): void {
  frameAsked = false;
  flush();
  if (!liveAnswers.empty) askFrame();
}

function flush(): void {
  drawnMs = performance.now();
  const changed = liveAnswers.take(useChat.getState(), Date.now());
  if (Object.keys(changed).length > 0) change((state) => ({ ...state, live: { ...state.live, ...changed } }));
}
