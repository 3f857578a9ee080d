import { assert, assertEquals } from "@std/assert";
import { scenario, START } from "./bench.ts";

const FIRST = "opencti-2026.03.02-000001";
const SECOND = "opencti-2026.03.02-000002";

scenario("writes the document of an indicator", async (bench) => {
  await bench.deliver(bench.event("a", {
    name: "bad host",
    labels: ["phishing"],
    confidence: 85,
    created_by_ref: "identity--1",
  }));
  const [document] = bench.documents();
  const { source } = document!;
  assertEquals(document?.id, "a");
  assertEquals(source.threat.indicator.type, "domain-name");
  assertEquals(source.threat.indicator.url, { domain: "a.example" });
  assertEquals(source.threat.indicator.confidence, "High");
  assertEquals(source.threat.indicator.provider, "ACME CERT");
  assertEquals(source.event.module, "ti_opencti");
  assertEquals(
    source.event.url,
    "https://cti.example.org/dashboard/observations/indicators/a",
  );
  assertEquals(source.threatintel, { opencti: { internal_id: "a" } });
  assertEquals(source.tags, ["opencti"]);
  assertEquals(source.labels, undefined);
  assertEquals(source.opencti.expires_at, undefined);
});

scenario("writes labels if told to", async (bench) => {
  await bench.deliver(bench.event("a", { labels: ["phishing"] }));
  assertEquals(bench.documents()[0]?.source.tags, ["opencti", "phishing"]);
}, { settings: { include_labels: true } });

scenario("writes the former fields beside the new ones", async (bench) => {
  await bench.deliver(bench.event("a", {
    pattern: "[ipv4-addr:value = '198.51.100.7']",
    confidence: 60,
    valid_from: "2026-01-01T00:00:00.000Z",
    object_marking_refs: [
      "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    ],
    kill_chain_phases: [{
      kill_chain_name: "mitre-attack",
      phase_name: "impact",
      x_opencti_order: 3,
    }],
  }));
  const { source } = bench.documents()[0]!;
  assertEquals(source.threat.indicator.ip, "198.51.100.7");
  assertEquals(source.threatintel, {
    opencti: {
      internal_id: "a",
      valid_from: "2026-01-01T00:00:00.000Z",
      enable_detection: true,
      original_pattern: "[ipv4-addr:value = '198.51.100.7']",
      pattern_type: "stix",
      updated_at: "2026-03-01T00:00:00.000Z",
      revoked: false,
      killchain_phases: [{
        killchain_name: "mitre-attack",
        phase_name: "impact",
        opencti_phase_order: 3,
      }],
    },
    confidence: 60,
    confidence_norm: "Medium",
    stix: { id: "indicator--a" },
    indicator: {
      marking: { tlp: ["tlp:green"] },
      type: "ipv4-addr",
      ip: ["198.51.100.7"],
    },
  });
}, { settings: { legacy_threatintel_fields: true } });

scenario("gives one document to each value", async (bench) => {
  const pattern = (names: string[]) => ({
    pattern: names.map((name) => `[domain-name:value = '${name}']`)
      .join(" OR "),
  });
  await bench.deliver(bench.event("a", pattern(["x.example", "y.example"])));
  const names = () =>
    bench.documents().map(({ id, source }) =>
      `${id.replace(/-[0-9a-f]{16}$/, "-hash")} ${source.threat.indicator.name}`
    );
  assertEquals(names(), ["a x.example", "a-hash y.example"]);
  await bench.deliver(bench.update("a", pattern(["y.example"])));
  assertEquals(names(), ["a y.example"]);
});

scenario("leaves out what is not an indicator", async (bench) => {
  const outcomes = await bench.deliver(
    bench.event("a", { type: "report" }),
    bench.event("b", { pattern_type: "yara", pattern: "rule x {}" }),
  );
  assertEquals(outcomes, [
    "skipped: type report is written in mode stix alone",
    "skipped: pattern type yara has no values to match",
  ]);
  assertEquals(bench.documents(), []);
});

scenario("updates a document in the index it lives in", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a"), bench.event("b"));
  await bench.ask("POST", "/opencti/_rollover");
  await bench.deliver(bench.update("a", { confidence: 10 }), bench.event("c"));
  const three = [`${FIRST}/a`, `${FIRST}/b`, `${SECOND}/c`];
  assertEquals(bench.places(), three);
  const [a] = bench.documents();
  assertEquals(a?.source.threat.indicator.confidence, "Low");
  // The same after a restart, and for events that come a second time.
  const events = [bench.update("b", { confidence: 20 }), bench.event("d")];
  await bench.restart().prepare(bench.signal);
  await bench.deliver(...events);
  await bench.ask("POST", "/opencti/_rollover");
  await bench.restart().prepare(bench.signal);
  await bench.deliver(...events);
  assertEquals(bench.places(), [...three, `${SECOND}/d`]);
});

scenario(
  "deletes in every index, the former connector's too",
  async (bench) => {
    await bench.target.prepare(bench.signal);
    const former = { threatintel: { opencti: { internal_id: "old" } } };
    await bench.ask("PUT", `/${FIRST}/_doc/old`, former);
    await bench.ask("PUT", `/${FIRST}/_doc/by-field`, former);
    await bench.deliver(bench.event("a"));
    await bench.ask("POST", "/opencti/_rollover");
    await bench.restart().prepare(bench.signal);
    assertEquals(
      await bench.deliver(bench.remove("a"), bench.remove("old")),
      ["delivered", "delivered"],
    );
    assertEquals(bench.places(), []);
  },
);

