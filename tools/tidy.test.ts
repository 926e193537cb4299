import { describe, expect, it } from "vitest";
import { root } from "./command.ts";
import { absenceRule, absences, namesSaySomething, oneWriterOfEvents, portsNameNoProduct } from "./tidy/absences.ts";
import { blank } from "./tidy/blank.ts";
import { functionSizes } from "./tidy/blocks.ts";
import {
  adaptersApart,
  importDirection,
  importsOf,
  innerPackagesStandAlone,
  noImportCycle,
  relativeImportsStayInside,
} from "./tidy/imports.ts";
import { importingDoesNothing, medianFileIsShort, noLongFile, noLongFunction } from "./tidy/sizes.ts";
import { type Finding, loadPrograms, projectFiles, type Rule, type SourceFile } from "./tidy/source.ts";

const programs = loadPrograms(root);
const everyFile = projectFiles(root).map((path) => ({ path, text: "" }));

function shown(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, message }) => `${path}:${line} ${message}`);
}

function file(path: string, text: string): SourceFile {
  return { path, text };
}

/** The rule holds for the project, finds the fault in each bad sample, and lets the good one pass. */
function describeRule(
  name: string,
  rule: Rule,
  samples: { bad: readonly (readonly SourceFile[])[]; good: readonly SourceFile[] },
  files: readonly SourceFile[] = programs,
): void {
  describe(name, () => {
    it("holds", () => expect(shown(rule(files))).toEqual([]));
    for (const [index, bad] of samples.bad.entries()) {
      it(`finds the fault of sample ${index + 1}`, () => expect(rule(bad)).not.toEqual([]));
    }
    it("lets good files pass", () => expect(shown(rule(samples.good))).toEqual([]));
  });
}

describe("the project", () => {
  it("has files to look at", () => expect(programs.length).toBeGreaterThan(10));
});

describe("import direction", () => {
  describeRule("imports point inwards", importDirection, {
    bad: [
      [file("packages/stream/src/a.ts", 'import { x } from "@uci/chat";')],
      [file("packages/protocol/src/a.ts", 'export * from "@uci/stream";')],
      [file("apps/web/src/a.tsx", 'import type { x } from "@uci/adapters/postgres";')],
      [file("apps/backend/src/a.ts", 'const w = await import("@uci/workflow");')],
      [file("packages/client/src/a.ts", 'import {\n  a,\n  b,\n} from "@uci/chat";')],
      [file("packages/stream/src/b.ts", 'import { a } from "@uci/stream/memory";')],
    ],
    good: [
      file("apps/all-in-one/src/a.ts", 'import { start } from "@uci/backend";\nimport "@uci/workflow";'),
      file("apps/web/src/a.tsx", 'import { x } from "@uci/client";'),
      file("packages/protocol/src/a.ts", '// import { x } from "@uci/chat";\nconst a = 1;'),
    ],
  });
  describeRule("relative imports stay inside their package", relativeImportsStayInside, {
    bad: [[file("packages/chat/src/a.ts", 'import { x } from "../../stream/src/text.ts";')]],
    good: [file("packages/chat/conformance/a.ts", 'import { x } from "../src/text.ts";')],
  });
  describeRule("adapters do not know each other", adaptersApart, {
    bad: [[file("packages/adapters/src/nats/a.ts", 'import { x } from "../redis/b.ts";')]],
    good: [file("packages/adapters/src/nats/a.ts", 'import { x } from "./b.ts";')],
  });
  describeRule("protocol, stream and chat stand alone", innerPackagesStandAlone, {
    bad: [
      [file("packages/chat/src/a.ts", 'import { z } from "zod";')],
      [file("packages/stream/src/a.ts", 'import pino from "pino";')],
    ],
    good: [
      file("packages/stream/src/a.ts", 'import { sha256 } from "@noble/hashes/sha2.js";'),
      file("packages/chat/src/a.test.ts", 'import { it } from "vitest";'),
    ],
  });
  describeRule("there is no import cycle", noImportCycle, {
    bad: [
      [
        file("packages/chat/src/a.ts", 'import { b } from "./b.ts";'),
        file("packages/chat/src/b.ts", 'export * from "./c/c.ts";'),
        file("packages/chat/src/c/c.ts", 'import type { a } from "../a.ts";'),
      ],
      [file("packages/chat/src/a.ts", 'import { b } from "./a.ts";')],
    ],
    good: [
      file("packages/chat/src/a.ts", 'import { b } from "./b.ts";\nimport { c } from "./c.ts";'),
      file("packages/chat/src/b.ts", 'import { c } from "./c.ts";'),
      file("packages/chat/src/c.ts", ""),
    ],
  });
});

describe("absences", () => {
  const samples: Record<string, { bad: string[]; good: string }> = {
    "stream and chat import nothing of Node": { bad: ['import fs from "node:fs";'], good: "// node:fs\n" },
    "stream and chat do not fetch": { bad: ["await fetch(url)"], good: 'prefetch(1); const a = "fetch(";' },
    "stream and chat read no clock": {
      bad: ["Date.now()", "new Date( )", "performance.now()"],
      good: "new Date(timestamp); clock.nowMs(); // Date.now()",
    },
    "stream and chat draw no lots": { bad: ["Math.random()", "crypto.randomUUID()"], good: "nonce();" },
    "stream and chat set no timers": {
      bad: ["setTimeout(f, 1)", "const t = setInterval;"],
      good: "clock.after(1, f);",
    },
    "stream and chat do not know the process": { bad: ["process.exit(1)"], good: "postprocess.x; process(1);" },
    "the environment is read in config.ts alone": { bad: ["const a = process.env.PORT;"], good: "/* process.env */" },
    "subjects are built in one file": {
      bad: ["const s = `chat.pod.$" + "{id}.response`;", 'subscribe("chat.session.*.broadcast")'],
      good: 'const s = "chat.completion.chunk"; // "chat.pod.x"',
    },
    "registry keys are built in one file": {
      bad: ["const k = `heartbeat:$" + "{pod}`;"],
      good: 'const k = "heartbeat";',
    },
  };
  for (const absence of absences) {
    const sample = samples[absence.name]!;
    describeRule(absence.name, absenceRule(absence), {
      bad: sample.bad.map((text) => [file("packages/stream/src/a.ts", text)]),
      good: [file("packages/stream/src/a.ts", sample.good), file("packages/stream/src/a.test.ts", sample.bad[0]!)],
    });
  }
});

