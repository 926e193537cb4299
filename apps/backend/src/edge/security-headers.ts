import type { IncomingMessage, ServerResponse } from "node:http";
import helmet from "helmet";

/**
 * Headers of every response. They are the same for all, so they are made once; they are kept in the reply, because a
 * response keeps what is set on itself for as long as it is open, in every stream.
 */
export function securityHeadersFor(publicUrl: string | undefined): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
    removeHeader: () => undefined,
  };
  helmet(securityOptions(publicUrl))({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}

function securityOptions(publicUrl: string | undefined) {
  const secure = publicUrl?.startsWith("https:") === true;
  return {
    // Over plain HTTP in a local network these two would only break the page.
    strictTransportSecurity: secure,
    crossOriginOpenerPolicy: secure,
    originAgentCluster: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        frameSrc: ["'none'"],
        mediaSrc: ["'none'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:", "blob:"],
        fontSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  };
}
