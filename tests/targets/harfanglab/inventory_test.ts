/** Both sides of a comparison, and its repair. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import type { Holding } from "../../../src/targets/target.ts";
import { wordOf } from "../outcome_word.ts";
import { type Bench, scenario, sigma, yara } from "./bench.ts";
import { stateOf } from "./far_side.ts";

const ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";
const LONG = `https://evil.example/${"a".repeat(900)}`;

/** Objects of every kind, some of which share a value. */
function objects(bench: Bench): StreamEvent[] {
  return [
    bench.event("a", { pattern: "[domain-name:value = 'evil.example']" }),
    bench.event("b", { pattern: "[domain-name:value = 'evil.example']" }),
    bench.event("c", { pattern: `[url:value = '${LONG}']` }),
    bench.basedOn("r", "c", ["IPv4-Addr", "203.0.113.7"]),
    bench.event("s", { pattern_type: "sigma", pattern: sigma(ID) }),
    bench.event("y", { pattern_type: "yara", pattern: yara("One") }),
    bench.event("n", { type: "report" }),
    bench.event("x", { revoked: true }),
  ];
}

async function held(bench: Bench): Promise<Holding[]> {
  return await Array.fromAsync(bench.target.inventory!.held(bench.signal));
}

/** What differs: keys missing or different, and keys too much. */
async function compare(bench: Bench, events: readonly StreamEvent[]) {
  const lists = await bench.target.inventory!.wanted(events, bench.signal);
  const wanted = new Map<string, Set<string>>();
  for (const { kind, key, digest } of lists.flat()) {
    const name = `${kind} ${key}`;
    wanted.set(name, (wanted.get(name) ?? new Set()).add(digest));
  }
  const found = new Map<string, string>();
  for (const { kind, key, digest } of await held(bench)) {
    found.set(`${kind} ${key}`, digest);
  }
  const short = (name: string) => name.slice(0, 40);
  return {
    wrong: [...wanted].filter(([name, digests]) =>
      !digests.has(found.get(name) ?? "")
    ).map(([name]) => short(name)).sort(),
    extra: [...found.keys()].filter((name) => !wanted.has(name)).map(short),
    size: found.size,
  };
}

for (const sigmaIdMode of ["same", "separate"] as const) {
  scenario(`is in line after its events, ids ${sigmaIdMode}`, async (bench) => {
    const events = objects(bench);
    await bench.deliver(...events);
    assertEquals(await compare(bench, events), {
      wrong: [],
      extra: [],
      size: 5,
    });
    const lists = await bench.target.inventory!.wanted(events, bench.signal);
    assertEquals(lists.map(({ length }) => length), [1, 1, 2, 1, 1, 1, 0, 0]);
    for (const { key } of await held(bench)) {
      assert(new TextEncoder().encode(key).length <= 500);
    }
  }, { options: { sigmaIdMode } });
}

scenario("finds and repairs what is missing or changed", async (bench) => {
  const events = objects(bench);
  await bench.deliver(...events);
  const before = stateOf(bench.console.store);
  const { rules } = bench.console.store;
  rules.IOCRule.delete(bench.ioc("203.0.113.7").id);
  bench.ioc(LONG).description = "changed by hand";
  rules.SigmaRule.get(bench.rules("SigmaRule")[0]!.id)!.name = "renamed";
  rules.YaraFile.delete(bench.rules("YaraFile")[0]!.id);
  assertNotEquals(stateOf(bench.console.store), before);
  const { wrong, extra } = await compare(bench, events);
  assertEquals(extra, []);
  assertEquals(
    wrong.map((name) => name.replace(/\|.*|(?<=Sigma rule|YARA file) .*/, "")),
    [
      "IOC rule ip_both",
      "IOC rule url",
      "Sigma rule",
      "YARA file",
    ],
  );
  const repaired = await bench.target.inventory!.repair(events, bench.signal);
  assertEquals(
    repaired.map(wordOf).filter((word) => !word.startsWith("skipped")).length,
    7,
  );
  assertEquals(await compare(bench, events), { wrong: [], extra: [], size: 5 });
  assertEquals(stateOf(bench.console.store), before);
});

