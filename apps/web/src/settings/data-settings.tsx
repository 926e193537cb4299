import { useQueryClient } from "@tanstack/react-query";
import { ApiError } from "@uci/client";
import type { ImportResult } from "@uci/protocol";
import { Download, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { download } from "../sidebar/download.ts";
import { Button } from "../ui/button.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { Section } from "./section.tsx";

const mostBytes = 50 * 1024 * 1024;

/** What leaves as a file, and what comes in as one. */
export function DataSettings() {
  const text = useText();
  return (
    <div>
      <Section title={text("settings.export_title")} words={text("settings.export_text")}>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => download("/api/export?format=json")}>
            <Download size={16} aria-hidden />
            JSON
          </Button>
          <Button onClick={() => download("/api/export?format=markdown")}>
            <Download size={16} aria-hidden />
            Markdown
          </Button>
        </div>
      </Section>
      <Section title={text("settings.import_title")} words={text("settings.import_text")}>
        <Import />
      </Section>
    </div>
  );
}

type ImportState =
  | { readonly kind: "idle" | "busy" }
  | { readonly kind: "done"; readonly result: ImportResult }
  | { readonly kind: "failed"; readonly words: string | null; readonly problem: unknown };

function Import() {
  const text = useText();
  const { client } = useService();
  const queries = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<ImportState>({ kind: "idle" });
  const take = async (file: File) => {
    if (file.size > mostBytes) return setState({ kind: "failed", words: text("settings.too_large"), problem: null });
    setState({ kind: "busy" });
    let value: unknown;
    try {
      value = JSON.parse(await file.text());
    } catch {
      return setState({ kind: "failed", words: text("settings.not_json"), problem: null });
    }
    try {
      const result = await client.importFile(value);
      await queries.invalidateQueries({ queryKey: queryKeys.sessions });
      await queries.invalidateQueries({ queryKey: queryKeys.folders });
      setState({ kind: "done", result });
    } catch (error) {
      // The one thing about such a request that is the reader's own is the file.
      const unknownFile = error instanceof ApiError && error.code === "invalid_request";
      setState(
        unknownFile
          ? { kind: "failed", words: text("settings.not_export"), problem: null }
          : { kind: "failed", words: null, problem: error },
      );
    }
  };
  return (
    <>
      <input
        ref={field}
        type="file"
        accept="application/json,.json"
        data-testid="import-file"
        aria-label={text("settings.import_choose")}
        tabIndex={-1}
        className="sr-only"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file !== undefined) void take(file);
        }}
      />
      <Button disabled={state.kind === "busy"} onClick={() => field.current?.click()}>
        <Upload size={16} aria-hidden />
        {text(state.kind === "busy" ? "settings.importing" : "settings.import_choose")}
      </Button>
      <p role="status" className="mt-2 text-side text-soft empty:hidden" data-testid="import-result">
        {state.kind === "done" && text("settings.imported", { count: state.result.imported })}
        {state.kind === "done" && state.result.skipped > 0 && " "}
        {state.kind === "done" &&
          state.result.skipped > 0 &&
          text("settings.import_skipped", { count: state.result.skipped })}
        {state.kind === "done" &&
          state.result.shortened > 0 &&
          ` ${text("settings.import_shortened", { count: state.result.shortened })}`}
      </p>
      <ProblemLine className="mt-2" {...(state.kind === "failed" ? state : { problem: null })} />
    </>
  );
}
