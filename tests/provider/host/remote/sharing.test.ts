import assert from "node:assert/strict";
import { BlobUses } from "../../../../provider/host/remote/blob-uses.ts";
import { Coalesced } from "../../../../provider/host/remote/coalesced.ts";
import { Mutexes } from "../../../../provider/host/remote/mutex.ts";

/** Work that ends when the test says so. */
function held(): {
  readonly work: () => Promise<void>;
  readonly end: () => void;
  readonly runs: () => number;
} {
  let end = (): void => undefined;
  let runs = 0;
  const work = (): Promise<void> => {
    runs += 1;
    return new Promise((resolve) => {
      end = resolve;
    });
  };
  return {
    work,
    end: () => {
      end();
    },
    runs: () => runs,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("work that must not happen at once", () => {
  it("is let through one by one, in order, whatever fails before it", async () => {
    const mutexes = new Mutexes<string>();
    const order: number[] = [];
    const failing = mutexes.hold("ledger", () => Promise.reject(new Error("no")));
    const rest = [1, 2, 3].map((each) =>
      mutexes.hold("ledger", async () => {
        await turn();
        order.push(each);
      }),
    );
    await assert.rejects(failing, /no/);
    await Promise.all(rest);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("does not wait for work under another name", async () => {
    const mutexes = new Mutexes<string>();
    const first = held();
    const waiting = mutexes.hold("packages", first.work);
    await mutexes.hold("ledger", () => Promise.resolve());
    first.end();
    await waiting;
  });
});

describe("work that one run does for all", () => {
  it("is done once more for everybody who asked while it ran", async () => {
    const reloads = new Coalesced();
    const reload = held();
    const first = reloads.run(reload.work);
    const others = Promise.all([1, 2, 3, 4].map(() => reloads.run(reload.work)));
    assert.equal(reload.runs(), 1);
    reload.end();
    await first;
    await turn();
    assert.equal(reload.runs(), 2);
    reload.end();
    await others;
    const later = reloads.run(reload.work);
    assert.equal(reload.runs(), 3);
    reload.end();
    await later;
  });

  it("fails for those it was done for, and is tried anew for the next", async () => {
    const reloads = new Coalesced();
    await assert.rejects(
      reloads.run(() => Promise.reject(new Error("no"))),
      /no/,
    );
    await reloads.run(() => Promise.resolve());
  });
});

describe("blobs in use", () => {
  it("are swept by the last who needed them", async () => {
    const uses = new BlobUses();
    const first = held();
    const swept: string[][] = [];
    const sweep = (unused: readonly string[]): Promise<void> => {
      swept.push([...unused]);
      return Promise.resolve();
    };
    const long = uses.during(["a", "b"], first.work, sweep);
    await uses.during(["b", "c"], () => Promise.resolve(), sweep);
    assert.deepEqual(swept, [["c"]]);
    assert.deepEqual(uses.names.sort(), ["a", "b"]);
    first.end();
    await long;
    assert.deepEqual(swept, [["c"], ["a", "b"]]);
    assert.deepEqual(uses.names, []);
  });

  it("are let go of by work that fails", async () => {
    const uses = new BlobUses();
    await assert.rejects(
      uses.during(
        ["a"],
        () => Promise.reject(new Error("no")),
        () => Promise.resolve(),
      ),
      /no/,
    );
    assert.deepEqual(uses.names, []);
  });
});
