import { useSyncExternalStore } from "react";
import { drawerQuery } from "../ui/side-bar-state.ts";

function subscribe(listener: () => void): () => void {
  drawerQuery.addEventListener("change", listener);
  return () => drawerQuery.removeEventListener("change", listener);
}

/** Whether the page is so narrow that the side bar is a drawer. */
export function useDrawer(): boolean {
  return useSyncExternalStore(subscribe, () => drawerQuery.matches);
}
