export { BackgroundResponse } from "./background.ts";
export { type Fault, faultInPrompt } from "./faults.ts";
export { scriptedAnswer, scriptedReasoning, tokensOf, usualAnswerWords } from "./scripted-answer.ts";
export { ScriptedServer, type ScriptedServerOptions } from "./scripted-server.ts";
export { type RequestState, type SeenRequest, SeenRequests } from "./seen-requests.ts";
export { onWire, threeWires, wireNames } from "./three-wires.ts";
export type { WireName } from "./wires.ts";
