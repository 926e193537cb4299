import { useQueryClient } from "@tanstack/react-query";
import type { Prompt } from "@uci/protocol";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import { queryKeys } from "../connection/chat-service.ts";
import { useService } from "../connection/service-context.ts";
import { useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { TextArea, TextField } from "../ui/fields.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { showFailure, showNotice } from "../ui/notice.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { usePrompts } from "./prompts.ts";

/** Saved prompts: a list, and one of them in its place while it is changed. */
export function PromptSettings() {
  const text = useText();
  const service = useService();
  const queries = useQueryClient();
  const { data: prompts = [], isPending } = usePrompts(true);
  const [editing, setEditing] = useState<string | "new" | null>(null);
  const refresh = () => queries.invalidateQueries({ queryKey: queryKeys.prompts });
  const remove = async ({ prompt_id, name, text: content }: Prompt) => {
    try {
      await service.client.prompts.remove(prompt_id);
      await refresh();
      const run = () =>
        void service.client.prompts
          .create({ name, text: content })
          .then(refresh)
          .catch(() => {});
      showNotice(text("settings.prompt_deleted"), { label: text("shell.undo"), run });
    } catch (error) {
      showFailure(text("settings.not_saved"), error);
    }
  };
  const done = () => {
    setEditing(null);
    void refresh();
  };
  return (
    <div className="flex flex-col gap-4">
      <p className="text-side text-soft">{text("settings.prompts_text")}</p>
      {prompts.length === 0 && !isPending && editing === null && (
        <p className="text-side text-faint">{text("settings.no_prompts")}</p>
      )}
      <ul className="border-t border-line empty:hidden">
        {prompts.map((prompt) =>
          editing === prompt.prompt_id ? (
            <li key={prompt.prompt_id} className="border-b border-line py-3">
              <PromptForm prompt={prompt} onDone={done} onCancel={() => setEditing(null)} />
            </li>
          ) : (
            <li key={prompt.prompt_id} className="flex items-center gap-1 border-b border-line py-1.5">
              <div className="min-w-0 flex-1">
                <p className="text-side font-medium">/{prompt.name}</p>
                <p className="truncate text-caption text-faint" dir="auto">
                  {prompt.text}
                </p>
              </div>
              <IconButton
                label={text("settings.edit_prompt", { name: prompt.name })}
                icon={<Pencil size={16} aria-hidden />}
                onClick={() => setEditing(prompt.prompt_id)}
              />
              <IconButton
                label={text("settings.delete_prompt", { name: prompt.name })}
                icon={<Trash2 size={16} aria-hidden />}
                onClick={() => void remove(prompt)}
              />
            </li>
          ),
        )}
      </ul>
      {editing === "new" ? (
        <PromptForm prompt={null} onDone={done} onCancel={() => setEditing(null)} />
      ) : (
        <Button className="self-start" onClick={() => setEditing("new")}>
          <Plus size={16} aria-hidden />
          {text("settings.new_prompt")}
        </Button>
      )}
    </div>
  );
}

type PromptFormProps = { readonly prompt: Prompt | null; readonly onDone: () => void; readonly onCancel: () => void };

function PromptForm({ prompt, onDone, onCancel }: PromptFormProps) {
  const text = useText();
  const { client } = useService();
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const given = { name: String(fields.get("name")).trim().replace(/^\//, ""), text: String(fields.get("text")) };
    try {
      if (prompt === null) await client.prompts.create(given);
      else await client.prompts.update(prompt.prompt_id, given);
      onDone();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField label={text("settings.prompt_name")} name="name" maxLength={41} standard={prompt?.name ?? ""} />
      <TextArea
        label={text("settings.prompt_text")}
        name="text"
        rows={4}
        maxLength={20_000}
        required
        standard={prompt?.text ?? ""}
      />
      <ProblemLine problem={problem} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{text("settings.cancel")}</Button>
        <Button type="submit" kind="primary">
          {text("settings.save")}
        </Button>
      </div>
    </form>
  );
}
