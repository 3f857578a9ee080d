import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, TransientError } from "../../../src/errors.ts";
import { OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { openctiMarkingId } from "../../../src/stix/marking.ts";
import {
  pollSightings,
  pollSightingsOnce,
} from "../../../src/targets/elastic_threatintel/sightings.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import {
  alertOf,
  type Bench,
  heldBy,
  iso,
  know,
  MINUTE,
  SETTINGS,
  START,
  total,
  withBench,
} from "./sightings_bench.ts";
import { until } from "../../until.ts";

type Sample = { _id: string; _source: Record<string, unknown> };

const SAMPLES: Record<string, Sample> = JSON.parse(
  await Deno.readTextFile(
    new URL("../../fixtures/elastic/alerts.json", import.meta.url),
  ),
);
/** The indicator that all samples name. */
const SAMPLE_ID = "00000001-aaaa-4bbb-8ccc-dddddddddd01";
const SAMPLE_STIX_ID = "indicator--8c1d6b0e-5a3f-5c52-9d1e-2b8f7f6d0a01";

function scenario(name: string, run: (bench: Bench) => Promise<void>): void {
  Deno.test(`pollSightings() ${name}`, () => withBench(run));
}

function sampleIndicator() {
  const base = indicator("sample");
  const octi = base.extensions as Record<string, Record<string, unknown>>;
  return {
    ...base,
    id: SAMPLE_STIX_ID,
    pattern: "[ipv4-addr:value = '198.51.100.7']",
    extensions: {
      [OCTI_EXTENSION]: { ...octi[OCTI_EXTENSION], id: SAMPLE_ID },
    },
  };
}

function writeSample({ elastic }: Bench, name: string): void {
  const sample = SAMPLES[name];
  assert(sample !== undefined);
  const { _id, _source } = sample;
  const write = name.startsWith("v7") ? "signal" : "alert";
  elastic.foreign[write](_id, structuredClone(_source));
}

for (
  const [name, at, seen] of [
    ["v8", "2026-03-02T10:05:00.000Z", "2026-03-02T10:01:59.123Z"],
    ["v7_15_or_later", "2021-10-01T10:05:00.000Z", "2021-10-01T10:01:59.123Z"],
    ["v7_13", "2021-06-01T10:05:00.000Z", "2021-06-01T10:01:59.123Z"],
  ] as const
) {
  scenario(`turns the sample ${name} into its sighting`, async (bench) => {
    bench.now = Date.parse(at);
    know(bench.opencti, sampleIndicator());
    writeSample(bench, name);
    await bench.round();
    assertEquals(bench.sightings(), [
      { of: "sample", first: seen, last: seen, count: 1 },
    ]);
    // Again, and after a restart: nothing changes.
    await bench.round();
    await bench.restart();
    bench.now += 5 * MINUTE;
    await bench.round();
    assertEquals(total(bench.sightings()), 1);
  });
}

scenario("makes no sighting of the samples without a match", async (bench) => {
  know(bench.opencti, sampleIndicator());
  writeSample(bench, "not_a_match_alert");
  writeSample(bench, "match_alert_without_enrichments");
  bench.now += MINUTE;
  await bench.round();
  assertEquals(bench.sightings(), []);
  assert(bench.logged.some((line) => line.includes("alert without a match")));
});

scenario(
  "makes one sighting of all samples of one indicator",
  async (bench) => {
    bench.now = Date.parse("2021-06-01T10:05:00.000Z");
    know(bench.opencti, sampleIndicator());
    await bench.round();
    // Five years of downtime.
    for (const name of Object.keys(SAMPLES)) {
      if (name !== "note") writeSample(bench, name);
    }
    bench.now = START + MINUTE;
    await bench.round();
    assertEquals(bench.sightings(), [{
      of: "sample",
      first: "2021-06-01T10:01:59.123Z",
      last: "2026-03-02T10:01:59.123Z",
      count: 3,
    }]);
  },
);

