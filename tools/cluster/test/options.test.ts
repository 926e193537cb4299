import path from "node:path";
import { describe, expect, it } from "vitest";
import { ClusterError, clusterDefaults, readClusterCommand } from "../options.ts";

describe("the command line of a cluster", () => {
  it("has three pods, two workers and one NATS unless told", () => {
    const folder = path.resolve(".cluster");
    expect(readClusterCommand([])).toEqual({ kind: "run", options: { ...clusterDefaults, folder } });
    expect(clusterDefaults).toMatchObject({ pods: 3, workers: 2, nats: 1, port: 8080, firstPodPort: 8081, tls: false });
  });

  it("takes options in any order", () => {
    const command = readClusterCommand(["--tls", "--nats", "3", "--pods=5", "--workers", "1", "--port", "9000"]);
    expect(command).toMatchObject({ kind: "run", options: { nats: 3, pods: 5, workers: 1, port: 9000, tls: true } });
  });

  it("acts on one process", () => {
    const folder = path.resolve("elsewhere");
    const expected = { kind: "act", folder, action: "restart", name: "pod-1" };
    expect(readClusterCommand(["restart", "pod-1", "--data", "elsewhere"])).toEqual(expected);
    expect(readClusterCommand(["-h"])).toEqual({ kind: "help" });
  });

  it.each([
    [["--nats", "2"]],
    [["--pods", "0"]],
    [["--pods", "many"]],
    [["--port", "65536"]],
    [["--port", "1e3"]],
    [["--unknown"]],
    [["kill", "pod-1"]],
    [["restart"]],
    [["restart", "pod-1", "pod-2"]],
  ])("refuses %j in one sentence", (commandLine) => {
    expect(() => readClusterCommand(commandLine)).toThrow(ClusterError);
  });
});
