import { create } from "zustand";
import { keep, recall, storageKeys } from "../connection/storage.ts";

/** Below this width the side bar is a drawer over the page. */
export const drawerQuery = matchMedia("(max-width: 899px)");

/** Whether the side bar is shown beside the page (remembered), and whether the drawer is open (not remembered). */
export const useSideBar = create<{ shown: boolean; drawerOpen: boolean }>(() => ({
  shown: recall(storageKeys.sideBar) !== "hidden",
  drawerOpen: false,
}));

export function toggleSideBar(): void {
  useSideBar.setState(({ shown, drawerOpen }) => {
    if (drawerQuery.matches) return { drawerOpen: !drawerOpen };
    keep(storageKeys.sideBar, shown ? "hidden" : null);
    return { shown: !shown };
  });
}

export function closeDrawer(): void {
  useSideBar.setState({ drawerOpen: false });
}