scenario("sends what the sighting needs, marking included", async (bench) => {
  const marking = {
    ...entity("marking-definition", "Marking-Definition", "TLP:AMBER"),
    id: openctiMarkingId("AMBER"),
  };
  know(bench.opencti, marking);
  const id = bench.know("a");
  bench.elastic.foreign.alert(
    "1",
    alertOf({
      at: START - MINUTE,
      seenAt: START - 2 * MINUTE,
      matches: [{ id }],
    }),
  );
  await bench.round({ tlp: "AMBER", confidence: 42 });
  const request = bench.opencti.requests.find(({ fields }) =>
    fields.includes("stixSightingRelationshipAdd")
  );
  const { variables: { input } } = JSON.parse(request?.body ?? "{}");
  const place = [...bench.opencti.platform.objects.all()].find(({ object }) =>
    object.name === SETTINGS.place.name
  );
  assertEquals(input, {
    fromId: id,
    toId: place?.internalId,
    createdBy: place?.internalId,
    description: "Threat match alerts of Elastic Security",
    first_seen: iso(START - 2 * MINUTE),
    last_seen: iso(START - 2 * MINUTE),
    attribute_count: 1,
    confidence: 42,
    x_opencti_negative: false,
    objectMarking: [marking.id],
  });
  const held = [...bench.opencti.platform.objects.all()]
    .find(({ object }) => object.type === "sighting");
  assertEquals(held?.object.object_marking_refs, [marking.id]);
  assertEquals(held?.object.confidence, 42);
});

scenario(
  "makes the identity once, and again when it is gone",
  async (bench) => {
    const id = bench.know("a");
    const alert = (name: string) =>
      bench.elastic.foreign.alert(
        name,
        alertOf({ at: bench.now - MINUTE, matches: [{ id }] }),
      );
    alert("1");
    await bench.round();
    bench.now += MINUTE;
    alert("2");
    await bench.restart();
    await bench.round();
    const added = () =>
      bench.opencti.requests.filter(({ fields }) =>
        fields.includes("systemAdd")
      )
        .length;
    assertEquals(added(), 1);
    const place = [...bench.opencti.platform.objects.all()].find(({ object }) =>
      object.name === SETTINGS.place.name
    );
    const at = bench.opencti.platform.now();
    const internal = place?.internalId ?? "";
    bench.opencti.platform.apply({ at, op: "delete", internalId: internal });
    bench.now += MINUTE;
    alert("3");
    await bench.round();
    assertEquals(added(), 2);
    assertEquals(total(bench.sightings()), 1);
  },
);

scenario("uses an identity that has the name already", async (bench) => {
  const { name } = SETTINGS.place;
  know(bench.opencti, entity("identity", "Organization", name));
  const id = bench.know("a");
  bench.elastic.foreign.alert(
    "1",
    alertOf({ at: START - MINUTE, matches: [{ id }] }),
  );
  await bench.round();
  assertEquals(total(bench.sightings()), 1);
  const adds = bench.opencti.requests.filter(({ fields }) =>
    fields.includes("systemAdd")
  );
  assertEquals(adds.length, 0);
});

scenario(
  "counts alerts, not matches, and each indicator once",
  async (bench) => {
    const [a, b] = [bench.know("a"), bench.know("b")];
    const stixId = indicator("a").id;
    bench.elastic.foreign.alert(
      "1",
      alertOf({
        at: START - MINUTE,
        matches: [
          { id: [a, stixId], field: "url.domain" },
          { id: stixId, field: "dns.question.name" },
          { id: b },
        ],
      }),
    );
    bench.elastic.foreign.alert(
      "2",
      alertOf({
        at: START - MINUTE,
        seenAt: START - 3 * MINUTE,
        matches: [{ id: stixId }],
      }),
    );
    await bench.round();
    assertEquals(bench.sightings(), [
      {
        of: "a",
        first: iso(START - 3 * MINUTE),
        last: iso(START - MINUTE),
        count: 2,
      },
      {
        of: "b",
        first: iso(START - MINUTE),
        last: iso(START - MINUTE),
        count: 1,
      },
    ]);
  },
);

