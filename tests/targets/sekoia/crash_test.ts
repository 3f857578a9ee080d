/** The program dies at every single write, over the wire and to the state. */
import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import {
  type FaultAction,
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";
import type { TargetState } from "../../../src/targets/target.ts";
import {
  Bench,
  type BenchOptions,
  domains,
  event,
  indicator,
} from "./bench.ts";

/** Each is a batch of its own; the checkpoint is written after each. */
const BATCHES = batches();
const VALUES = ["b.example", "c2.example", "new.example", "shared.example"];
const EVER = [
  ...VALUES,
  "a.example",
  "c.example",
  "short.example",
];

function batches(): StreamEvent[][] {
  const a = indicator("a", domains("a.example", "shared.example"));
  const b = indicator("b", domains("b.example", "shared.example"));
  const c = indicator("c", domains("c.example"));
  const short = indicator("short", domains("short.example"));
  return [
    [event("create", a), event("create", b), event("create", short)],
    [
      event("update", { ...a, pattern: domains("new.example", "a.example") }),
      event("create", c),
    ],
    [
      event("update", { ...a, pattern: domains("new.example") }),
      event("update", { ...b, name: "B" }),
      event("delete", short),
    ],
    [event("update", { ...c, pattern: domains("c2.example") })],
  ];
}

class Killed extends Error {}

/** Dies instead of the commit, or right after it. */
function mortal(
  state: TargetState,
  dies: { at: number; when: "before" | "after" },
): TargetState {
  let commits = 0;
  return {
    get: (key) => state.get(key),
    getMany: (keys) => state.getMany(keys),
    list: (prefix) => state.list(prefix),
    set: (key, value) => state.set(key, value),
    delete: (key) => state.delete(key),
    flush: async () => {
      const isLast = ++commits === dies.at;
      if (isLast && dies.when === "before") throw new Killed();
      await state.flush();
      if (isLast) throw new Killed();
    },
  };
}

/**
 * Runs lives of the program until all batches are through. A life ends without
 * its rows being committed; the next goes on with the batch in hand.
 */
async function live(
  server: SimulatedSekoia,
  die: (life: number) => Partial<BenchOptions>,
): Promise<number> {
  const folder = await Deno.makeTempDir();
  let lives = 0;
  let done = 0;
  try {
    while (done < BATCHES.length) {
      await using bench = await Bench.start({
        server,
        path: `${folder}/relay.kv`,
        ...die(lives++),
      }, { prepare: false });
      try {
        await bench.target.prepare(bench.signal);
        for (; done < BATCHES.length; done++) {
          const batch = BATCHES[done]!;
          const outcomes = await bench.target.deliver(batch, bench.signal);
          // A request that failed is what killed it.
          if (outcomes.some(({ status }) => status === "retry")) break;
          await bench.target.upkeep.book.state.flush();
        }
      } catch (error) {
        const isDeath = error instanceof Killed ||
          error instanceof Error && /Transient/.test(error.name);
        if (!isDeath) throw error;
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return lives;
}

/** Everything that should be there once, nothing else, nothing revoked twice. */
function assertRight(server: SimulatedSekoia, about: string): void {
  assertEquals(
    server.active().map(({ value }) => value).sort(),
    VALUES,
    about,
  );
  // No value was taken away and made again.
  assertEquals(
    server.ours().map(({ value }) => value).sort(),
    EVER.toSorted(),
    about,
  );
  const carried = new Map(
    server.active().map(({ value, properties }) => [
      value,
      properties.description?.split(" | ")[0],
    ]),
  );
  assertEquals(carried.get("shared.example"), "B", about);
  assertEquals(carried.get("new.example"), "a", about);
}

const MODES = ["same_id", "new_id", "ignored"] as const;
/** What differs between the modes is what a lost answer leads to. */
const DEATHS: Readonly<
  Record<typeof MODES[number], readonly FaultAction["do"][]>
> = {
  same_id: ["reset", "lose-answer", "cut-answer"],
  new_id: ["lose-answer", "cut-answer"],
  ignored: ["lose-answer"],
};

for (const duplicateMode of MODES) {
  Deno.test(`a death at any request loses and doubles nothing (${duplicateMode})`, async () => {
    const options = { now: () => Date.now(), settings: { duplicateMode } };
    const whole = await startSekoia(options);
    await live(whole, () => ({}));
    assertRight(whole, "undisturbed");
    const count = whole.requests.list.length;
    await whole.stop();
    for (const death of DEATHS[duplicateMode]) {
      for (let at = 0; at < count; at++) {
        const server = await startSekoia(options);
        // GET, PUT and DELETE are sent again by themselves, once.
        const fault = { do: death } as FaultAction;
        server.faults.next(fault, { skip: at, times: 2 });
        await live(server, () => ({}));
        assertRight(server, `${death} at request ${at}`);
        await server.stop();
      }
    }
  });

  Deno.test(`a death at any commit loses and doubles nothing (${duplicateMode})`, async () => {
    for (const when of ["before", "after"] as const) {
      for (let at = 1, lives = 2; lives > 1; at++) {
        const server = await startSekoia({
          now: () => Date.now(),
          settings: { duplicateMode },
        });
        lives = await live(server, (life) => ({
          wrap: (state) =>
            mortal(state, { at: life === 0 ? at : Infinity, when }),
        }));
        assertRight(server, `${when} commit ${at}`);
        await server.stop();
      }
    }
  });
}

Deno.test("a commit that was cut in two leaves no value without an owner", async () => {
  await using bench = await Bench.start();
  const { book } = bench.target.upkeep;
  // What is left of an indicator whose own row was in the second half.
  const key = "domain-name|a.example";
  const page = book.ledger.page();
  await page.load([], [key]);
  page.setValue(key, { key, owners: ["lost"] });
  await page.stage();
  book.setWork({ key, by: ["lost"], refusals: 0 });
  await book.state.flush();
  const object = indicator("a", domains("a.example"));
  await bench.restart().prepare(bench.signal);
  await bench.deliver(event("create", object));
  assertEquals(bench.values(), ["a.example"]);
  await bench.deliver(event("delete", object));
  assertEquals(bench.values(), []);
});
