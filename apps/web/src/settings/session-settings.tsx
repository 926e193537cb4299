import { type SyntheticEvent, useId, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { useChat } from "../connection/store.ts";
import { useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextArea, TextField } from "../ui/fields.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { ModelSelect } from "./model-select.tsx";
import { openSessionSettings, useSessionSettings } from "./session-settings-state.ts";

/** How the answers of one chat are made. */
export default function SessionSettingsDialog() {
  const text = useText();
  const sessionId = useSessionSettings((state) => state.sessionId);
  const known = useChat((state) => sessionId !== null && state.sessions[sessionId] !== undefined);
  return (
    <Dialog
      open={known}
      onClose={() => openSessionSettings(null)}
      title={text("settings.session")}
      description={text("settings.session_text")}
    >
      {known && sessionId !== null && <SettingsForm key={sessionId} sessionId={sessionId} />}
    </Dialog>
  );
}

function SettingsForm({ sessionId }: { readonly sessionId: string }) {
  const text = useText();
  const service = useService();
  const modelId = useId();
  const settings = useChat((state) => state.sessions[sessionId]?.settings);
  const [model, setModel] = useState({ ai_provider: settings?.ai_provider ?? null, model: settings?.model ?? null });
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const field = (name: string) => String(fields.get(name) ?? "").trim();
    const number = (name: string) => (field(name) === "" ? null : Number(field(name)));
    const change = {
      system_prompt: field("system_prompt") === "" ? null : field("system_prompt"),
      temperature: number("temperature"),
      max_tokens: number("max_tokens"),
      ...model,
    };
    try {
      await service.update(sessionId, { settings: change });
      openSessionSettings(null);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <div className="flex flex-col gap-1.5">
        <label htmlFor={modelId} className="text-side font-medium">
          {text("settings.session_model")}
        </label>
        <ModelSelect id={modelId} value={model} none={text("settings.as_default")} onChange={setModel} />
      </div>
      <TextArea
        label={text("settings.system_prompt")}
        name="system_prompt"
        rows={5}
        maxLength={16_000}
        standard={settings?.system_prompt ?? ""}
        hint={text("settings.system_prompt_hint")}
      />
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <TextField
          label={text("settings.temperature")}
          name="temperature"
          type="number"
          min={0}
          max={2}
          step="any"
          optional
          quiet
          standard={settings?.temperature?.toString() ?? ""}
          hint={text("settings.temperature_hint")}
        />
        <TextField
          label={text("settings.max_tokens")}
          name="max_tokens"
          type="number"
          min={1}
          max={1_000_000}
          step={1}
          optional
          quiet
          standard={settings?.max_tokens?.toString() ?? ""}
          hint={text("settings.max_tokens_hint")}
        />
      </div>
      <ProblemLine problem={problem} />
      <div className="flex justify-end gap-2">
        <Button onClick={() => openSessionSettings(null)}>{text("settings.cancel")}</Button>
        <Button type="submit" kind="primary">
          {text("settings.save")}
        </Button>
      </div>
    </form>
  );
}
