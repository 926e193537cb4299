export { defaultCacheFolder, packagedBinaries, reachableBinaries } from "./embedded/binaries.ts";
export { chosenDataFolder, type DataFolder, giveTo, prepareDataFolder } from "./embedded/data-folder.ts";
export * from "./embedded/index.ts";
export { takeInstanceLock } from "./embedded/instance-lock.ts";
export { canEnter, type ServerAccount, serverAccount } from "./embedded/server-account.ts";
export * from "./settings.ts";
export * from "./store/index.ts";
