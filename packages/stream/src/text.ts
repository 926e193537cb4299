import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isIdentifier } from "@uci/protocol";

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. A lone half of a surrogate pair counts as the three bytes of U+FFFD it becomes. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 2;
      index++;
    } else bytes += 2;
  }
  return bytes;
}

/** Lower-case hex SHA-256 over the UTF-8 bytes of a text. Pure JavaScript: `crypto.subtle` is missing over plain HTTP. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(encoder.encode(text)));
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Makes a provider's text fit to be stored and cut: U+0000 and lone halves of surrogate pairs become U+FFFD, and a
 * half at the end of a piece waits for its other half.
 */
export class TextSanitizer {
  #pendingHighSurrogate = "";

  push(piece: string): string {
    let text = this.#pendingHighSurrogate + piece;
    this.#pendingHighSurrogate = "";
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#pendingHighSurrogate = text.slice(-1);
      text = text.slice(0, -1);
    }
    return wellFormed(text);
  }

  /** What is still waiting, at the end of the text. */
  end(): string {
    const rest = this.#pendingHighSurrogate === "" ? "" : "\uFFFD";
    this.#pendingHighSurrogate = "";
    return rest;
  }
}

function wellFormed(text: string): string {
  const replaced = text.includes("\u0000") ? text.replaceAll("\u0000", "\uFFFD") : text;
  return replaced.toWellFormed();
}

/** Cuts a text into pieces of at most `limitBytes` UTF-8 bytes (4 or more), never inside a character. */
export function splitByBytes(text: string, limitBytes: number): string[] {
  if (text.length * 3 <= limitBytes || utf8Bytes(text) <= limitBytes) return [text];
  const pieces: string[] = [];
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < text.length; ) {
    const width = text.codePointAt(index)! > 0xffff ? 2 : 1;
    const characterBytes = utf8Bytes(text.slice(index, index + width));
    if (bytes + characterBytes > limitBytes) {
      pieces.push(text.slice(start, index));
      start = index;
      bytes = 0;
    }
    bytes += characterBytes;
    index += width;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** A user id as it stands in a subject: itself where it can, else its hash. Trusted gateways give ids of any form. */
export function userToken(userId: string): string {
  return isIdentifier(userId) ? userId : `h_${sha256Hex(userId).slice(0, 40)}`;
}
