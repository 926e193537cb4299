export type CallOptions = { readonly signal?: AbortSignal };
/** `idempotencyKey`: made anew when not given; give the same one to repeat a call that may have arrived. */
export type SendOptions = CallOptions & { readonly idempotencyKey?: string };
/** `cursor`: the `next_cursor` of the page before. `limit`: rows, 1 to 100. */
export type PageOptions = CallOptions & { readonly cursor?: string; readonly limit?: number };