scenario(
  "finds indicators by document and, if ours, by value",
  async (bench) => {
    const [byId, byDocument] = [bench.know("by id"), bench.know("by document")];
    bench.know("value.example");
    bench.know("it's\\odd");
    bench.know("foreign.example");
    bench.elastic.foreign.documents("opencti-2026", {
      doc: { opencti: { internal_id: byDocument } },
      old: { threatintel: { opencti: { internal_id: byDocument } } },
      plain: { threat: { feed: { name: "OpenCTI" } } },
    });
    const matches = [
      { document: `${byId}-0123456789abcdef`, index: "opencti-gone" },
      { document: "doc", index: "opencti-2026" },
      { document: "old", index: "opencti-2026", feed: "MISP" },
      { document: "plain", index: "opencti-2026", value: "value.example" },
      { document: "missing", value: "foreign.example", feed: "MISP" },
      { document: "missing", value: "unknown.example" },
      { document: "missing", value: "it's\\odd" },
      { id: "not an id", value: "foreign.example", feed: "abuse.ch" },
    ];
    for (const [at, match] of matches.entries()) {
      bench.elastic.foreign.alert(
        `${at}`,
        alertOf({ at: START - MINUTE + at, matches: [match] }),
      );
    }
    await bench.round();
    assertEquals(
      bench.sightings().map(({ of, count }) => [of, count]),
      [["by document", 2], ["by id", 1], ["value.example", 1]],
    );
    const line = bench.logged.find((text) => text.includes("alerts turned"));
    assert(line?.includes('"match of another feed":2'), line);
    assert(line?.includes('"no indicator with this value":2'), line);
  },
);

scenario("skips what OpenCTI no longer has, and says so", async (bench) => {
  const [gone, kept] = [bench.know("gone"), bench.know("kept")];
  const at = bench.opencti.platform.now();
  bench.opencti.platform.apply({ at, op: "delete", internalId: gone });
  bench.elastic.foreign.alert(
    "1",
    alertOf({
      at: START - MINUTE,
      matches: [{ id: gone, value: "kept" }, { id: kept }],
    }),
  );
  await bench.round();
  assertEquals(bench.sightings().map(({ of }) => of), ["kept"]);
  const line = bench.logged.find((text) => text.includes("alerts turned"));
  assert(line?.includes('"OpenCTI no longer has the indicator":1'), line);
});

scenario("skips what is deleted between reading and sending", async (bench) => {
  const [gone, kept] = [bench.know("gone"), bench.know("kept")];
  bench.elastic.foreign.alert(
    "1",
    alertOf({ at: START - MINUTE, matches: [{ id: gone }, { id: kept }] }),
  );
  bench.opencti.faults.graphql({ kind: "status", status: 503 }, {
    field: "stixSightingRelationshipAdd",
    times: 2,
  });
  await assertRejects(() => bench.round(), TransientError);
  const at = bench.opencti.platform.now();
  bench.opencti.platform.apply({ at, op: "delete", internalId: gone });
  await bench.round();
  assertEquals(bench.sightings().map(({ of, count }) => [of, count]), [
    ["kept", 1],
  ]);
  assertEquals(
    (await bench.rows()).filter((key) => key.startsWith("count")),
    [],
  );
});

