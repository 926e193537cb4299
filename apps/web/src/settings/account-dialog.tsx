import { type SyntheticEvent, useId, useState } from "react";
import { useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { type AccountView, openAccountDialog, useAccount, useAccountActions, useAccountDialog } from "./account.ts";

const words = {
  sign_in: {
    title: "account.sign_in",
    button: "account.sign_in",
    other: "account.no_account",
    otherButton: "account.create_one",
  },
  sign_up: {
    title: "account.sign_up_title",
    button: "account.sign_up",
    other: "account.have_one",
    otherButton: "account.sign_in",
  },
} as const;

/** Sign-in and sign-up. Stays open where nobody may use the page without an account. */
export function AccountDialog() {
  const text = useText();
  const wanted = useAccountDialog((state) => state.open);
  const { data } = useAccount();
  const required = data !== undefined && data.mode === "accounts" && data.account === null;
  const view: AccountView | null = wanted ?? (required ? "sign_in" : null);
  const guest = data?.account?.guest === true;
  const description = view === "sign_up" && guest ? text("account.chats_move") : undefined;
  return (
    <Dialog
      open={view !== null}
      onClose={() => openAccountDialog(null)}
      closable={!required}
      title={view === null ? "" : text(words[view].title)}
      {...(description === undefined ? {} : { description })}
    >
      {view !== null && <AccountForm key={view} view={view} signUpAllowed={data?.sign_up_allowed ?? false} />}
    </Dialog>
  );
}

function AccountForm({ view, signUpAllowed }: { readonly view: AccountView; readonly signUpAllowed: boolean }) {
  const text = useText();
  const { signIn, signUp } = useAccountActions();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const field = (name: string) => String(fields.get(name) ?? "");
    setBusy(true);
    setProblem(null);
    try {
      if (view === "sign_in") await signIn(field("email"), field("password"));
      else await signUp(field("email"), field("password"), field("name").trim());
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {view === "sign_up" && (
        <Field label={text("account.name")} name="name" autoComplete="name" optional maxLength={100} />
      )}
      <Field label={text("account.email")} name="email" type="email" autoComplete="email" maxLength={254} />
      <Field
        label={text("account.password")}
        name="password"
        type="password"
        autoComplete={view === "sign_in" ? "current-password" : "new-password"}
        minLength={view === "sign_in" ? 1 : 8}
        maxLength={128}
        hint={view === "sign_up" ? text("account.password_hint") : undefined}
      />
      <ProblemLine problem={problem} />
      <Button type="submit" kind="primary" disabled={busy} className="h-10">
        {text(words[view].button)}
      </Button>
      {(view === "sign_up" || signUpAllowed) && (
        <p className="text-center text-side text-soft">
          {text(words[view].other)}{" "}
          <button
            type="button"
            className="rounded-small font-medium text-accent hover:underline"
            onClick={() => openAccountDialog(view === "sign_in" ? "sign_up" : "sign_in")}
          >
            {text(words[view].otherButton)}
          </button>
        </p>
      )}
    </form>
  );
}

type FieldProps = {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "email" | "password";
  readonly autoComplete: string;
  readonly optional?: boolean;
  readonly minLength?: number;
  readonly maxLength: number;
  readonly hint?: string | undefined;
};

function Field({ label, optional = false, type = "text", hint, ...input }: FieldProps) {
  const text = useText();
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-side font-medium">
        {label}
        {optional && <span className="font-normal text-faint"> {text("account.optional")}</span>}
      </label>
      <input
        id={id}
        type={type}
        required={!optional}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="h-10 rounded-small border border-line-strong bg-page px-3 text-[15px] focus:border-accent"
        {...input}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-caption text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}
