import { useState } from "react";
import { useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { edit, focusComposer } from "./chat-ui.ts";
import { GrowingField } from "./growing-field.tsx";

type EditFormProps = {
  readonly standard: string;
  readonly label: string;
  /** What the button says. */
  readonly action: string;
  readonly onDone: (text: string) => void;
  /** Not while what was sent before is under way. */
  readonly disabled?: boolean;
};

/** A message being edited in its place. */
export function EditForm({ standard, label, action, onDone, disabled = false }: EditFormProps) {
  const say = useText();
  const [text, setText] = useState(standard);
  const close = () => {
    edit(null);
    focusComposer();
  };
  const empty = text.trim() === "";
  const send = () => {
    if (!empty && !disabled) onDone(text);
  };
  return (
    <form
      className="w-full rounded-large border border-line-strong bg-raised p-3 focus-within:border-accent"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <GrowingField
        autoFocus
        label={label}
        value={text}
        onChange={setText}
        onEnter={send}
        onEscape={close}
        className="max-h-[50dvh] px-1"
      />
      <div className="mt-2 flex items-center justify-end gap-2">
        <Button kind="quiet" onClick={close}>
          {say("thread.cancel")}
        </Button>
        <Button kind="primary" type="submit" disabled={empty || disabled}>
          {action}
        </Button>
      </div>
    </form>
  );
}
