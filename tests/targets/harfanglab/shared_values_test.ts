/** One value, several who ask for it. */
import { assertEquals } from "@std/assert";
import type { Bench } from "./bench.ts";
import { scenario } from "./bench.ts";

const SHARED = { pattern: "[domain-name:value = 'evil.example']" };
const OTHER = { pattern: "[domain-name:value = 'other.example']" };
const ON = "domain_name|evil.example";

/** Ways in which an indicator stops asking for the shared value. */
// deno-fmt-ignore
const WAYS: readonly (readonly [
  way: string,
  leave: (bench: Bench, name: string) => Parameters<Bench["deliver"]>[0],
])[] = [
  ["is deleted",            (bench, name) => bench.remove(name, SHARED)],
  ["is revoked",            (bench, name) => bench.update(name, { ...SHARED, revoked: true })],
  ["changes its pattern",   (bench, name) => bench.update(name, OTHER)],
  ["leaves the filter",     (bench, name) => bench.event(name, SHARED, { action: "delete", cause: "left-filter" })],
  ["becomes a Snort rule",  (bench, name) => bench.update(name, { pattern_type: "snort", pattern: "alert" })],
];

for (const remove_indicator of [true, false]) {
  const mode = remove_indicator ? "deletes" : "disables";
  const OFF = remove_indicator ? [] : [`${ON} off`];
  for (const [first, second] of [["a", "b"], ["b", "a"]] as const) {
    for (const [way, leave] of WAYS) {
      for (const [last, leaveLast] of WAYS) {
        scenario(
          `${mode} a shared rule with the last: ${first} ${way}, ` +
            `then ${second} ${last}`,
          async (bench) => {
            await bench.settle(
              bench.event("a", SHARED),
              bench.event("b", SHARED),
            );
            assertEquals(bench.iocs(), [ON]);
            assertEquals(
              bench.comment("evil.example").indicator_ids,
              ["indicator--b", "indicator--a"],
            );
            await bench.settle(leave(bench, first));
            assertEquals(bench.iocs().filter((ioc) => ioc.startsWith(ON)), [
              ON,
            ]);
            const comment = bench.comment("evil.example");
            assertEquals(comment.indicator_id, `indicator--${second}`);
            assertEquals(comment.indicator_ids, [`indicator--${second}`]);
            assertEquals(
              bench.ioc("evil.example").description,
              `about ${second}`,
            );
            await bench.settle(leaveLast(bench, second));
            assertEquals(
              bench.iocs().filter((ioc) => ioc.startsWith(ON)),
              OFF,
            );
          },
          { settings: { remove_indicator } },
        );
      }
    }
  }
}

scenario(
  "writes the values of a new pattern and takes back the rest",
  async (bench) => {
    const values = (...names: string[]) => ({
      pattern: names.map((name) => `[domain-name:value = '${name}.example']`)
        .join(" OR "),
    });
    await bench.settle(bench.event("a", values("one", "two")));
    bench.writes();
    await bench.settle(bench.update("a", {
      ...values("two", "three"),
      name: "renamed in the same event",
    }));
    assertEquals(bench.iocs(), [
      "domain_name|three.example",
      "domain_name|two.example",
    ]);
    assertEquals(bench.writes().sort(), ["DELETE IOCRule", "POST IOCRule"]);
  },
);

scenario("names twenty indicators at most", async (bench) => {
  const names = Array.from({ length: 25 }, (_, at) => `i${at}`);
  await bench.settle(...names.map((name) => bench.event(name, SHARED)));
  const ids = bench.comment("evil.example").indicator_ids as string[];
  assertEquals(ids.length, 20);
  for (const name of names) await bench.deliver(bench.remove(name, SHARED));
  assertEquals(bench.iocs(), []);
});

const DOMAIN = ["Domain-Name", "evil.example"] as const;

scenario(
  "keeps a value that its pattern gives when a relationship goes",
  async (bench) => {
    await bench.settle(
      bench.event("a", SHARED),
      bench.basedOn("r", "a", DOMAIN),
    );
    bench.writes();
    await bench.settle(bench.basedOn("r", "a", DOMAIN, { action: "delete" }));
    assertEquals(bench.iocs(), [ON]);
    assertEquals(bench.writes(), []);
    await bench.settle(bench.update("a", OTHER));
    assertEquals(bench.iocs(), ["domain_name|other.example"]);
  },
);

