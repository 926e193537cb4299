import fs from "node:fs";
import tls from "node:tls";

/** Files of a server's certificate, its key, and of the authority that clients verify it against. */
export type ServerTls = {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly authorityFile: string;
};

/** A TLS connection to a server of this machine, verified against its authority. */
export function connectTls(host: string, port: number, files: ServerTls): tls.TLSSocket {
  return tls.connect({ host, port, ca: fs.readFileSync(files.authorityFile) });
}
