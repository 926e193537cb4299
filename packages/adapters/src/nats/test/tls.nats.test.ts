import { execFileSync } from "node:child_process";
import path from "node:path";
import { type ServerTls, temporaryFolder } from "@uci/services";
import { describe, expect, it } from "vitest";
import { openBroker, settingsOf, startServer } from "./broker.ts";
import { entry } from "./samples.ts";

/** A certificate for this machine that is its own authority. */
function makeCertificate(): ServerTls {
  const folder = temporaryFolder("certificate");
  const keyFile = path.join(folder, "key.pem");
  const certificateFile = path.join(folder, "certificate.pem");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...key, ...names, "-days", "2", "-out", certificateFile], {
    stdio: "ignore",
  });
  return { keyFile, certificateFile, authorityFile: certificateFile };
}

describe("NATS over TLS", () => {
  it("speaks with servers whose certificate its authority vouches for, and with no others", async () => {
    const tls = makeCertificate();
    const server = await startServer({ tls });
    const settings = settingsOf([server], { tls: { caFile: tls.authorityFile } });
    const { broker } = await openBroker(settings);
    await broker.provision();
    expect((await broker.journal.append("worker-1", entry(0), 0, "control")).kind).toBe("committed");
    const stranger = { ...settings, reachWithinMs: 300, tls: { caFile: makeCertificate().authorityFile } };
    await expect(openBroker(stranger)).rejects.toThrow(/NATS cannot be reached at .* within 0.3 s: .*certificate/);
  });

  it("never sends a password to a server that does not encrypt", async () => {
    const server = await startServer();
    const { host, port } = server.command;
    const settings = settingsOf([server], { servers: [`tls://${host}:${port}`], reachWithinMs: 300 });
    await expect(openBroker(settings)).rejects.toThrow(/does not support 'tls'/);
  });
});
