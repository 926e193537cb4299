import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fixture, type Instance } from "./fixture.ts";

const document = `<!doctype html><title>The page</title>${"<p>words</p>".repeat(200)}`;
const script = `export const words = ${JSON.stringify("words ".repeat(2_000))};`;

let folder: string;
let fixture: Fixture;
let instance: Instance;

function put(name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "page-files-"));
  for (const [name, content] of Object.entries({ "index.html": document, "assets/page-1a2b3c4d.js": script })) {
    put(name, content);
    put(`${name}.br`, zlib.brotliCompressSync(content));
    put(`${name}.gz`, zlib.gzipSync(content));
  }
  put("theme.js", "// small");
  fixture = await Fixture.start();
  instance = await fixture.instance({ pageFolder: folder });
});
afterAll(async () => {
  await fixture.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const unpacked: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  none: (bytes) => bytes,
};

/** Not `fetch`, which would unpack what it gets and hide how it came. */
async function get(address: string, accepted: string | undefined, method = "GET") {
  const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(`${instance.address()}${address}`, { agent: false, method, headers }, resolve);
    request.on("error", reject).end();
  });
  const bytes = await buffer(response);
  const encoding = response.headers["content-encoding"] ?? "none";
  const text = unpacked[encoding]?.(bytes).toString();
  return { status: response.statusCode, headers: response.headers, encoding, length: bytes.length, text };
}

describe("the files of the page", () => {
  it.each([
    { accepted: "gzip, deflate, br, zstd", encoding: "br" },
    { accepted: "gzip, deflate", encoding: "gzip" },
    { accepted: "identity", encoding: "none" },
    { accepted: "br;q=0", encoding: "none" },
    { accepted: undefined, encoding: "none" },
  ])("come as $encoding to who accepts $accepted", async ({ accepted, encoding }) => {
    const file = await get("/assets/page-1a2b3c4d.js", accepted);
    expect(file).toMatchObject({ status: 200, encoding, text: script });
    expect(file.headers["content-type"]).toContain("javascript");
    expect(file.headers["cache-control"]).toContain("immutable");
    expect(file.headers.vary).toContain("accept-encoding");
    expect(file.length < script.length / 10).toBe(encoding !== "none");
    for (const address of ["/", "/s/ses_of_somebody"]) {
      const page = await get(address, accepted);
      expect(page).toMatchObject({ status: 200, encoding, text: document });
      expect(page.headers["content-type"]).toContain("text/html");
      expect(page.headers["cache-control"]).toBe("no-cache");
      expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
    }
  });

  it.each([["/api/sessions"], ["/api/nothing"], ["/nothing.js"]])(
    "are guarded as the refusal of %s is",
    async (address) => {
      const { status, headers } = await get(address, "br");
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers["content-security-policy"]).toContain("default-src 'self'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
    },
  );

  it("come as they are where no compressed form lies beside them", async () => {
    expect(await get("/theme.js", "br, gzip")).toMatchObject({ status: 200, encoding: "none", text: "// small" });
  });

  it("are said to be there to who asks for their heads alone", async () => {
    for (const address of ["/", "/assets/page-1a2b3c4d.js"]) {
      expect(await get(address, undefined, "HEAD")).toMatchObject({ status: 200, length: 0 });
    }
  });

  it("are nothing else than these", async () => {
    for (const address of ["/assets/none.js", "/../package.json", "/%2e%2e/package.json", "/assets/..%2f..%2fa.js"]) {
      expect(await get(address, "br")).toMatchObject({ status: 404, encoding: "none" });
    }
  });
});
