import type { WireName } from "./wires.ts";

/** A stream as a provider sends it, and what an adapter must make of it. Written by hand after the providers' documentation. */
export type Recording = {
  readonly name: string;
  readonly wire: WireName;
  readonly stream: string;
  /** Where the provider's own end marker begins: a stream that is cut before is not complete. */
  readonly endMarker: string;
  readonly text: string;
  readonly reasoning: string;
  readonly finish: "stop" | "length" | "content_filter" | "tool_calls";
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined;
  readonly responseId?: string;
};

/** Chat completions with usage and OpenAI's padding. */
const chat = `data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"kX"}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","choices":[{"index":0,"delta":{"content":"Grüße"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a"}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","choices":[{"index":0,"delta":{"content":", 日本 👩‍💻"},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","choices":[{"index":0,"delta":{"content":" data: [DONE]\\n\\ndata: [DONE]\\n"},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-C1","object":"chat.completion.chunk","created":1780000000,"model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}

data: [DONE]

`;

/** A reasoning model behind a gateway: comments, \`reasoning_content\`, null contents, usage beside the last choice. */
const chatReasoning = `: GATEWAY PROCESSING

data: {"id":"gen-1","object":"chat.completion.chunk","created":1780000000,"model":"r-1","choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"First "},"finish_reason":null}]}

: GATEWAY PROCESSING

data: {"id":"gen-1","object":"chat.completion.chunk","created":1780000000,"model":"r-1","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"think…"},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","created":1780000000,"model":"r-1","choices":[{"index":0,"delta":{"content":"Then ","reasoning_content":null},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","created":1780000000,"model":"r-1","choices":[{"index":0,"delta":{"content":"speak."},"finish_reason":null}]}

data: {"id":"gen-1","object":"chat.completion.chunk","created":1780000000,"model":"r-1","choices":[{"index":0,"delta":{"content":""},"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9}}

data: [DONE]

`;

const messages = `event: message_start
data: {"type":"message_start","message":{"id":"msg_01A","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" – 𝄞 event: message_stop\\n"}}

event: something_new
data: {"type":"something_new","of":"a later version"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}

event: message_stop
data: {"type":"message_stop"}

`;

/** Extended thinking, then text in two blocks, as citations make them; stopped by \`max_tokens\`. */
const messagesThinking = `event: message_start
data: {"type":"message_start","message":{"id":"msg_01B","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":30,"output_tokens":3}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwKAhgB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"One, "}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"two"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":40}}

event: message_stop
data: {"type":"message_stop"}

`;

/** Reasoning summaries in two parts, then a message; events with sequence numbers and padding. */
const responses = `event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_68a","object":"response","created_at":1780000000,"status":"in_progress","background":false,"error":null,"incomplete_details":null,"instructions":null,"model":"gpt-x","output":[],"parallel_tool_calls":true,"store":false,"usage":null}}

event: response.in_progress
data: {"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_68a","object":"response","created_at":1780000000,"status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-x","output":[],"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAA","summary":[]}}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"**Plan**","obfuscation":"Zq1"}

event: response.reasoning_summary_text.done
data: {"type":"response.reasoning_summary_text.done","sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"**Plan**"}

event: response.reasoning_summary_part.done
data: {"type":"response.reasoning_summary_part.done","sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"**Plan**"}}

event: response.reasoning_summary_part.added
data: {"type":"response.reasoning_summary_part.added","sequence_number":7,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}

event: response.reasoning_summary_text.delta
data: {"type":"response.reasoning_summary_text.delta","sequence_number":8,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Check."}

event: response.reasoning_summary_part.done
data: {"type":"response.reasoning_summary_part.done","sequence_number":9,"item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":"Check."}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":10,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAB","summary":[{"type":"summary_text","text":"**Plan**"},{"type":"summary_text","text":"Check."}]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":11,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":12,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":13,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Schön","logprobs":[],"obfuscation":"n2pQ"}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":14,"item_id":"msg_1","output_index":1,"content_index":0,"delta":" 🇩🇪 event: response.completed\\n","logprobs":[],"obfuscation":""}

event: response.output_text.done
data: {"type":"response.output_text.done","sequence_number":15,"item_id":"msg_1","output_index":1,"content_index":0,"text":"Schön 🇩🇪 event: response.completed\\n","logprobs":[]}

event: response.content_part.done
data: {"type":"response.content_part.done","sequence_number":16,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":"Schön 🇩🇪 event: response.completed\\n"}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":17,"output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Schön 🇩🇪 event: response.completed\\n"}],"role":"assistant"}}

event: response.completed
data: {"type":"response.completed","sequence_number":18,"response":{"id":"resp_68a","object":"response","created_at":1780000000,"status":"completed","error":null,"incomplete_details":null,"model":"gpt-x","output":[{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Schön 🇩🇪 event: response.completed\\n"}],"role":"assistant"}],"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":33,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":44}}}

`;

