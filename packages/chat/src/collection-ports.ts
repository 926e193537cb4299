import type { Folder, GenerationContext, Preferences, Prompt, SessionSettings } from "@uci/protocol";
import type { Page, PageRequest } from "./page.ts";

/** Why something was not made. `full`: there are as many as one may have. `taken`: there is one of this name. */
export type CollectionRefusal = "full" | "taken";

/** A user's folders. Another user's folder is the same as none. */
export interface FolderStore {
  /** Newest first. */
  list(userId: string, page: PageRequest): Promise<Page<Folder>>;
  create(userId: string, name: string): Promise<Folder | CollectionRefusal>;
  rename(userId: string, folderId: string, name: string): Promise<Folder | null>;
  /** Its sessions stay, in no folder. False: there was no such folder. */
  remove(userId: string, folderId: string): Promise<boolean>;
}

/** A user's saved prompts; a name is the user's own and once. */
export interface PromptStore {
  /** Newest first. */
  list(userId: string, page: PageRequest): Promise<Page<Prompt>>;
  create(userId: string, prompt: { readonly name: string; readonly text: string }): Promise<Prompt | CollectionRefusal>;
  update(
    userId: string,
    promptId: string,
    change: { readonly name?: string | undefined; readonly text?: string | undefined },
  ): Promise<Prompt | "taken" | null>;
  remove(userId: string, promptId: string): Promise<boolean>;
}

/** What applies to a turn before its request is looked at. */
export type TurnDefaults = { readonly settings: SessionSettings; readonly preferences: Preferences };

/** What users have chosen for all their sessions. */
export interface PreferenceStore {
  find(userId: string): Promise<Preferences>;
  /** What is not named stays; null takes a choice back. */
  change(
    userId: string,
    change: { readonly [Name in keyof Preferences]?: Preferences[Name] | undefined },
  ): Promise<Preferences>;
  /** For a turn in a session, or beside an answer; what is not the user's has no settings. */
  forTurn(
    userId: string,
    place: { readonly session_id?: string | undefined; readonly message_id?: string | undefined },
  ): Promise<TurnDefaults>;
}

export const noSessionSettings: SessionSettings = {
  system_prompt: null,
  temperature: null,
  max_tokens: null,
  ai_provider: null,
  model: null,
};

export const noPreferences: Preferences = { ai_provider: null, model: null, language: null, theme: null };

/** What a request asks for, with what it does not say filled from the session's settings. */
export function contextWith(given: GenerationContext, settings: SessionSettings): GenerationContext {
  const { temperature, max_tokens, system_prompt } = settings;
  return {
    ...(temperature === null ? {} : { temperature }),
    ...(max_tokens === null ? {} : { max_tokens }),
    ...(system_prompt === null ? {} : { system_prompt }),
    ...given,
  };
}

type Choice = { readonly ai_provider: string | undefined; readonly model: string | undefined };

/** Which model a turn asks for, the most particular wish first: request, session, user; later ones where an earlier is gone. */
export function modelWishes(given: Choice, { settings, preferences }: TurnDefaults): readonly Choice[] {
  if (given.ai_provider !== undefined || given.model !== undefined) return [given];
  const named = [settings, preferences]
    .filter(({ ai_provider, model }) => ai_provider !== null || model !== null)
    .map(({ ai_provider, model }) => ({ ai_provider: ai_provider ?? undefined, model: model ?? undefined }));
  return [...named, given];
}
