/** What an older connector, or a life whose state is lost, has left. */
import { assertEquals } from "@std/assert";
import type { RuleKind } from "../../../src/simulator/harfanglab/mod.ts";
import { createDocument } from "../../../src/simulator/harfanglab/documents.ts";
import { createIocRule } from "../../../src/simulator/harfanglab/ioc_rules.ts";
import { type Bench, scenario, sigma, yara } from "./bench.ts";
import { LIST } from "./far_side.ts";

const ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";

function list(bench: Bench, kind: RuleKind): string {
  const { store } = bench.console;
  const found = [...store.sources[kind].values()].find(({ name }) =>
    name === LIST
  );
  return (found ?? store.addSource(kind, { name: LIST })).id;
}

/** A rule as the older connector wrote it. */
function former(
  bench: Bench,
  [type, value]: readonly [string, string],
  comment: unknown,
  more: Record<string, unknown> = {},
) {
  return createIocRule(bench.console.store, {
    source_id: list(bench, "IOCRule"),
    type,
    value,
    description: "former",
    hl_status: "stable",
    comment,
    ...more,
  });
}

function commentOf(name: string): string {
  return JSON.stringify({
    indicator_id: `indicator--${name}`,
    indicator_score: 50,
    indicator_platforms: ["windows"],
  });
}

const CASES: readonly (readonly [name: string, comment: string])[] = [
  ["as it was written", commentOf("a")],
  ["encoded twice", JSON.stringify(commentOf("a"))],
];

for (const [name, comment] of CASES) {
  scenario(`takes over a rule by its comment, ${name}`, async (bench) => {
    const rule = former(bench, ["domain_name", "a.test"], comment);
    await bench.prepare();
    bench.writes();
    await bench.settle(bench.update("a"));
    assertEquals(bench.writes(), ["PATCH IOCRule"]);
    assertEquals(bench.ioc("a.test").id, rule.id);
    assertEquals(bench.comment("a.test").indicator_ids, ["indicator--a"]);
    await bench.settle(bench.remove("a"));
    assertEquals(bench.iocs(), []);
  }, { prepared: false });
}

scenario(
  "removes a former rule when its indicator is deleted first",
  async (bench) => {
    former(bench, ["domain_name", "a.test"], commentOf("a"));
    former(bench, ["ip_both", "203.0.113.7"], commentOf("a"));
    former(bench, ["domain_name", "b.test"], commentOf("b"));
    await bench.prepare();
    await bench.settle(bench.remove("a"));
    assertEquals(bench.iocs(), ["domain_name|b.test"]);
  },
  { prepared: false },
);

scenario(
  "removes what the former connector wrote and the pattern does not say",
  async (bench) => {
    former(bench, ["hash", "9E107D9D372BB6826BD81D3542A419D6"], commentOf("a"));
    former(bench, ["filename", "invoice.exe"], commentOf("a"));
    former(bench, ["domain_name", "gone.test"], commentOf("a"));
    await bench.prepare();
    await bench.settle(bench.update("a", {
      pattern: "[file:hashes.MD5 = '9E107D9D372BB6826BD81D3542A419D6' AND " +
        "file:name = 'invoice.exe']",
    }));
    assertEquals(bench.iocs(), ["hash|9e107d9d372bb6826bd81d3542a419d6"]);
  },
  { prepared: false },
);

scenario(
  "keeps a former rule of two indicators until both are gone",
  async (bench) => {
    const comment = JSON.stringify({
      ...JSON.parse(commentOf("a")),
      indicator_ids: ["indicator--a", "indicator--b"],
    });
    former(bench, ["domain_name", "evil.example"], comment);
    await bench.prepare();
    await bench.settle(bench.remove("a"));
    assertEquals(bench.iocs(), ["domain_name|evil.example"]);
    await bench.settle(bench.remove("b"));
    assertEquals(bench.iocs(), []);
  },
  { prepared: false },
);

scenario(
  "finds a former rule under the id that its indicator had",
  async (bench) => {
    former(bench, ["domain_name", "old.test"], commentOf("old"));
    await bench.prepare();
    const event = bench.update("a", {
      pattern: "[domain-name:value = 'n.test']",
    });
    await bench.settle({
      ...event,
      reversePatch: [
        { op: "replace", path: "/pattern", value: "[domain-name:value = 'x']" },
        { op: "replace", path: "/id", value: "indicator--old" },
      ],
    });
    assertEquals(bench.iocs(), ["domain_name|n.test"]);
  },
  { prepared: false },
);

