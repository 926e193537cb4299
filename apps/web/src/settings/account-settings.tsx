import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Account, Device } from "@uci/protocol";
import { type SyntheticEvent, useState } from "react";
import { useService } from "../connection/service-context.ts";
import { useFormats, useText } from "../language/language.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/fields.tsx";
import { ProblemLine } from "../ui/problem-line.tsx";
import { openAccountDialog, useAccount, useAccountActions } from "./account.ts";
import { deviceName } from "./device-name.ts";
import { Section } from "./section.tsx";
import { openSettings } from "./settings-state.ts";

/** Name, password, devices, and the end of it all. */
export function AccountSettings() {
  const text = useText();
  const { data } = useAccount();
  const account = data?.account ?? null;
  if (account === null || data === undefined) return null;
  // Behind somebody's own gateway accounts are not ours to change.
  if (data.mode === "trusted") return <p className="text-side text-soft">{account.name}</p>;
  if (account.guest) {
    return (
      <div>
        <Section title={text("account.guest")} words={text("account.guest_text")}>
          <Button
            kind="primary"
            disabled={!data.sign_up_allowed}
            onClick={() => {
              openSettings(null);
              openAccountDialog("sign_up");
            }}
          >
            {text("account.sign_up_title")}
          </Button>
        </Section>
        <Removal account={account} />
      </div>
    );
  }
  return (
    <div>
      <Section title={text("account.profile")} words={account.email ?? ""}>
        <Profile account={account} />
      </Section>
      <Section title={text("account.change_password")}>
        <Password />
      </Section>
      <Section title={text("account.devices")}>
        <Devices />
      </Section>
      <Removal account={account} />
    </div>
  );
}

/** A form whose sending may fail; says so, or that it worked. */
function useSending() {
  const [state, setState] = useState<{ problem: unknown; done: string | null; busy: boolean }>({
    ...{ problem: null, done: null, busy: false },
  });
  const send = async (
    event: SyntheticEvent<HTMLFormElement>,
    task: (field: (name: string) => string) => Promise<string>,
  ) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setState({ problem: null, done: null, busy: true });
    try {
      setState({ problem: null, done: await task((name) => String(fields.get(name) ?? "")), busy: false });
    } catch (error) {
      setState({ problem: error, done: null, busy: false });
    }
  };
  const outcome = (
    <>
      <ProblemLine problem={state.problem} />
      <p role="status" className="text-side text-soft empty:hidden">
        {state.done}
      </p>
    </>
  );
  return { send, outcome, busy: state.busy };
}

function Profile({ account }: { readonly account: Account }) {
  const text = useText();
  const { rename } = useAccountActions();
  const { send, outcome, busy } = useSending();
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) =>
        void send(event, async (field) => {
          await rename(field("name").trim());
          return text("settings.saved");
        })
      }
    >
      <TextField label={text("account.name")} name="name" autoComplete="name" maxLength={100} standard={account.name} />
      {outcome}
      <Button type="submit" disabled={busy} className="self-start">
        {text("settings.save")}
      </Button>
    </form>
  );
}

function Password() {
  const text = useText();
  const { client } = useService();
  const queries = useQueryClient();
  const { send, outcome, busy } = useSending();
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        const form = event.currentTarget;
        void send(event, async (field) => {
          const request = { current_password: field("current_password"), new_password: field("new_password") };
          await client.account.changePassword(request);
          form.reset();
          await queries.invalidateQueries({ queryKey: ["devices"] });
          return text("account.password_changed");
        });
      }}
    >
      <TextField
        label={text("account.current_password")}
        name="current_password"
        type="password"
        autoComplete="current-password"
        maxLength={128}
      />
      <TextField
        label={text("account.new_password")}
        name="new_password"
        type="password"
        autoComplete="new-password"
        minLength={8}
        maxLength={128}
        hint={text("account.password_hint")}
      />
      {outcome}
      <Button type="submit" disabled={busy} className="self-start">
        {text("account.change_password")}
      </Button>
    </form>
  );
}

function Devices() {
  const text = useText();
  const formats = useFormats();
  const { client } = useService();
  const queries = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const { data } = useQuery({ queryKey: ["devices"], queryFn: ({ signal }) => client.account.devices({ signal }) });
  const signOut = async ({ device_id }: Device) => {
    try {
      await client.account.signOutDevice(device_id);
      await queries.invalidateQueries({ queryKey: ["devices"] });
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <>
      <ul className="border-t border-line">
        {data?.devices.map((device) => {
          const name = deviceName(device.user_agent) ?? text("account.unknown_device");
          return (
            <li
              key={device.device_id}
              className="flex min-h-12 items-center gap-3 border-b border-line py-1.5 last:border-0"
              data-testid="device"
            >
              <div className="min-w-0 flex-1">
                <p className="truncate text-side">{name}</p>
                <p className="text-caption text-faint">
                  {device.current
                    ? text("account.this_device")
                    : text("account.since", { date: formats.day(new Date(device.created_at), new Date()) })}
                </p>
              </div>
              {!device.current && (
                <Button
                  aria-label={text("account.sign_out_device_of", { device: name })}
                  onClick={() => void signOut(device)}
                >
                  {text("account.sign_out_device")}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      <ProblemLine className="mt-2" problem={problem} />
    </>
  );
}

/** The one thing that cannot be taken back, so it is typed out. */
function Removal({ account }: { readonly account: Account }) {
  const text = useText();
  const { remove } = useAccountActions();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const { send, outcome, busy } = useSending();
  const word = account.email ?? "delete";
  const title = text(account.guest ? "account.delete_guest" : "account.delete_title");
  return (
    <Section title={title} words={text("account.delete_text")}>
      {!open ? (
        <Button className="text-danger" onClick={() => setOpen(true)}>
          {title}
        </Button>
      ) : (
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) =>
            void send(event, async (field) => {
              await remove({ confirm: field("confirm"), ...(account.guest ? {} : { password: field("password") }) });
              return "";
            })
          }
        >
          <TextField
            label={text("account.delete_confirm", { word })}
            name="confirm"
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          {!account.guest && (
            <TextField
              label={text("account.password")}
              name="password"
              type="password"
              autoComplete="current-password"
            />
          )}
          {outcome}
          <Button
            type="submit"
            disabled={busy || typed.trim().toLowerCase() !== word.toLowerCase()}
            className="self-start border-danger text-danger"
          >
            {text("account.delete_button")}
          </Button>
        </form>
      )}
    </Section>
  );
}