scenario(
  "keeps a value that a relationship gives when the pattern goes",
  async (bench) => {
    await bench.settle(
      bench.event("a", SHARED),
      bench.basedOn("r", "a", DOMAIN),
      bench.update("s"),
    );
    await bench.settle(bench.update("a", OTHER));
    assertEquals(bench.iocs(), [
      ON,
      "domain_name|other.example",
      "domain_name|s.test",
    ]);
    await bench.settle(bench.basedOn("r", "a", DOMAIN, { action: "delete" }));
    assertEquals(bench.iocs(), [
      "domain_name|other.example",
      "domain_name|s.test",
    ]);
  },
);

scenario(
  "adds what a relationship gives, and takes only that away",
  async (bench) => {
    const ip = ["IPv4-Addr", "203.0.113.7"] as const;
    await bench.settle(bench.event("a"), bench.basedOn("r", "a", ip));
    assertEquals(bench.iocs(), ["domain_name|a.test", "ip_both|203.0.113.7"]);
    await bench.settle(bench.basedOn("r", "a", ip, { action: "delete" }));
    assertEquals(bench.iocs(), ["domain_name|a.test"]);
  },
);

scenario("applies an update of a relationship", async (bench) => {
  await bench.settle(
    bench.event("a"),
    bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.7"]),
  );
  await bench.settle(
    bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.8"], { action: "update" }),
  );
  assertEquals(bench.iocs(), ["domain_name|a.test", "ip_both|203.0.113.8"]);
});

scenario(
  "remembers a relationship that comes before its indicator",
  async (bench) => {
    const sha1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
    const file = ["StixFile", sha1.toUpperCase()] as const;
    assertEquals(
      await bench.deliver(
        bench.basedOn("r", "a", file),
        bench.basedOn("n", "a", ["StixFile", "invoice.exe"]),
        bench.basedOn("m", "a", ["Mutex", "m"]),
      ),
      [
        "skipped: its indicator gives nothing now: remembered until it does",
        "skipped: its indicator gives nothing now: remembered until it does",
        "skipped: based on an observable that HarfangLab cannot hold",
      ],
    );
    assertEquals(bench.writes(), []);
    bench.restart();
    await bench.settle(bench.event("a"));
    assertEquals(bench.iocs(), [
      "domain_name|a.test",
      "filename|invoice.exe",
      `hash|${sha1}`,
    ]);
  },
);

scenario(
  "takes relationships back with their indicator, and gives them again",
  async (bench) => {
    const ip = ["IPv4-Addr", "203.0.113.7"] as const;
    await bench.settle(bench.event("a"), bench.basedOn("r", "a", ip));
    await bench.settle(bench.update("a", { revoked: true }));
    assertEquals(bench.iocs(), []);
    await bench.settle(bench.update("a"));
    assertEquals(bench.iocs(), ["domain_name|a.test", "ip_both|203.0.113.7"]);
    // The relationship exists on the platform although the stream is silent.
    await bench.settle(
      bench.event("a", {}, { action: "delete", cause: "left-filter" }),
    );
    assertEquals(bench.iocs(), []);
    await bench.settle(bench.event("a", {}, { cause: "entered-filter" }));
    assertEquals(bench.iocs(), ["domain_name|a.test", "ip_both|203.0.113.7"]);
    await bench.settle(bench.remove("a"));
    await bench.settle(bench.event("a"));
    assertEquals(bench.iocs(), ["domain_name|a.test"]);
  },
);

scenario("asks OpenCTI for observables if told to", async (bench) => {
  bench.services.observables.set("a", [
    { type: "IPv4-Addr", value: "203.0.113.7" },
    { type: "Mutex", value: "m" },
  ]);
  await bench.settle(bench.event("a"));
  assertEquals(bench.iocs(), ["domain_name|a.test", "ip_both|203.0.113.7"]);
  bench.services.observables.set("a", []);
  await bench.settle(bench.update("a"));
  assertEquals(bench.iocs(), ["domain_name|a.test"]);
}, { settings: { resolve_observables: true } });

scenario("makes no write call when everything is sent again", async (bench) => {
  const events = [
    bench.event("a", SHARED),
    bench.event("b", SHARED),
    bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.7"]),
    bench.update("c"),
    bench.remove("c"),
  ];
  for (const event of events) await bench.deliver(event);
  const before = bench.iocs();
  bench.writes();
  bench.restart();
  await bench.prepare();
  for (const event of events) await bench.deliver(event);
  assertEquals(bench.writes(), []);
  assertEquals(bench.iocs(), before);
});

scenario("lets no older event undo a newer one", async (bench) => {
  const old = bench.event("a", OTHER);
  const oldRelation = bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.1"]);
  await bench.settle(
    bench.update("a", SHARED),
    bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.2"]),
  );
  await bench.settle(bench.update("b"), bench.remove("b"));
  const before = bench.iocs();
  await bench.settle(old, oldRelation);
  assertEquals(bench.iocs(), before);
});