scenario("counts late alerts inside the look-back, once", async (bench) => {
  const id = bench.know("a");
  const alert = (name: string, at: number) =>
    bench.elastic.foreign.alert(name, alertOf({ at, matches: [{ id }] }));
  alert("1", START - MINUTE);
  await bench.round();
  bench.now += 2 * MINUTE;
  // Written in the past, visible now.
  alert("late", START - 2 * MINUTE);
  alert("same time", START - MINUTE);
  await bench.round();
  assertEquals(bench.sightings(), [{
    of: "a",
    first: iso(START - 2 * MINUTE),
    // Later than before: otherwise the platform would not add.
    last: iso(START - MINUTE + 1),
    count: 3,
  }]);
  // Between the two ends: the platform would take the count for the whole.
  bench.now += MINUTE;
  alert("later", START - MINUTE - 1000);
  await bench.round();
  assertEquals(total(bench.sightings()), 4);
  await bench.round();
  assertEquals(total(bench.sightings()), 4);
});

scenario("forgets ids that the look-back no longer reaches", async (bench) => {
  const id = bench.know("a");
  for (let round = 0; round < 20; round++) {
    bench.elastic.foreign.alert(
      `${round}`,
      alertOf({ at: bench.now - MINUTE, matches: [{ id }] }),
    );
    await bench.round();
    bench.now += 2 * MINUTE;
  }
  assertEquals(total(bench.sightings()), 20);
  const pages = (await bench.rows()).filter((key) => key.startsWith("page"));
  assert(pages.length <= 5, `${pages.length} pages are kept`);
  // A longer look-back does not count again what was forgotten.
  await bench.round({ lookbackMs: 120 * MINUTE });
  assertEquals(total(bench.sightings()), 20);
});

scenario("misses nothing after two days without it", async (bench) => {
  const id = bench.know("a");
  await bench.round();
  for (let hour = 0; hour < 48; hour++) {
    bench.elastic.foreign.alert(
      `${hour}`,
      alertOf({ at: START + hour * 60 * MINUTE, matches: [{ id }] }),
    );
  }
  await bench.restart();
  bench.now = START + 48 * 60 * MINUTE;
  await bench.round();
  assertEquals(bench.sightings(), [{
    of: "a",
    first: iso(START),
    last: iso(START + 47 * 60 * MINUTE),
    count: 48,
  }]);
});

scenario("waits for the alert index from its first start on", async (bench) => {
  const id = bench.know("a");
  await bench.round();
  bench.now += 600 * MINUTE;
  await bench.round();
  assertEquals(bench.elastic.pits.size, 0);
  bench.elastic.foreign.alert(
    "1",
    alertOf({ at: START + MINUTE, matches: [{ id }] }),
  );
  await bench.round({ alertIndex: ".alerts-security.alerts-default,gone" });
  assertEquals(total(bench.sightings()), 1);
});

scenario("goes on when the point in time expires", async (bench) => {
  const ids = ["a", "b", "c"].map((name) => bench.know(name));
  for (let at = 0; at < 90; at++) {
    bench.elastic.foreign.alert(
      `${at}`,
      alertOf({ at: START - 2 * MINUTE + at, matches: [{ id: ids[at % 3]! }] }),
    );
  }
  const { pits } = bench.elastic;
  const open = pits.use.bind(pits);
  let searches = 0;
  pits.use = (...args) => {
    if (++searches % 4 === 0) pits.clear();
    return open(...args);
  };
  await pollSightingsOnce(bench.options({ pageSize: 10 }), bench.signal);
  assert(searches > 11);
  assertEquals(
    bench.sightings().map(({ count }) => count),
    [30, 30, 30],
  );
  assertEquals(pits.size, 0);
});

scenario("reads answers that are too large in smaller pages", async (bench) => {
  const id = bench.know("a");
  for (let at = 0; at < 30; at++) {
    bench.elastic.foreign.alert(
      `${at}`,
      alertOf({ at: START - MINUTE, matches: [{ id }] }),
    );
  }
  const { elastic } = bench.options();
  const search = elastic.searchPointInTime.bind(elastic);
  const sizes: unknown[] = [];
  elastic.searchPointInTime = async (body, signal) => {
    sizes.push(body.size);
    const { RejectedError } = await import("../../../src/errors.ts");
    if (Number(body.size) > 10) throw new RejectedError("too large");
    return await search(body, signal);
  };
  await pollSightingsOnce(
    bench.options({ elastic, pageSize: 32 }),
    bench.signal,
  );
  assertEquals(sizes.slice(0, 4), [32, 16, 8, 8]);
  assertEquals(total(bench.sightings()), 30);
});

