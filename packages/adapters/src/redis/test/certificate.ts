import { execFileSync } from "node:child_process";
import path from "node:path";
import { type ServerTls, temporaryFolder } from "@uci/services";

/** A certificate for this machine that is its own authority. */
export function makeCertificate(): ServerTls {
  const folder = temporaryFolder("certificate");
  const [keyFile, certificateFile] = ["key.pem", "certificate.pem"].map((name) => path.join(folder, name));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile!];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", ...key, ...names, "-days", "2", "-out", certificateFile!], {
    stdio: "ignore",
  });
  return { keyFile: keyFile!, certificateFile: certificateFile!, authorityFile: certificateFile! };
}
