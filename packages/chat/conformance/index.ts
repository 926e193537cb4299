export { type StoreUnderTest, storeConformance } from "./store.ts";