scenario("obeys a custom query", async (bench) => {
  const id = bench.know("a");
  const alert = alertOf({ at: START - MINUTE, matches: [{ id }] });
  bench.elastic.foreign.alert("1", alert);
  bench.elastic.foreign.alert("2", {
    ...alert,
    "kibana.alert.rule.type": "query",
  });
  await bench.round({
    query: { term: { "kibana.alert.rule.type": "query" } },
  });
  assertEquals(total(bench.sightings()), 1);
});

const TROUBLE: readonly (readonly [string, (bench: Bench) => void])[] = [
  ["429 at Elasticsearch", ({ elastic }) =>
    void elastic.faults.next(
      { do: "status", status: 429, retryAfter: 0 },
      { path: "_pit", times: 2 },
    )],
  ["503 in the middle of the search", ({ elastic }) =>
    void elastic.faults.next(
      { do: "status", status: 503 },
      { path: "_search", skip: 1, times: 2 },
    )],
  [
    "an Elasticsearch that hangs",
    ({ elastic }) =>
      void elastic.faults.next({ do: "hang" }, { path: "_search", skip: 1 }),
  ],
  [
    "503 at OpenCTI",
    ({ opencti }) =>
      opencti.faults.graphql({ kind: "status", status: 503 }, { times: 3 }),
  ],
  ["429 at OpenCTI", ({ opencti }) =>
    opencti.faults.graphql(
      { kind: "status", status: 429, headers: { "retry-after": "0" } },
      { field: "stixSightingRelationshipAdd", times: 3 },
    )],
  [
    "an OpenCTI that is slow",
    ({ opencti }) =>
      opencti.faults.graphql({ kind: "delay", ms: 300 }, { times: 3 }),
  ],
  ["LOCK_ERROR", ({ opencti }) =>
    opencti.faults.graphql(
      { kind: "error", code: "LOCK_ERROR" },
      { field: "stixSightingRelationshipAdd", times: 2 },
    )],
  ["UNKNOWN_ERROR", ({ opencti }) =>
    opencti.faults.graphql(
      { kind: "error", code: "UNKNOWN_ERROR" },
      { field: "stixSightingRelationshipAdd", times: 5 },
    )],
  ["FORBIDDEN_ACCESS", ({ opencti }) =>
    opencti.faults.graphql(
      { kind: "error", code: "FORBIDDEN_ACCESS" },
      { field: "stixSightingRelationshipAdd", times: 2 },
    )],
  [
    "answers lost after the sighting was written",
    ({ opencti }) =>
      opencti.faults.graphql(
        { kind: "lost-answer" },
        { field: "stixSightingRelationshipAdd", times: 5 },
      ),
  ],
  ["trouble everywhere", ({ elastic, opencti }) => {
    elastic.faults.chaos({ rate: 0.3, seed: 1 });
    opencti.faults.setChaos({ rate: 0.2, seed: 1 });
  }],
];