/** Two message items, the first a remark before the answer; cut off by the caller's token limit. */
const responsesIncomplete = `event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_2","object":"response","created_at":1780000000,"status":"in_progress","model":"gpt-x","output":[],"error":null,"incomplete_details":null,"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_a","type":"message","status":"in_progress","content":[],"role":"assistant"}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"msg_a","output_index":0,"content_index":0,"delta":"I will look.","logprobs":[]}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":3,"output_index":0,"item":{"id":"msg_a","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"text":"I will look."}],"role":"assistant"}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":4,"output_index":1,"item":{"id":"msg_b","type":"message","status":"in_progress","content":[],"role":"assistant"}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_b","output_index":1,"content_index":0,"delta":"It is","logprobs":[]}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":6,"output_index":1,"item":{"id":"msg_b","type":"message","status":"incomplete","content":[{"type":"output_text","annotations":[],"text":"It is"}],"role":"assistant"}}

event: response.incomplete
data: {"type":"response.incomplete","sequence_number":7,"response":{"id":"resp_2","object":"response","created_at":1780000000,"status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"model":"gpt-x","output":[],"usage":{"input_tokens":8,"output_tokens":16,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":24}}}

`;

export const recordings: readonly Recording[] = [
  {
    name: "chat completions",
    wire: "chat",
    stream: chat,
    endMarker: "data: [DONE]\n\n",
    text: "Grüße, 日本 👩‍💻 data: [DONE]\n\ndata: [DONE]\n",
    reasoning: "",
    finish: "stop",
    usage: { inputTokens: 9, outputTokens: 12 },
  },
  {
    name: "chat completions with reasoning, cut by length",
    wire: "chat",
    stream: chatReasoning,
    endMarker: "data: [DONE]\n\n",
    text: "Then speak.",
    reasoning: "First think…",
    finish: "length",
    usage: { inputTokens: 5, outputTokens: 4 },
  },
  {
    name: "chat completions with CR LF",
    wire: "chat",
    stream: chat.replaceAll("\n", "\r\n"),
    endMarker: "data: [DONE]\r\n\r\n",
    text: "Grüße, 日本 👩‍💻 data: [DONE]\n\ndata: [DONE]\n",
    reasoning: "",
    finish: "stop",
    usage: { inputTokens: 9, outputTokens: 12 },
  },
  {
    name: "Messages API",
    wire: "messages",
    stream: messages,
    endMarker: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    text: "Hello – 𝄞 event: message_stop\n!",
    reasoning: "",
    finish: "stop",
    usage: { inputTokens: 25, outputTokens: 15 },
  },
  {
    name: "Messages API with thinking",
    wire: "messages",
    stream: messagesThinking,
    endMarker: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    text: "One, two",
    reasoning: "Let me see.",
    finish: "length",
    usage: { inputTokens: 30, outputTokens: 40 },
  },
  {
    name: "Responses API with reasoning",
    wire: "responses",
    stream: responses,
    endMarker: 'event: response.completed\ndata: {"type":"response.completed"',
    text: "Schön 🇩🇪 event: response.completed\n",
    reasoning: "**Plan**\n\nCheck.",
    finish: "stop",
    usage: { inputTokens: 11, outputTokens: 33 },
    responseId: "resp_68a",
  },
  {
    name: "Responses API, two messages, incomplete",
    wire: "responses",
    stream: responsesIncomplete,
    endMarker: "event: response.incomplete\n",
    text: "I will look.\n\nIt is",
    reasoning: "",
    finish: "length",
    usage: { inputTokens: 8, outputTokens: 16 },
    responseId: "resp_2",
  },
];