scenario("leaves off what somebody switched off", async (bench) => {
  const events = objects(bench);
  await bench.deliver(...events);
  const all = [
    bench.ioc("evil.example"),
    ...bench.rules("SigmaRule"),
    ...bench.rules("YaraFile"),
  ];
  for (const rule of all) {
    bench.console.store.settle(rule, { global_state: "disabled" });
  }
  assertEquals(await compare(bench, events), { wrong: [], extra: [], size: 5 });
  bench.ioc("evil.example").description = "changed by hand";
  const { wrong } = await compare(bench, events);
  assertEquals(wrong, ["IOC rule domain_name|evil.example"]);
  await bench.target.inventory!.repair(events, bench.signal);
  assertEquals(bench.ioc("evil.example").description, "about b");
  assertEquals(
    [...bench.rules(), ...bench.rules("SigmaRule"), ...bench.rules("YaraFile")]
      .filter(({ enabled }) => enabled === false).length,
    3,
  );
});

scenario(
  "repairs from nothing remembered, with events of the past",
  async (bench) => {
    const events = objects(bench);
    await bench.deliver(...events);
    const before = stateOf(bench.console.store);
    for (const kind of ["IOCRule", "SigmaRule", "YaraFile"] as const) {
      for (const { id } of bench.rules(kind)) {
        bench.console.store.rules[kind].delete(id);
      }
    }
    const old = events.map((event) => ({
      ...event,
      version: event.version - 1_000_000,
    }));
    await bench.target.inventory!.repair(old, bench.signal);
    assertEquals(stateOf(bench.console.store), before);
  },
);

for (const remove_indicator of [true, false]) {
  scenario(
    `removes what nobody asks for, ${remove_indicator}`,
    async (bench) => {
      const events = objects(bench);
      await bench.deliver(...events);
      // Deletes that were never heard of.
      const left = events.filter(({ internalId }) => internalId === "b");
      const { extra, wrong } = await compare(bench, left);
      assertEquals([wrong, extra.length], [[], 4]);
      const wanted = await bench.target.inventory!.wanted(left, bench.signal);
      const keys = new Set(wanted.flat().map(({ key }) => key));
      const removed = await bench.target.inventory!.remove(
        (await held(bench)).filter(({ key }) => !keys.has(key)),
        bench.signal,
      );
      assertEquals(removed.map(wordOf), Array(4).fill("delivered"));
      assertEquals(await compare(bench, left), {
        wrong: [],
        extra: [],
        size: 1,
      });
      const on = (["IOCRule", "SigmaRule", "YaraFile"] as const).map((kind) =>
        bench.rules(kind).filter(({ enabled }) => enabled === true).length
      );
      assertEquals(on, [1, 0, 0]);
      assertEquals(bench.rules().length, remove_indicator ? 1 : 3);
    },
    { settings: { remove_indicator } },
  );
}

scenario("counts nothing that others made", async (bench) => {
  await bench.settle(bench.event("a"));
  const rule = bench.ioc("a.test");
  bench.console.store.rules.IOCRule.set("hand", {
    ...rule,
    id: "hand",
    value: "hand.test",
    comment: "by hand",
  });
  assertEquals((await held(bench)).map(({ key }) => key), [
    "domain_name|a.test",
  ]);
});

scenario(
  "compares beside a program, before anything was made ready",
  async (bench) => {
    const events = objects(bench);
    await bench.deliver(...events);
    bench.restart();
    const lists = bench.console.store.sources.IOCRule.size;
    assertEquals(await compare(bench, events), {
      wrong: [],
      extra: [],
      size: 5,
    });
    assertEquals(bench.console.store.sources.IOCRule.size, lists);
  },
);

scenario("makes no list to find nothing in it", async (bench) => {
  const lists = bench.console.store.sources.IOCRule.size;
  bench.restart({ source_list_name: "not made yet" });
  assertEquals(await held(bench), []);
  assertEquals(bench.console.store.sources.IOCRule.size, lists);
});