for (const [name, cause] of TROUBLE) {
  scenario(`counts each alert once in spite of ${name}`, async (bench) => {
    const ids = ["a", "b", "c", "d", "e"].map((name) => bench.know(name));
    const write = (from: number) => {
      for (let at = from; at < from + 50; at++) {
        bench.elastic.foreign.alert(
          `${at}`,
          alertOf({
            at: bench.now - MINUTE + at,
            matches: [{ id: ids[at % 5]! }],
          }),
        );
      }
    };
    write(0);
    await bench.round();
    bench.now += 3 * MINUTE;
    write(50);
    cause(bench);
    const stop = new AbortController();
    const polling = pollSightings(
      bench.options({
        settings: { ...SETTINGS, intervalMs: 10 },
        pageSize: 20,
      }),
      stop.signal,
    );
    try {
      await until(() => total(bench.sightings()) >= 100);
      bench.elastic.faults.clear();
      bench.opencti.faults.clear();
      await until(async () =>
        !(await bench.rows()).some((key) => key.startsWith("count"))
      );
    } finally {
      stop.abort();
      await polling;
    }
    const struck = bench.opencti.faults.count() +
      bench.logged.filter((line) => line.startsWith("warn")).length;
    assert(struck > 0, "the trouble did not happen");
    assertEquals(bench.sightings().map(({ count }) => count), [
      20,
      20,
      20,
      20,
      20,
    ]);
  });
}

scenario(
  "keeps what is refused for a reason a person can lift",
  async (bench) => {
    const id = bench.know("a");
    bench.elastic.foreign.alert(
      "1",
      alertOf({ at: START - MINUTE, matches: [{ id }] }),
    );
    // The platform does not have this marking yet.
    await assertRejects(() => bench.round({ tlp: "RED" }), Error, "MISSING");
    assertEquals(bench.sightings(), []);
    const marking = entity(
      "marking-definition",
      "Marking-Definition",
      "TLP:RED",
    );
    know(bench.opencti, { ...marking, id: openctiMarkingId("RED") });
    await bench.round({ tlp: "RED" });
    assertEquals(total(bench.sightings()), 1);
  },
);

scenario(
  "reports a refused key and goes on when it is lifted",
  async (bench) => {
    const id = bench.know("a");
    bench.elastic.foreign.alert(
      "1",
      alertOf({ at: START - MINUTE, matches: [{ id }] }),
    );
    bench.elastic.faults.next({ do: "status", status: 401 }, { path: "_pit" });
    await assertRejects(() => bench.round(), ConfigError);
    await bench.round();
    assertEquals(total(bench.sightings()), 1);
  },
);

scenario("ends at once when it is aborted", async (bench) => {
  bench.know("a");
  const idle = new AbortController();
  const waiting = pollSightings(bench.options(), idle.signal);
  await until(() => bench.elastic.requests.count("POST", "_pit") > 0);
  const started = performance.now();
  idle.abort();
  await waiting;
  const busy = new AbortController();
  bench.elastic.faults.next({ do: "hang" }, { path: "_pit" });
  const hanging = pollSightings(bench.options(), busy.signal);
  setTimeout(() => busy.abort(), 50);
  await hanging;
  assert(performance.now() - started < 900);
});

scenario(
  "counts into several sightings when months lie between",
  async (bench) => {
    const id = bench.know("a");
    const month = 31 * 24 * 60 * MINUTE;
    for (let round = 0; round < 3; round++) {
      bench.elastic.foreign.alert(
        `${round}`,
        alertOf({ at: bench.now - MINUTE, matches: [{ id }] }),
      );
      await bench.round();
      bench.now += month;
    }
    // Of an event long ago, and one at a moment that is the end of another.
    bench.elastic.foreign.alert(
      "old",
      alertOf({
        at: bench.now - MINUTE,
        seenAt: START - MINUTE,
        matches: [{ id }],
      }),
    );
    await bench.round();
    assertEquals(bench.sightings().map(({ count }) => count), [2, 1, 1]);
  },
);

scenario("keeps an alert with 200 matches together", async (bench) => {
  const ids = Array.from({ length: 200 }, (_, at) => bench.know(`i${at}`));
  for (let at = 0; at < 20; at++) {
    bench.elastic.foreign.alert(
      `${at}`,
      alertOf({ at: START - MINUTE, matches: ids.map((id) => ({ id })) }),
    );
  }
  await bench.round();
  const held = heldBy(bench.opencti);
  assertEquals(held.length, 200);
  assert(held.every(({ count }) => count === 20));
});
