import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import type { CertificateFiles } from "./options.ts";

/** A certificate for local use, and the authority made for it alone, which clients may trust. */
export type LocalCertificate = CertificateFiles & { readonly authorityFile: string };

/** No certificate could be made; `message` is one sentence. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

const localNames = ["127.0.0.1", "localhost", "::1"];
const validDays = 800;
const renewedBeforeMs = 30 * 24 * 60 * 60 * 1000;

/**
 * The certificate in this folder, made with the `openssl` program when there is none yet, it ends within 30 days or it
 * is for other names. The key of the authority is thrown away, so that nothing else is ever signed with it.
 */
export function localCertificate(folder: string, names: readonly string[] = localNames): LocalCertificate {
  const files = filesIn(folder);
  if (isUsable(files, names)) return files;
  const unfinished = `${folder}.${process.pid}`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  try {
    makeCertificate(unfinished, names);
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(unfinished, folder);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
  return files;
}

function filesIn(folder: string): LocalCertificate {
  return {
    authorityFile: path.join(folder, "authority.pem"),
    certificateFile: path.join(folder, "certificate.pem"),
    keyFile: path.join(folder, "key.pem"),
  };
}

function isUsable(files: LocalCertificate, names: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(fs.readFileSync(files.certificateFile));
    const authority = new X509Certificate(fs.readFileSync(files.authorityFile));
    fs.accessSync(files.keyFile, fs.constants.R_OK);
    const lasts = Date.parse(certificate.validTo) - Date.now() > renewedBeforeMs;
    const named = names.every((name) =>
      net.isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name),
    );
    return lasts && named && certificate.checkIssued(authority);
  } catch {
    return false;
  }
}

function makeCertificate(folder: string, names: readonly string[]): void {
  const { authorityFile, certificateFile, keyFile } = filesIn(folder);
  const configuration = path.join(folder, "openssl.conf");
  const authorityKey = path.join(folder, "authority-key.pem");
  const request = path.join(folder, "request.pem");
  fs.writeFileSync(configuration, opensslConfiguration(names));
  const asked = ["-config", configuration, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const days = ["-days", String(validDays)];
  const [authorityName, serverName] = ["/CN=Universal Chat Interface local authority", "/CN=Universal Chat Interface"];
  const ofAuthority = ["-subj", authorityName, "-keyout", authorityKey, "-out", authorityFile];
  runOpenssl(["req", "-x509", ...asked, ...days, "-extensions", "authority", ...ofAuthority]);
  runOpenssl(["req", "-new", ...asked, "-subj", serverName, "-keyout", keyFile, "-out", request]);
  // Browsers refuse a second certificate of one name and number.
  const serial = ["-set_serial", `0x${Date.now().toString(16)}`];
  const signing = ["-CA", authorityFile, "-CAkey", authorityKey, ...serial, ...days];
  const extensions = ["-extfile", configuration, "-extensions", "server"];
  runOpenssl(["x509", "-req", "-in", request, ...signing, ...extensions, "-out", certificateFile]);
  fs.chmodSync(keyFile, 0o600);
  for (const file of [configuration, authorityKey, request]) fs.rmSync(file);
}

/** Everything is said here: what the system's own configuration adds differs from one to the next. */
function opensslConfiguration(names: readonly string[]): string {
  return [
    "[req]",
    "distinguished_name = name",
    "prompt = no",
    "[name]",
    "CN = Universal Chat Interface",
    "[authority]",
    "basicConstraints = critical, CA:TRUE, pathlen:0",
    "keyUsage = critical, keyCertSign, cRLSign",
    "subjectKeyIdentifier = hash",
    "[server]",
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    "extendedKeyUsage = serverAuth, clientAuth",
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
    `subjectAltName = ${names.map((name) => `${net.isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(", ")}`,
    "",
  ].join("\n");
}

function runOpenssl(openSslArguments: readonly string[]): void {
  const result = spawnSync("openssl", openSslArguments, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (result.error !== undefined) {
    throw new CertificateError(
      "A certificate for local use is made with the program openssl, which is not installed: install it, or give a certificate of yours.",
    );
  }
  if (result.status === 0) return;
  const said = result.stderr.trim().split("\n").at(-1) ?? "";
  throw new CertificateError(`openssl could not make a certificate: ${said}.`);
}
