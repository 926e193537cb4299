import { describe, expect, it } from "vitest";
import { accountFrom } from "../src/account.ts";
import { gatewayHelpText, readGatewayCommand } from "../src/command-line.ts";
import { renderNginxConfiguration } from "../src/configuration.ts";
import { GatewayOptionError, type GatewayOptions } from "../src/options.ts";

const options: GatewayOptions = {
  folder: "/var/lib/gateway",
  listen: { host: "127.0.0.1", port: 8080 },
  pods: [
    { host: "pod-1", port: 8081 },
    { host: "::1", port: 8082 },
  ],
  tls: null,
};
const tls = { certificateFile: "/etc/a b/chain.pem", keyFile: "/etc/a b/key.pem" };

describe("the configuration", () => {
  it("names every pod in every group, and leaves nothing of the template open", () => {
    const text = renderNginxConfiguration(options);
    expect(text.match(/server pod-1:8081 /g)).toHaveLength(4);
    expect(text.match(/server \[::1\]:8082 /g)).toHaveLength(4);
    expect(text).not.toMatch(/\{\{|undefined/);
  });

  it("never allows a changing request without a key to be sent again", () => {
    const lines = renderNginxConfiguration(options).match(/^ *proxy_next_upstream .*$/gm);
    expect(lines?.filter((line) => line.includes("non_idempotent"))).toHaveLength(1);
  });

  it("asks a name server for the pods again and again where there is one", () => {
    const text = renderNginxConfiguration({ ...options, resolver: "127.0.0.11", nginxVersion: "1.28.0" });
    expect(text).toMatch(/^ {2}resolver 127\.0\.0\.11 valid=5s;$/m);
    expect(text.match(/server pod-1:8081 .* resolve;/g)).toHaveLength(4);
    expect(renderNginxConfiguration(options)).not.toMatch(/resolve/);
  });

  it("says HTTP/2 as the version of nginx wants it", () => {
    expect(renderNginxConfiguration({ ...options, tls })).toContain("listen 127.0.0.1:8080 ssl http2;");
    const newer = renderNginxConfiguration({ ...options, tls, nginxVersion: "1.27.4" });
    expect(newer).toContain("listen 127.0.0.1:8080 ssl;");
    expect(newer).toContain("http2 on;");
    expect(newer).toContain('ssl_certificate "/etc/a b/chain.pem";');
  });

  it.each<[string, Partial<GatewayOptions>]>([
    ["no pods", { pods: [] }],
    ["a host that says more", { pods: [{ host: "a; server b", port: 1 }] }],
    ["a port that is none", { listen: { host: "127.0.0.1", port: 70_000 } }],
    ["a folder that ends its quotes", { folder: '/tmp/a"; user root; #' }],
    ["a log with a variable", { accessLog: "/tmp/$request_body.log" }],
    ["a relative key", { tls: { certificateFile: "/a.pem", keyFile: "key.pem" } }],
    ["a rate of nothing", { requestsPerSecond: 0 }],
    ["half a stream", { streamsPerAddress: 1.5 }],
    ["an account with a command", { account: "root; daemon on" }],
    ["a version of another kind", { nginxVersion: "latest" }],
    ["a name server by its name", { resolver: "dns.example", nginxVersion: "1.28.0" }],
    ["a name server for an nginx that asks once", { resolver: "127.0.0.11", nginxVersion: "1.27.2" }],
    ["a network that is none", { realIpFrom: ["10.0.0.0/33"] }],
    ["a network that says more", { realIpFrom: ["10.0.0.1; deny all"] }],
  ])("refuses %s in one sentence", (_name, wrong) => {
    expect(() => renderNginxConfiguration({ ...options, ...wrong })).toThrow(GatewayOptionError);
  });
});

describe("the command line", () => {
  it("reads what a deployment needs", () => {
    const command = readGatewayCommand([
      ...["--pod", "pod-1:8080", "--pod", "[::1]:8081", "--listen", "0.0.0.0:443", "--trusted"],
      ...["--certificate", "/c.pem", "--key", "/k.pem", "--streams-per-address", "50", "--worker-processes", "auto"],
    ]);
    expect(command?.options).toMatchObject({
      listen: { host: "0.0.0.0", port: 443 },
      pods: [
        { host: "pod-1", port: 8080 },
        { host: "::1", port: 8081 },
      ],
      tls: { certificateFile: "/c.pem", keyFile: "/k.pem" },
      trustsUserHeader: true,
      streamsPerAddress: 50,
      workerProcesses: "auto",
    });
  });

  it("knows help", () => {
    expect(readGatewayCommand(["--help"])).toBeNull();
    expect(gatewayHelpText()).toContain("--pod HOST:PORT");
  });

  it.each([
    [["--pod", "nowhere"]],
    [["--certificate", "/c.pem"]],
    [["--request-burst", "many"]],
    [["--unknown"]],
    [["stray"]],
  ])("refuses %j", (commandLine) => expect(() => readGatewayCommand(commandLine)).toThrow(GatewayOptionError));
});

describe("the account of nginx's workers", () => {
  it("is the first there is, with its group's name", () => {
    const accounts = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534::/:/bin/false"];
    expect(accountFrom(accounts, ["root:x:0:", "nogroup:x:65534:"])).toBe("nobody nogroup");
    expect(accountFrom([...accounts, "nginx:x:101:101::/:/bin/false"], [])).toBe("nginx");
    expect(accountFrom([], [])).toBeNull();
  });
});
