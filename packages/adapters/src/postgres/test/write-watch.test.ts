import { describe, expect, it } from "vitest";
import { type DatabaseTrouble, WriteWatch } from "../store/write-watch.ts";

const failure = (code: string) => Object.assign(new Error("refused"), { code });

/** A watch over a database that does as `state` says. */
function watched() {
  const state = { readOnly: false, fails: null as Error | null, roomFails: null as Error | null, roomTaken: 0 };
  const changes: (DatabaseTrouble | null)[] = [];
  const probes = {
    async isReadOnly() {
      if (state.fails !== null) throw state.fails;
      return state.readOnly;
    },
    async takeRoom() {
      state.roomTaken++;
      if (state.roomFails !== null) throw state.roomFails;
    },
  };
  const watch = new WriteWatch(probes, (trouble) => changes.push(trouble));
  return { state, changes, watch };
}

describe("whether the database takes writes", () => {
  it("follows what it says of itself, and is told once a change", async () => {
    const { state, changes, watch } = watched();
    await watch.look();
    state.readOnly = true;
    await watch.look();
    await watch.look();
    expect(watch.trouble).toBe("read_only");
    state.readOnly = false;
    await watch.look();
    expect(changes).toEqual(["read_only", null]);
    expect(state.roomTaken).toBe(0);
  });

  it("a full disk is remembered from the statement that met it until the database takes room again", async () => {
    const { state, changes, watch } = watched();
    state.roomFails = failure("53100");
    watch.noted(failure("53100"));
    for (let looks = 0; looks < 3; looks++) await watch.look();
    expect(watch.trouble).toBe("full");
    state.roomFails = null;
    await watch.look();
    expect(changes).toEqual(["full", null]);
    expect(state.roomTaken).toBe(4);
  });

  it("one look without an answer is no trouble, two are", async () => {
    const { state, changes, watch } = watched();
    state.fails = failure("ECONNREFUSED");
    await watch.look();
    expect(watch.trouble).toBeNull();
    await watch.look();
    expect(watch.trouble).toBe("away");
    state.fails = null;
    await watch.look();
    state.fails = failure("ECONNREFUSED");
    await watch.look();
    expect(changes).toEqual(["away", null]);
  });

  it("what is no trouble of the database's is none: a refused row, a user that may make no temporary table", async () => {
    const { state, watch } = watched();
    for (const code of ["23505", "22021", "57014"]) watch.noted(failure(code));
    expect(watch.trouble).toBeNull();
    watch.noted(failure("53100"));
    state.roomFails = failure("42501");
    await watch.look();
    expect(watch.trouble).toBeNull();
  });
});
