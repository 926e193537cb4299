import { describe } from "vitest";
import { collectionConformance } from "./collections.ts";
import { findingConformance } from "./finding.ts";
import { ledgerConformance } from "./ledger.ts";
import { outboxConformance } from "./outbox.ts";
import type { MakeStore } from "./scene.ts";
import { sessionConformance } from "./sessions.ts";
import { transferConformance } from "./transfer.ts";
import { treeConformance } from "./tree.ts";
import { turnConformance } from "./turns.ts";

export type { StoreUnderTest } from "./scene.ts";

/**
 * What every store of conversations, answers and jobs must do. `makeStore` is called once a test and may give the same
 * store each time: every test has users and sessions of its own.
 */
export function storeConformance(name: string, makeStore: MakeStore): void {
  describe(`store: ${name}`, () => {
    turnConformance(makeStore);
    treeConformance(makeStore);
    sessionConformance(makeStore);
    collectionConformance(makeStore);
    findingConformance(makeStore);
    transferConformance(makeStore);
    ledgerConformance(makeStore);
    outboxConformance(makeStore);
  });
}
