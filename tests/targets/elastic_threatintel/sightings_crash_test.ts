import { assert, assertEquals } from "@std/assert";
import type { SightingsClient } from "../../../src/opencti/sightings.ts";
import { pollSightingsOnce } from "../../../src/targets/elastic_threatintel/sightings.ts";
import type { StateKey, TargetState } from "../../../src/targets/target.ts";
import { alertOf, type Bench, MINUTE, withBench } from "./sightings_bench.ts";

/** The process dies here. */
class Crash extends Error {
  override name = "Crash";
}

/** Counts what happens outside the process, and dies after so much of it. */
class Fate {
  happened = 0;
  left: number;

  constructor(left: number) {
    this.left = left;
  }

  step(): void {
    if (this.left <= 0) throw new Crash();
    this.left--;
    this.happened++;
  }
}

/** A disk, whose rows are written one by one in the order they were staged. */
class Disk {
  readonly rows = new Map<string, string>();

  /** The state of one life of the program. */
  state(fate: Fate): TargetState {
    const { rows } = this;
    const staged = new Map<string, string | undefined>();
    const read = (key: StateKey) => {
      const text = JSON.stringify(key);
      const found = staged.has(text) ? staged.get(text) : rows.get(text);
      return found === undefined ? undefined : JSON.parse(found);
    };
    return {
      get: (key) => Promise.resolve(read(key)),
      getMany: (keys) => Promise.resolve(keys.map(read)),
      async *list<Value>(prefix: StateKey) {
        const all = new Set([...rows.keys(), ...staged.keys()]);
        for (const text of [...all].sort()) {
          const key: (string | number)[] = JSON.parse(text);
          const value: Value | undefined = read(key);
          if (value === undefined || key.length <= prefix.length) continue;
          if (prefix.every((part, at) => key[at] === part)) {
            yield await Promise.resolve({ key, value });
          }
        }
      },
      set: (key, value) =>
        void staged.set(JSON.stringify(key), JSON.stringify(value)),
      delete: (key) => void staged.set(JSON.stringify(key), undefined),
      flush: () => {
        for (const [key, value] of [...staged]) {
          fate.step();
          if (value === undefined) rows.delete(key);
          else rows.set(key, value);
          staged.delete(key);
        }
        return Promise.resolve();
      },
    };
  }
}

/** The platform, and a death before or after a sighting is written. */
function mortal(opencti: SightingsClient, fate: Fate): SightingsClient {
  return {
    idsOf: (ids, signal) => opencti.idsOf(ids, signal),
    indicatorsByPattern: (patterns, signal) =>
      opencti.indicatorsByPattern(patterns, signal),
    ensurePlace: (place, signal) => opencti.ensurePlace(place, signal),
    sightingsOf: (from, to, signal) => opencti.sightingsOf(from, to, signal),
    addSighting: async (sighting, signal) => {
      fate.step();
      await opencti.addSighting(sighting, signal);
      fate.step();
    },
  };
}

async function live(bench: Bench, disk: Disk, fate: Fate): Promise<boolean> {
  const options = bench.options({ state: disk.state(fate), pageSize: 3 });
  try {
    await pollSightingsOnce(
      { ...options, opencti: mortal(options.opencti, fate) },
      bench.signal,
    );
    return true;
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return false;
  }
}

function write(bench: Bench, ids: readonly string[], from: number): void {
  for (let number = from; number < from + 6; number++) {
    bench.elastic.foreign.alert(
      `${number}`,
      alertOf({
        at: bench.now - MINUTE + number,
        matches: [{ id: ids[number % 3]! }, { id: ids[(number + 1) % 3]! }],
      }),
    );
  }
}

/** Two rounds, with two deaths after so many steps. */
async function counts(
  bench: Bench,
  [first, second]: readonly [number, number],
): Promise<{ counts: number[]; steps: number }> {
  const disk = new Disk();
  const ids = ["a", "b", "c"].map((name) => bench.know(name));
  const fates = [new Fate(first), new Fate(second), new Fate(Infinity)];
  const round = async () => {
    while (true) {
      const done = await live(bench, disk, fates[0] as Fate);
      if (done) return;
      fates.shift();
    }
  };
  write(bench, ids, 0);
  await round();
  bench.now += 2 * MINUTE;
  write(bench, ids, 10);
  await round();
  const steps = fates[0]?.happened ?? 0;
  return {
    steps,
    counts: bench.sightings().map(({ count }) => count),
  };
}

Deno.test("pollSightings() counts once whichever row is the last on disk", async () => {
  let steps = 0;
  await withBench(async (bench) => {
    const whole = await counts(bench, [Infinity, Infinity]);
    assertEquals(whole.counts, [8, 8, 8]);
    steps = whole.steps;
  });
  assert(steps > 40, `${steps} steps`);
  for (let first = 0; first < steps; first++) {
    // The second death comes right in the repair of the first.
    await withBench(async (bench) => {
      const second = (first * 7) % 13;
      const lived = await counts(bench, [first, second]);
      assertEquals(lived.counts, [8, 8, 8], `${first} and ${second} steps`);
    });
  }
});
