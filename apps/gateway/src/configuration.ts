import fs from "node:fs";
import path from "node:path";
import { wireLimits } from "@uci/protocol";
import { errorLocations, errorPageLines } from "./error-pages.ts";
import {
  GatewayOptionError,
  type GatewayOptions,
  type GatewaySettings,
  gatewaySettings,
  isAtLeast,
  shownAddress,
} from "./options.ts";

/** How long a pod that failed twice is not asked. */
const reading = "max_fails=2 fail_timeout=5s";
const never = "max_fails=0";
const triesMost = 3;

/** nginx's whole configuration. Throws `GatewayOptionError` with one sentence for an option that cannot be used. */
export function renderNginxConfiguration(options: GatewayOptions): string {
  const settings = gatewaySettings(options);
  const template = fs.readFileSync(path.join(import.meta.dirname, "..", "nginx.conf.template"), "utf8");
  const values = valuesOf(settings);
  return template.replace(/^( *)\{\{(\w+)\}\}$|\{\{(\w+)\}\}/gm, (_match, indent, block, inline) => {
    const value = values[block ?? inline];
    if (value === undefined) throw new RangeError(`the template asks for ${block ?? inline}`);
    return block === undefined ? value : value.replace(/^(?=.)/gm, indent);
  });
}

function valuesOf(settings: GatewaySettings): Readonly<Record<string, string>> {
  const { pods, account } = settings;
  const again = settings.resolver === null ? "" : " resolve";
  const servers = (rule: string) => pods.map((pod) => `server ${shownAddress(pod)} ${rule}${again};`).join("\n");
  return {
    user: account === null ? "" : `user ${account};`,
    workerProcesses: String(settings.workerProcesses),
    folder: checkedPath(settings.folder),
    accessLog: checkedPath(settings.accessLog),
    errorLog: settings.errorLog === "stderr" ? "stderr" : checkedPath(settings.errorLog),
    resolver: resolverLines(settings),
    realIp: realIpLines(settings),
    readingServers: servers(reading),
    servers: servers(never),
    requestsPerSecond: String(settings.requestsPerSecond),
    requestBurst: String(settings.requestBurst),
    streamsPerAddress: String(settings.streamsPerAddress),
    requestBodyBytes: String(settings.requestBodyBytes),
    importBytes: String(wireLimits.importBytes),
    attachmentBytes: String(wireLimits.attachedImageBytes),
    tries: String(Math.min(pods.length, triesMost)),
    ...askingAnother(pods.length),
    userHeader: settings.trustsUserHeader ? "$http_x_user_id" : '""',
    listen: listenLines(settings),
    errorPages: errorPageLines.server,
    pageErrorPages: errorPageLines.page,
    turnErrorPages: errorPageLines.turn,
    streamErrorPages: errorPageLines.stream,
    errorLocations: errorLocations(),
  };
}

function listenLines({ listen, tls, nginxVersion }: GatewaySettings): string {
  const address = shownAddress(listen);
  if (tls === null) return `listen ${address};`;
  const lines = hasDirective(nginxVersion) ? [`listen ${address} ssl;`, "http2 on;"] : [`listen ${address} ssl http2;`];
  return [
    ...lines,
    `ssl_certificate "${checkedPath(tls.certificateFile)}";`,
    `ssl_certificate_key "${checkedPath(tls.keyFile)}";`,
    "ssl_protocols TLSv1.2 TLSv1.3;",
    "ssl_session_cache shared:gateway:4m;",
    "ssl_session_timeout 1h;",
    "ssl_session_tickets off;",
    "# Somebody has typed http:// before an address that speaks TLS.",
    "error_page 497 =308 https://$asked_host$request_uri;",
  ].join("\n");
}

/** One place for each further pod that is asked; the last sends nothing on, so its pod answers whatever it is. */
function askingAnother(pods: number): { readonly askAnother: string; readonly otherPods: string } {
  const names = Array.from({ length: Math.min(pods, triesMost) - 1 }, (_none, index) => `"@other_pod_${index + 1}"`);
  const places = names.map((name, index) =>
    [
      `location ${name} {`,
      `  set $ask_another ${names[index + 1] ?? '""'};`,
      "  proxy_pass http://pods_other;",
      "}",
    ].join("\n"),
  );
  return { askAnother: names[0] ?? '""', otherPods: places.join("\n") };
}

/** A pod that was made anew has another address, and one that is missing must not keep nginx from starting. */
function resolverLines({ resolver }: GatewaySettings): string {
  if (resolver === null) return "";
  return [`resolver ${resolver.includes(":") ? `[${resolver}]` : resolver} valid=5s;`, "resolver_timeout 2s;"].join(
    "\n",
  );
}

/** Behind something that ends TLS every caller would be one address, and share one limit. */
function realIpLines({ realIpFrom, realIpFiles }: GatewaySettings): string {
  if (realIpFrom.length === 0 && realIpFiles === null) return "";
  return [
    ...realIpFrom.map((network) => `set_real_ip_from ${network};`),
    ...(realIpFiles === null ? [] : [`include "${checkedPath(realIpFiles)}";`]),
    "real_ip_header X-Forwarded-For;",
    "real_ip_recursive on;",
  ].join("\n");
}

/** Whether this nginx has `http2 on;`. */
function hasDirective(version: string): boolean {
  return isAtLeast(version, [1, 25, 1]);
}

/** A path that stands between quotes; it may hold nothing that nginx would take for more than itself. */
function checkedPath(file: string): string {
  if (path.isAbsolute(file) && !/["\\$\p{Cc}]/u.test(file)) return file;
  throw new GatewayOptionError(`nginx cannot use the path ${JSON.stringify(file)}.`);
}
