import { ApiError } from "@uci/client";
import { type SyntheticEvent, useId, useState } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { type AccountView, openAccountDialog, useAccount, useAccountActions, useAccountDialog } from "./account.ts";

const words = {
  sign_in: { title: "Sign in", button: "Sign in", other: "No account yet?", otherButton: "Create one" },
  sign_up: { title: "Create an account", button: "Create account", other: "Have an account?", otherButton: "Sign in" },
} as const;

/** Sign-in and sign-up. Stays open where nobody may use the page without an account. */
export function AccountDialog() {
  const wanted = useAccountDialog((state) => state.open);
  const { data } = useAccount();
  const required = data !== undefined && data.mode === "accounts" && data.account === null;
  const view: AccountView | null = wanted ?? (required ? "sign_in" : null);
  const guest = data?.account?.guest === true;
  const description = view === "sign_up" && guest ? "The chats you have here move over to it." : undefined;
  return (
    <Dialog
      open={view !== null}
      onClose={() => openAccountDialog(null)}
      closable={!required}
      title={view === null ? "" : words[view].title}
      {...(description === undefined ? {} : { description })}
    >
      {view !== null && <AccountForm key={view} view={view} signUpAllowed={data?.sign_up_allowed ?? false} />}
    </Dialog>
  );
}

function AccountForm({ view, signUpAllowed }: { readonly view: AccountView; readonly signUpAllowed: boolean }) {
  const { signIn, signUp } = useAccountActions();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? "");
    setBusy(true);
    setProblem(null);
    try {
      if (view === "sign_in") await signIn(text("email"), text("password"));
      else await signUp(text("email"), text("password"), text("name").trim());
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : "Something went wrong in this page.");
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {view === "sign_up" && <Field label="Name" name="name" autoComplete="name" optional maxLength={100} />}
      <Field label="E-mail" name="email" type="email" autoComplete="email" maxLength={254} />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={view === "sign_in" ? "current-password" : "new-password"}
        minLength={view === "sign_in" ? 1 : 8}
        maxLength={128}
        hint={view === "sign_up" ? "At least 8 characters." : undefined}
      />
      <p role="alert" className="text-side text-danger empty:hidden">
        {problem}
      </p>
      <Button type="submit" kind="primary" disabled={busy} className="h-10">
        {words[view].button}
      </Button>
      {(view === "sign_up" || signUpAllowed) && (
        <p className="text-center text-side text-soft">
          {words[view].other}{" "}
          <button
            type="button"
            className="rounded-small font-medium text-accent hover:underline"
            onClick={() => openAccountDialog(view === "sign_in" ? "sign_up" : "sign_in")}
          >
            {words[view].otherButton}
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
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-side font-medium">
        {label}
        {optional && <span className="font-normal text-faint"> (optional)</span>}
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
