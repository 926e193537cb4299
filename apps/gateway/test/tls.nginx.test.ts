import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import path from "node:path";
import { temporaryFolder } from "@uci/services";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalCertificate, localCertificate } from "../src/certificate.ts";
import { startGateway, type TestGateway, Upstream } from "./fixture.ts";

describe("TLS", () => {
  const pod = new Upstream((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("first");
    setImmediate(() => response.end("last"));
  });
  let certificate: LocalCertificate;
  let gateway: TestGateway;
  let ca: Buffer;

  beforeAll(async () => {
    certificate = localCertificate(path.join(temporaryFolder("certificate"), "made"));
    ca = fs.readFileSync(certificate.authorityFile);
    await pod.start();
    gateway = await startGateway([pod], { tls: certificate });
  });
  afterAll(async () => {
    await gateway.process.stop();
    await pod.kill();
  });

  it("speaks HTTP/2, verified against the authority made for it", async () => {
    const session = http2.connect(gateway.url, { ca });
    const stream = session.request({ ":path": "/api/sse?session_id=a", "x-correlation-id": "corr_h2" });
    let text = "";
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    expect(text).toBe("firstlast");
    expect(session.alpnProtocol).toBe("h2");
    session.close();
    const { headers } = pod.seen.find((request) => request.headers["x-correlation-id"] === "corr_h2")!;
    const host = `${gateway.host}:${gateway.port}`;
    expect(headers).toMatchObject({ host, "x-forwarded-host": host, "x-forwarded-proto": "https" });
  });

  it("speaks HTTP/1.1 too", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    https.get(`${gateway.url}/`, { ca }, resolve).on("error", reject);
    const response = await promise;
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it("sends whoever typed http:// to https://", async () => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    http.get(`http://${gateway.host}:${gateway.port}/c/1?a=b`, resolve).on("error", reject);
    const response = await promise;
    response.resume();
    expect(response.statusCode).toBe(308);
    expect(response.headers.location).toBe(`${gateway.url}/c/1?a=b`);
  });
});

describe("a certificate for local use", () => {
  it("is made once, without the authority's key left behind, and anew for other names", () => {
    const folder = path.join(temporaryFolder("certificate"), "made");
    const files = localCertificate(folder);
    const first = fs.readFileSync(files.certificateFile, "utf8");
    expect(fs.readdirSync(folder).sort()).toEqual(["authority.pem", "certificate.pem", "key.pem"]);
    expect(fs.statSync(files.keyFile).mode & 0o077).toBe(0);
    localCertificate(folder);
    expect(fs.readFileSync(files.certificateFile, "utf8")).toBe(first);
    localCertificate(folder, ["chat.example.org"]);
    expect(fs.readFileSync(files.certificateFile, "utf8")).not.toBe(first);
  });

  it("is asked for in one command, which nginx takes", () => {
    const folder = temporaryFolder("command");
    const program = path.join(import.meta.dirname, "../src/main.ts");
    const output = path.join(folder, "nginx.conf");
    const made = ["--self-signed", path.join(folder, "certificate"), "--folder", folder, "--output", output];
    execFileSync(process.execPath, [program, "--pod", "127.0.0.1:8081", ...made]);
    expect(fs.readFileSync(output, "utf8")).toContain("ssl_certificate ");
  });
});
