import { useModels } from "../connection/queries.ts";
import { useAccount } from "./account.ts";

type Choice = { readonly ai_provider: string | null; readonly model: string | null };
type ModelSelectProps = {
  readonly id: string;
  readonly value: Choice;
  /** What no choice is called. */
  readonly none: string;
  readonly onChange: (choice: Choice) => void;
};

/** A model out of all that are configured, by provider; the system's own list, which every device knows how to show. */
export function ModelSelect({ id, value, none, onChange }: ModelSelectProps) {
  const { data: account } = useAccount();
  const { data } = useModels(account?.account != null);
  const providers = data?.providers ?? [];
  const chosen = value.model === null ? "" : `${value.ai_provider ?? ""}/${value.model}`;
  const known = providers.some((provider) => provider.models.some((model) => `${provider.id}/${model.id}` === chosen));
  return (
    <select
      id={id}
      value={chosen}
      onChange={(event) => {
        const [ai_provider = "", ...rest] = event.target.value.split("/");
        onChange(
          event.target.value === "" ? { ai_provider: null, model: null } : { ai_provider, model: rest.join("/") },
        );
      }}
      className="h-10 w-full rounded-small border border-line-strong bg-page px-2.5 text-[15px] focus:border-accent touch:h-11"
    >
      <option value="">{none}</option>
      {chosen !== "" && !known && <option value={chosen}>{value.model}</option>}
      {providers.map((provider) => (
        <optgroup key={provider.id} label={provider.name}>
          {provider.models.map((model) => (
            <option key={model.id} value={`${provider.id}/${model.id}`}>
              {model.name}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
