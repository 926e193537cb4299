export { type Embedded, type EmbeddedOptions, startEmbedded } from "./embedded.ts";
export { main } from "./main.ts";
export { environmentExample, helpText } from "./messages.ts";