scenario(
  "leaves a rule of our list alone whose comment names nobody",
  async (bench) => {
    former(bench, ["domain_name", "hand.test"], "by hand");
    former(bench, ["domain_name", "none.test"], null);
    await bench.prepare();
    await bench.settle(bench.event("a"));
    assertEquals(bench.iocs(), [
      "domain_name|a.test",
      "domain_name|hand.test",
      "domain_name|none.test",
    ]);
  },
  { prepared: false },
);

scenario("enables a former rule that was disabled", async (bench) => {
  former(bench, ["domain_name", "a.test"], commentOf("a"), { enabled: false });
  await bench.prepare();
  assertEquals(bench.iocs(), ["domain_name|a.test off"]);
  await bench.settle(bench.update("a"));
  assertEquals(bench.iocs(), ["domain_name|a.test"]);
}, { prepared: false });

scenario("takes over former Sigma rules and YARA files", async (bench) => {
  const { store } = bench.console;
  createDocument(store, "SigmaRule", {
    source_id: list(bench, "SigmaRule"),
    name: "former name",
    content: sigma(ID),
    hl_status: "stable",
  });
  createDocument(store, "YaraFile", {
    source_id: list(bench, "YaraFile"),
    name: "former file",
    content: yara("One", "Two"),
    hl_status: "stable",
  });
  const ids = () => [
    bench.rules("SigmaRule").map(({ id }) => id),
    bench.rules("YaraFile").map(({ id }) => id),
  ];
  const before = ids();
  await bench.prepare();
  bench.writes();
  const events = [
    bench.event("a", { pattern_type: "sigma", pattern: sigma(ID) }),
    bench.event("b", { pattern_type: "yara", pattern: yara("One", "Two") }),
  ];
  await bench.settle(...events);
  assertEquals(ids(), before);
  assertEquals(bench.writes(), ["PATCH SigmaRule", "PATCH YaraFile"]);
  assertEquals(bench.rules("SigmaRule")[0]?.name, "a");
  // Only the name was not as it should be.
  await bench.forget();
  await bench.prepare();
  bench.writes();
  await bench.settle(...events);
  assertEquals(bench.writes(), []);
}, { prepared: false });

scenario(
  "removes former rules whose indicator is deleted first",
  async (bench) => {
    const { store } = bench.console;
    createDocument(store, "SigmaRule", {
      source_id: list(bench, "SigmaRule"),
      name: "former",
      content: sigma(ID),
    });
    createDocument(store, "YaraFile", {
      source_id: list(bench, "YaraFile"),
      name: "former",
      content: yara("One"),
    });
    await bench.prepare();
    await bench.settle(
      bench.remove("a", { pattern_type: "sigma", pattern: sigma(ID) }),
      bench.remove("b", { pattern_type: "yara", pattern: yara("One") }),
    );
    assertEquals(bench.rules("SigmaRule").length, 0);
    assertEquals(bench.rules("YaraFile").length, 0);
  },
  { prepared: false },
);

scenario(
  "writes nothing when the state is lost and all comes again",
  async (bench) => {
    const shared = { pattern: "[domain-name:value = 'evil.example']" };
    const events = [
      bench.event("a", shared),
      bench.event("b", shared),
      bench.event("c", { pattern_type: "sigma", pattern: sigma(ID) }),
      bench.event("d", { pattern_type: "yara", pattern: yara("One") }),
      bench.event("e"),
      bench.basedOn("r", "e", ["IPv4-Addr", "203.0.113.7"]),
    ];
    await bench.settle(...events);
    const before = bench.iocs();
    await bench.forget();
    await bench.prepare();
    bench.writes();
    await bench.settle(...events);
    assertEquals(bench.writes(), []);
    await bench.settle(bench.remove("a", shared));
    assertEquals(bench.iocs(), before);
    await bench.settle(bench.remove("b", shared));
    assertEquals(bench.iocs(), before.filter((ioc) => !ioc.includes("evil")));
  },
);
