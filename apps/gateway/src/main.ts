import fs from "node:fs";
import path from "node:path";
import { CertificateError, localCertificate } from "./certificate.ts";
import { gatewayHelpText, readGatewayCommand } from "./command-line.ts";
import { renderNginxConfiguration } from "./configuration.ts";
import { GatewayOptionError } from "./options.ts";

/** Writes a configuration as told by the command line. What cannot be done is said in one sentence. */
export function main(commandLine: readonly string[]): void {
  try {
    const command = readGatewayCommand(commandLine);
    if (command === null) {
      process.stdout.write(gatewayHelpText());
      return;
    }
    const { options, selfSigned, output } = command;
    const tls = selfSigned === null ? options.tls : localCertificate(path.resolve(selfSigned));
    const configuration = renderNginxConfiguration({ ...options, tls });
    if (output === null) process.stdout.write(configuration);
    else fs.writeFileSync(output, configuration);
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === null) throw error;
    process.stderr.write(`${sentence}\n`);
    process.exitCode = 1;
  }
}

function sentenceOf(error: unknown): string | null {
  if (error instanceof GatewayOptionError || error instanceof CertificateError) return error.message;
  if (!(error instanceof Error)) return null;
  const { code, path: file } = error as NodeJS.ErrnoException;
  return code === undefined || file === undefined ? null : `${file} cannot be written to (${code}).`;
}

if (import.meta.main) main(process.argv.slice(2));
