import { type Folder, type Session, subjects, type UserEvent } from "@uci/protocol";
import { userToken } from "@uci/stream";
import type { Surroundings } from "./surroundings.ts";

/** Tells a user's tabs and devices that a session came to be or has changed. */
export function tellSession(
  surroundings: Pick<Surroundings, "ports">,
  userId: string,
  change: "created" | "updated",
  session: Session,
): void {
  tellUser(surroundings, userId, {
    event: "session_updated",
    data: { session_id: session.session_id, change, session },
  });
}

/** Tells them that a folder came to be or has another name. */
export function tellFolder(
  surroundings: Pick<Surroundings, "ports">,
  userId: string,
  change: "created" | "updated",
  folder: Folder,
): void {
  tellUser(surroundings, userId, { event: "folder_updated", data: { folder_id: folder.folder_id, change, folder } });
}

export function tellUser({ ports }: Pick<Surroundings, "ports">, userId: string, event: UserEvent): void {
  ports.live.publish(subjects.userEvent(userToken(userId)), event);
}
