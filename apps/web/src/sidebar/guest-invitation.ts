import { create } from "zustand";
import { keepOwn, personalKeys, recallOwn } from "../connection/person.ts";
import { useChat } from "../connection/store.ts";
import { useAccount } from "../settings/account.ts";

/** Who has written this many chats may have something to lose. */
const chatsWorthKeeping = 2;
const quietMs = 14 * 24 * 60 * 60 * 1000;

const useLater = create<{ later: boolean }>(() => ({
  later: Date.now() - Number(recallOwn(personalKeys.guestLater) ?? 0) < quietMs,
}));

/** For two weeks nothing but the line. */
export function inviteLater(): void {
  keepOwn(personalKeys.guestLater, String(Date.now()));
  useLater.setState({ later: true });
}

/**
 * How a guest is invited to keep the work, in one place of the side bar at a time: with a banner once there is some, else
 * with the line under the name. Null where there is nobody to invite, or nothing to invite to.
 */
export function useInvitation(): "banner" | "line" | null {
  const { data } = useAccount();
  const chats = useChat((state) => Object.keys(state.sessions).length);
  const later = useLater((state) => state.later);
  if (data?.mode !== "accounts" || !data.sign_up_allowed || data.account?.guest !== true) return null;
  return later || chats < chatsWorthKeeping ? "line" : "banner";
}
