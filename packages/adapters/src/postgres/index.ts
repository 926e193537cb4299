export { claimDatabase, type DatabaseClaim, DatabaseClaimedError } from "./claim.ts";
export { defaultCacheFolder, packagedBinaries, reachableBinaries } from "./embedded/binaries.ts";
export { type DataFolder, giveTo } from "./embedded/data-folder.ts";
export { clusterAsSeen, holdsDatabase, openDataFolder } from "./embedded/folder-access.ts";
export * from "./embedded/index.ts";
export { takeInstanceLock } from "./embedded/instance-lock.ts";
export type { ServerAccount } from "./embedded/server-account.ts";
export * from "./settings.ts";
export * from "./store/index.ts";