describe("more absences", () => {
  const backend = file("apps/backend/src/main.ts", "");
  const writer = 'reply.raw.writeHead(200, { "content-type": "text/event-stream" });';
  describeRule("one file writes server-sent events", oneWriterOfEvents, {
    bad: [[file("apps/backend/src/sse.ts", writer), file("apps/backend/src/b.ts", writer), backend], [backend]],
    good: [
      backend,
      file("apps/backend/src/sse.ts", writer),
      file("packages/client/src/a.ts", 'const accept = "text/event-stream";'),
    ],
  });
  describeRule("ports name no product", portsNameNoProduct, {
    bad: [
      [file("packages/chat/src/ports.ts", "export interface SqlStore {}")],
      [file("packages/stream/src/ports.ts", "export type NATSMessage = {};")],
    ],
    good: [file("packages/chat/src/ports.ts", "// not HTTP\nexport interface TurnStore { reaction: string }")],
  });
  describeRule(
    "names say something",
    namesSaySomething,
    {
      bad: [
        [file("packages/chat/src/utils/a.ts", "")],
        [file("packages/chat/src/SessionManager.ts", "")],
        [file("packages/chat/src/store-v2.ts", "")],
      ],
      good: [file("packages/chat/src/helpful.ts", "")],
    },
    everyFile,
  );
  describeRule("importing does nothing", importingDoesNothing, {
    bad: [
      [file("packages/adapters/src/files/a.ts", 'const text = readFileSync("a", "utf8");')],
      [file("apps/backend/src/a.ts", "await start();")],
      [file("packages/adapters/src/postgres/a.ts", "export const pool = new Pool({ max: 1 });")],
    ],
    good: [
      file("apps/backend/src/a.ts", "export async function a() {\n  await b();\n}\nif (import.meta.main) await a();"),
      file("packages/chat/src/a.ts", "export const read = (name: string) => readFileSync(name);"),
    ],
  });
});

describe("sizes", () => {
  const body = "  step();\n";
  describeRule("no file is long", noLongFile, {
    bad: [[file("tools/a.ts", "x;\n".repeat(601))]],
    good: [file("tools/a.ts", "x;\n".repeat(600))],
  });
  describeRule("no function is long", noLongFunction, {
    bad: [
      [file("tools/a.ts", `export function a(): void {\n${body.repeat(70)}}\n`)],
      [file("tools/a.ts", `const a = async (x: number) => {\n${body.repeat(70)}};\n`)],
      [file("tools/a.ts", `class A {\n  run(x: string): Promise<{ a: number }> {\n${body.repeat(70)}}\n}\n`)],
    ],
    good: [
      file("tools/a.ts", `function a() {\n${body.repeat(60)}  const b = () => {\n${body.repeat(60)}  };\n}\n`),
      file("tools/a.ts", `if (x) {\n${body.repeat(90)}}\n`),
      file("tools/a.ts", `export class A {\n${"  a(): void {}\n".repeat(90)}}\n`),
    ],
  });
  describeRule("the median file of the server side is short", medianFileIsShort, {
    bad: [[file("packages/chat/src/a.ts", "x;\n".repeat(171))]],
    good: [file("packages/chat/src/a.ts", "x;\n".repeat(100)), file("apps/web/src/a.ts", "x;\n".repeat(500))],
  });
});

describe("the scanner", () => {
  it("understands every program: its braces are in pairs", () => {
    const odd = programs.filter(({ text }) => {
      const code = blank(text, "comments and strings");
      return code.split("{").length !== code.split("}").length;
    });
    expect(odd.map(({ path }) => path)).toEqual([]);
  });
  it("blanks comments and keeps strings", () => {
    expect(blank('a("//x"); // b\n/* c\n */ d', "comments")).toBe('a("//x");     \n    \n    d');
  });
  it("blanks the text of templates and keeps the code in them", () => {
    expect(blank(`a(\`b\${c({ d: "e" })}f\`) // g`, "comments and strings")).toBe(`a(\` \${c({ d: " " })} \`)     `);
  });
  it("knows regular expressions from divisions", () => {
    expect(blank("x = /[\"']/g; y = a / b; // c", "comments and strings")).toBe(
      "x = /    /g; y = a / b;     ".replace("/    /", "/    /"),
    );
  });
  it("finds imports over several lines", () => {
    const found = importsOf(file("a.ts", 'import a, {\n  b,\n} from "c";\nexport type { d } from "e";\nimport "f";'));
    expect(found.map(({ specifier, line }) => [specifier, line])).toEqual([
      ["c", 3],
      ["e", 4],
      ["f", 5],
    ]);
  });
  it("measures functions without those inside them", () => {
    const text = "function a() {\n  b();\n  const c = () => {\n    d();\n    d();\n  };\n}\n";
    expect(functionSizes(text).map((size) => size.lines)).toEqual([4, 4]);
  });
});
