import { createProviders } from "@uci/adapters/providers";
import { type Attachment, attachmentSchema, wireLimits } from "@uci/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectError, Fixture, type Instance, until } from "./fixture.ts";

let fixture: Fixture;
let instance: Instance;
let people = 0;

beforeAll(async () => {
  fixture = await Fixture.start();
  const { baseUrl } = fixture.provider;
  const models = [{ id: "seeing", images: true }, "blind"];
  instance = await fixture.instance({ providers: createProviders({ openaiCompatible: { baseUrl, models } }) });
});
afterAll(() => fixture.close());

const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(40, 7)]);

/** Uploads as a page does; the answer as it came. */
async function post(userId: string, body: Buffer | string, mediaType: string, name: string | null) {
  const response = await fetch(`${instance.address()}/api/attachments`, {
    method: "POST",
    headers: {
      "x-user-id": userId,
      "content-type": mediaType,
      ...(name === null ? {} : { "x-file-name": encodeURIComponent(name) }),
    },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as unknown };
}

async function upload(userId: string, body: Buffer | string, mediaType: string, name: string): Promise<Attachment> {
  const answer = await post(userId, body, mediaType, name);
  expect(answer.status, answer.text).toBe(201);
  return attachmentSchema.parse(answer.body);
}

const person = () => `sender-${++people}`;

describe("files", () => {
  it("are given back to their owner, images in place and everything else as a download, and nothing in them runs", async () => {
    const user = person();
    const image = await upload(user, png, "image/png", "Grüße & more.png");
    expect(image).toMatchObject({ name: "Grüße & more.png", media_type: "image/png", size: png.length });
    const answer = await fetch(`${instance.address()}/api/attachments/${image.attachment_id}`, {
      headers: { "x-user-id": user },
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect(answer.headers.get("content-security-policy")).toContain("sandbox");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-disposition")).toBe("inline; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%26%20more.png");
    const page = await upload(user, "<script>alert(1)</script>", "text/html", "page.html");
    const served = await instance.user(user).call("GET", `/api/attachments/${page.attachment_id}`);
    expect(served.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(served.headers.get("content-disposition")).toMatch(/^attachment/);
    await instance.user(person()).refused("not_found", "GET", `/api/attachments/${image.attachment_id}`);
    await instance.user(person()).refused("not_found", "DELETE", `/api/attachments/${image.attachment_id}`);
    expect((await instance.user(user).call("DELETE", `/api/attachments/${image.attachment_id}`)).status).toBe(204);
    await instance.user(user).refused("not_found", "GET", `/api/attachments/${image.attachment_id}`);
  });

  it("are refused with a clear error where they are too large, of another kind, or not what they say", async () => {
    const user = person();
    const cases: [Parameters<typeof expectError>[1], Buffer | string, string, string | null][] = [
      ["unsupported_media_type", "%PDF-1.7", "application/pdf", "paper.pdf"],
      ["unsupported_media_type", "not a picture", "image/png", "cat.png"],
      ["unsupported_media_type", Buffer.from([0xff, 0xfe, 0x00]), "text/plain", "binary.txt"],
      ["unsupported_media_type", "a\u0000b", "text/plain", "nul.txt"],
      ["payload_too_large", "x".repeat(wireLimits.attachedTextBytes + 1), "text/plain", "long.txt"],
      ["payload_too_large", Buffer.alloc(wireLimits.attachedImageBytes + 1), "image/png", "huge.png"],
      ["invalid_request", "x", "text/plain", null],
      ["invalid_request", "x", "text/plain", "n".repeat(wireLimits.attachmentNameCharacters + 1)],
      ["invalid_request", "", "text/plain", "empty.txt"],
    ];
    for (const [code, body, type, name] of cases) expectError(await post(user, body, type, name), code, `${name}`);
  });

  it("go with a message: texts into the prompt, images to models that can see, and a line to others", async () => {
    const user = person();
    const caller = instance.user(user);
    const image = await upload(user, png, "image/png", "cat.png");
    const notes = await upload(user, "remember the milk", "application/octet-stream", "notes.md");
    const attachments = [notes.attachment_id, image.attachment_id];
    const seen = await caller.chat("What do you see?", { attachments, model: "seeing" });
    await instance.settled();
    const asked = () => JSON.stringify(fixture.provider.requests.all.at(-1)?.body);
    expect(asked()).toContain("remember the milk");
    expect(asked()).toContain(`data:image/png;base64,${png.toString("base64")}`);
    const [question] = await caller.history(seen.session_id);
    expect(question?.metadata.attachments).toEqual([
      { attachment_id: notes.attachment_id, name: "notes.md", media_type: "text/plain" },
      { attachment_id: image.attachment_id, name: "cat.png", media_type: "image/png" },
    ]);
    await caller.chat("And now?", { session_id: seen.session_id, model: "blind" });
    await instance.settled();
    expect(asked()).toContain("cannot be shown to you");
    expect(asked()).not.toContain("base64");
    expect(asked()).toContain("remember the milk");
    expect((await caller.call("POST", `/api/messages/${seen.message_id}/regenerate`, { body: {} })).status).toBe(202);
    await instance.settled();
    expect(asked()).toContain("remember the milk");
  });

  it("may be all there is of a message, but must be one's own", async () => {
    const user = person();
    const { attachment_id } = await upload(user, "words", "text/plain", "a.txt");
    const body = { message: "", attachments: [attachment_id] };
    await instance.user(person()).refused("not_found", "POST", "/api/chat", { body });
    await instance.user(user).refused("invalid_request", "POST", "/api/chat", { body: { message: " " } });
    await instance.user(user).refused("invalid_request", "POST", "/api/chat", { body: { ...body, temporary: true } });
    const many = Array.from({ length: wireLimits.attachmentsPerMessage + 1 }, () => attachment_id);
    await instance
      .user(user)
      .refused("invalid_request", "POST", "/api/chat", { body: { message: "", attachments: many } });
    expect((await instance.user(user).call("POST", "/api/chat", { body })).status).toBe(202);
    await instance.settled();
  });

  it("go with their session, and are cleared away when nobody uses them any more", async () => {
    const user = person();
    const { attachment_id } = await upload(user, "words", "text/plain", "a.txt");
    const { session_id } = await instance.user(user).chat("Hello", { attachments: [attachment_id] });
    await instance.settled();
    const links = () => instance.query("select 1 from message_attachments where attachment_id = $1", [attachment_id]);
    expect(await links()).toHaveLength(1);
    await instance.user(user).call("DELETE", `/api/sessions/${session_id}`);
    await until("the message is gone", async () => (await links()).length === 0);
  });
});
