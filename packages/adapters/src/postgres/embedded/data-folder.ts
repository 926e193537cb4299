import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { folderError } from "./errors.ts";
import { canEnter, type ServerAccount } from "./server-account.ts";

/** The longest path of a socket that systems take, in bytes, and the name PostgreSQL gives it. */
const socketPathBytesMost = 107;
export const socketPort = 5432;
const socketName = `.s.PGSQL.${socketPort}`;

/** Where everything of one embedded database lies. */
export type DataFolder = {
  /** The folder as a whole: lock, password and cluster. */
  readonly folder: string;
  /** What PostgreSQL itself owns. */
  readonly cluster: string;
  readonly passwordFile: string;
  readonly lockFile: string;
};

/** Names everything in a folder. */
export function layout(folder: string): DataFolder {
  return {
    folder,
    cluster: path.join(folder, "cluster"),
    passwordFile: path.join(folder, "database-password"),
    lockFile: path.join(folder, "instance.lock"),
  };
}

/** Creates the folder; the server's account may pass through it, nobody else may look into it. */
export function prepareDataFolder({ folder }: DataFolder, account: ServerAccount | null): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: account === null ? 0o700 : 0o711 });
    if (account !== null && !canEnter(folder, account)) fs.chmodSync(folder, fs.statSync(folder).mode | 0o111);
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw folderError(folder, error);
  }
}

export type SocketFolder = { readonly folder: string; readonly temporary: boolean };

/** A folder for the server's socket that it can reach and whose path is short enough: in the data folder, else a temporary one. */
export function socketFolder(data: DataFolder, account: ServerAccount | null): SocketFolder {
  const preferred = path.join(data.folder, "socket");
  try {
    if (socketPathFits(preferred) && canEnter(data.folder, account)) {
      fs.mkdirSync(preferred, { recursive: true, mode: 0o700 });
      giveTo(preferred, account);
      return { folder: preferred, temporary: false };
    }
    return { folder: temporarySocketFolder(account), temporary: true };
  } catch (error) {
    throw folderError(preferred, error);
  }
}

/** Whether a socket in this folder has a path systems take. */
export function socketPathFits(folder: string): boolean {
  return Buffer.byteLength(path.join(folder, socketName)) <= socketPathBytesMost;
}

/** Hands a file or folder to the server's account. */
export function giveTo(target: string, account: ServerAccount | null): void {
  if (account !== null) fs.chownSync(target, account.uid, account.gid);
}

function temporarySocketFolder(account: ServerAccount | null): string {
  const places = [os.tmpdir(), "/tmp"].filter((place) => socketPathFits(path.join(place, "chat-XXXXXX")));
  const place = places.find((candidate) => canEnter(candidate, account)) ?? "/tmp";
  const folder = fs.mkdtempSync(path.join(place, "chat-"));
  giveTo(folder, account);
  return folder;
}