scenario("takes over the former connector's documents", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.ask("PUT", `/${FIRST}/_doc/a`, {
    threatintel: { opencti: { internal_id: "a" } },
  });
  await bench.ask("POST", "/opencti/_rollover");
  await bench.restart().prepare(bench.signal);
  await bench.deliver(bench.event("a"));
  assertEquals(bench.places(), [`${FIRST}/a`]);
  assertEquals(
    bench.documents()[0]?.source.threat.indicator.name,
    "a.example",
  );
});

scenario("lets no old event undo a newer one", async (bench) => {
  const old = bench.update("a", { confidence: 10 });
  const late = bench.remove("b");
  await bench.deliver(bench.update("a", { confidence: 90 }), bench.event("b"));
  await bench.deliver(old, late);
  assertEquals(
    bench.documents().map(({ source }) => source.opencti.confidence),
    [90, undefined],
  );
});

scenario("imports only what has the label", async (bench) => {
  const labelled = { labels: ["phishing", " To-SIEM "] };
  assertEquals(
    await bench.deliver(bench.event("a"), bench.event("b", labelled)),
    ["skipped: has no label of import_label", "delivered"],
  );
  assertEquals(bench.documents().map(({ id }) => id), ["b"]);
  assertEquals(
    await bench.deliver(bench.update("a", labelled), bench.update("b")),
    ["delivered", "delivered"],
  );
  assertEquals(bench.documents().map(({ id }) => id), ["a"]);
  assertEquals(await bench.deliver(bench.remove("a")), ["delivered"]);
  assertEquals(bench.documents(), []);
  assertEquals(
    await bench.deliver(bench.update("c")),
    ["skipped: has no label of import_label"],
  );
}, { settings: { import_label: "other, to-siem" } });

scenario("removes what is revoked, and brings it back", async (bench) => {
  await bench.deliver(bench.event("a"));
  await bench.deliver(bench.update("a", { revoked: true }));
  assertEquals(bench.documents(), []);
  await bench.deliver(bench.update("a"));
  assertEquals(bench.documents().length, 1);
});

scenario("purges what expires, in every index", async (bench) => {
  await bench.target.prepare(bench.signal);
  const until = (ms: number) => ({
    valid_until: new Date(START + ms).toISOString(),
  });
  await bench.deliver(
    bench.event("a", until(60_000)),
    bench.event("b", until(9_000_000_000)),
    bench.event("c", until(-1)),
  );
  await bench.ask("POST", "/opencti/_rollover");
  assertEquals(bench.documents().map(({ id }) => id), ["a", "b"]);
  bench.now += 120_000;
  const stop = new AbortController();
  const running = bench.target.background!(stop.signal);
  for (let tries = 0; bench.documents().length > 1 && tries < 400; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stop.abort();
  await running;
  assertEquals(bench.documents().map(({ id }) => id), ["b"]);
});

scenario("writes any object as it is in mode stix", async (bench) => {
  await bench.target.prepare(bench.signal);
  const report = bench.event("r", {
    type: "report",
    id: "report--r",
    name: "R",
    extensions: { free: { "any key.": [{ deep: { x: 1 } }], n: "text" } },
  });
  await bench.deliver(
    report,
    bench.event("s", { type: "sighting", extensions: { free: { n: 7 } } }),
  );
  const [stored] = bench.documents();
  assertEquals(stored?.source, {
    ...report.object,
    "@timestamp": "2026-03-02T10:00:00.000Z",
  });
  assertEquals(bench.elastic.cluster.policies.size, 0);
  bench.now += 86_400_000;
  await bench.deliver(bench.update("r", { type: "report", name: "R2" }));
  assertEquals(bench.places(), [
    "opencti-2026.03.02/r",
    "opencti-2026.03.02/s",
  ]);
  assertEquals(bench.documents()[0]?.source.name, "R2");
  await bench.deliver(bench.remove("r", { type: "report" }));
  assertEquals(bench.places(), ["opencti-2026.03.02/s"]);
}, { settings: { mode: "stix" } });

scenario("has a mapping that cannot grow in mode stix", async (bench) => {
  await bench.target.prepare(bench.signal);
  const keys = Object.fromEntries(
    Array.from({ length: 1500 }, (_, at) => [`key-${at}`, at]),
  );
  const outcomes = await bench.deliver(
    bench.event("a", { extensions: { free: keys } }),
    bench.event("b", { hashes: keys, created: "no date", confidence: "high" }),
  );
  assertEquals(outcomes, ["delivered", "delivered"]);
  const index = bench.elastic.cluster.indices.get("opencti-2026.03.02");
  assert((index?.mapping.fieldCount ?? 0) < 50);
}, { settings: { mode: "stix" } });

scenario("leaves one copy of the former connector's many", async (bench) => {
  for (const day of ["01", "02"]) {
    await bench.ask("PUT", `/opencti-2026.02.${day}/_doc/a`, {
      id: "indicator--a",
      "@timestamp": `2026-02-${day}T00:00:00Z`,
    });
  }
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.update("a"));
  assertEquals(bench.places(), ["opencti-2026.02.02/a"]);
}, { settings: { mode: "stix" } });

scenario("plans without writing", async (bench) => {
  const actions = await bench.target.plan([
    bench.event("a"),
    bench.remove("b"),
    bench.event("c", { type: "malware" }),
  ], bench.signal);
  assertEquals(
    actions.map(({ action, to, id }) => [action, to, id]),
    [
      ["write", "opencti", "a"],
      ["delete", "opencti-*", "b"],
      ["skip", undefined, undefined],
    ],
  );
  assertEquals(bench.elastic.requests.list, []);
});
