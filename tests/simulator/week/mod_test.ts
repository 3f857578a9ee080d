import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse } from "@std/yaml";
import type { Change } from "../../../src/simulator/change.ts";
import { INDICATOR_SHAPES } from "../../../src/simulator/week/indicator_shapes.ts";
import { generateWeek } from "../../../src/simulator/week/mod.ts";
import {
  extension,
  internalId,
  isRecord,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../../src/stix/object.ts";
import { parsePattern } from "../../../src/stix/pattern.ts";
import { secondStandardId } from "./second_id.ts";

const ENDS_AT = Date.parse("2026-05-17T18:00:00.000Z");
const WEEK_MS = 7 * 86_400_000;

const week = [...generateWeek({ seed: 20_260_517, endsAt: ENDS_AT })];

/** Other weeks, for what must hold in every one. */
const weeks: readonly (readonly [string, Change[]])[] = [
  ["the week", week],
  ["a small week", [
    ...generateWeek({ seed: 2, endsAt: ENDS_AT, scale: 0.05 }),
  ]],
  ["a large week", [...generateWeek({ seed: 3, endsAt: ENDS_AT, scale: 3 })]],
  ["a negative seed", [...generateWeek({ seed: -9.5, endsAt: 0 })]],
];

/** Every STIX type of observable that has a row in the targets' mappings. */
const OBSERVABLE_TYPES = [
  "artifact",
  "autonomous-system",
  "bank-account",
  "credential",
  "cryptocurrency-wallet",
  "cryptographic-key",
  "directory",
  "domain-name",
  "email-addr",
  "email-message",
  "email-mime-part-type",
  "file",
  "hostname",
  "ipv4-addr",
  "ipv6-addr",
  "mac-addr",
  "media-content",
  "mutex",
  "network-traffic",
  "payment-card",
  "persona",
  "phone-number",
  "process",
  "software",
  "ssh-key",
  "text",
  "tracking-number",
  "url",
  "user-account",
  "user-agent",
  "windows-registry-key",
  "windows-registry-value-type",
  "x509-certificate",
];

const OTHER_TYPES = [
  "attack-pattern",
  "campaign",
  "case-incident",
  "case-rfi",
  "case-rft",
  "course-of-action",
  "grouping",
  "identity",
  "incident",
  "indicator",
  "infrastructure",
  "intrusion-set",
  "label",
  "location",
  "malware",
  "marking-definition",
  "note",
  "observed-data",
  "opinion",
  "relationship",
  "report",
  "sighting",
  "threat-actor",
  "tool",
  "vulnerability",
];

const PATTERN_TYPES = [
  "eql",
  "esql",
  "kql",
  "lucene",
  "pcre",
  "shodan",
  "sigma",
  "snort",
  "spl",
  "stix",
  "suricata",
  "tanium-signal",
  "yara",
];

Deno.test("generateWeek() gives the same bytes for the same seed", () => {
  const again = generateWeek({ seed: 20_260_517, endsAt: ENDS_AT });
  const meanwhile = generateWeek({ seed: 1, endsAt: ENDS_AT });
  const interleaved: Change[] = [];
  for (const change of again) {
    interleaved.push(change);
    meanwhile.next();
  }
  assertEquals(JSON.stringify(interleaved), JSON.stringify(week));
  const other = [...generateWeek({ seed: 20_260_518, endsAt: ENDS_AT })];
  assert(JSON.stringify(other) !== JSON.stringify(week));
});

Deno.test("generateWeek() is the size it says", () => {
  assert(week.length > 2_200 && week.length < 3_000, String(week.length));
});

Deno.test("generateWeek() refuses what is no number to work with", () => {
  for (const scale of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => generateWeek({ seed: 1, endsAt: 0, scale }).next(),
      RangeError,
    );
  }
  assertThrows(() => generateWeek({ seed: 1, endsAt: NaN }).next(), RangeError);
});

for (const [name, changes] of weeks) {
  const end = changes === weeks[3]?.[1] ? 0 : ENDS_AT;

  Deno.test(`generateWeek() never goes back in time (${name})`, () => {
    let before = end - WEEK_MS;
    for (const { at } of changes) {
      assert(at >= before && Number.isSafeInteger(at), `${at} after ${before}`);
      before = at;
    }
    assertEquals(before, end);
  });

  Deno.test(`generateWeek() changes only what exists (${name})`, () => {
    const live = new Map<string, StixObject>();
    const everCreated = new Set<string>();
    const standardIds = new Map<string, string>();
    for (const change of changes) {
      if (change.op === "create") {
        const id = internalId(change.object);
        assert(!everCreated.has(id), `internal id ${id} twice`);
        everCreated.add(id);
        const taken = standardIds.get(change.object.id);
        assert(taken === undefined || !live.has(taken), change.object.id);
        live.set(id, change.object);
        standardIds.set(change.object.id, id);
      } else if (change.op === "update") {
        const id = internalId(change.object);
        const former = live.get(id);
        assert(former !== undefined, `update of ${id}`);
        assertEquals(change.object.type, former.type);
        assertEquals(octi(change.object).created_at, octi(former).created_at);
        assert(JSON.stringify(former) !== JSON.stringify(change.object));
        live.set(id, change.object);
        standardIds.delete(former.id);
        standardIds.set(change.object.id, id);
      } else if (change.op === "delete") {
        assert(live.delete(change.internalId), `delete ${change.internalId}`);
        // Relations go with either of their ends, and nobody says so.
        for (const [id, { type, extensions }] of live) {
          const related = type === "relationship" || type === "sighting";
          if (
            related && JSON.stringify(extensions).includes(change.internalId)
          ) {
            live.delete(id);
          }
        }
      } else {
        assert(live.has(change.into));
        assert(change.sources.length > 0);
        for (const source of change.sources) {
          assert(source !== change.into && live.delete(source));
        }
      }
    }
  });

  Deno.test(`generateWeek() refers only to what came before (${name})`, () => {
    const known = new Set<string>();
    for (const { object } of written(changes)) {
      known.add(object.id).add(internalId(object));
      for (const [key, reference] of referencesOf(object)) {
        assert(
          known.has(reference),
          `${object.id} refers by ${key} to ${reference}`,
        );
      }
    }
  });

  Deno.test(`generateWeek() gives the platform's standard ids (${name})`, () => {
    for (const { op, object } of written(changes)) {
      const fixed = object.type === "relationship" ||
        object.type === "sighting";
      if (op === "update" && fixed) continue;
      assertEquals(object.id, secondStandardId(object));
    }
  });

  Deno.test(`generateWeek() holds every type (${name})`, () => {
    const types = new Set(created(changes).map((object) => object.type));
    assertEquals(
      [...types].sort(),
      [...OBSERVABLE_TYPES, ...OTHER_TYPES].sort(),
    );
    const patternTypes = created(changes)
      .map((object) => object.pattern_type).filter((type) =>
        type !== undefined
      );
    assertEquals([...new Set(patternTypes)].sort(), PATTERN_TYPES);
  });

  Deno.test(`generateWeek() writes patterns that parse, but one (${name})`, () => {
    const broken = new Set<unknown>();
    for (const { object } of written(changes)) {
      if (object.pattern_type !== "stix") continue;
      try {
        parsePattern(String(object.pattern));
      } catch {
        broken.add(object.name);
      }
    }
    assertEquals([...broken], ["Import error: truncated pattern"]);
  });

  Deno.test(`generateWeek() uses documentation values alone (${name})`, () => {
    for (const { object } of written(changes)) {
      for (const text of textsOf(object)) {
        for (const host of hostsIn(text)) {
          assert(isForDocumentation(host), `"${host}" in ${object.id}`);
        }
      }
    }
  });

  Deno.test(`generateWeek() publishes no old or empty member (${name})`, () => {
    for (const { object } of written(changes)) {
      checkMembers(object, object);
      for (const id of [OCTI_EXTENSION, SCO_EXTENSION, MITRE_EXTENSION]) {
        checkMembers(extension(object, id), object);
      }
    }
  });
}

Deno.test("generateWeek() writes every shape of pattern", () => {
  const patterns = created(week)
    .filter((object) => object.pattern_type === "stix")
    .map((object) => String(object.pattern)).join("\n");
  for (
    const word of [
      " OR ",
      " AND ",
      "] OR [",
      "] AND [",
      "FOLLOWEDBY",
      " IN (",
      " LIKE ",
      " MATCHES ",
      " ISSUBSET ",
      " != ",
      "REPEATS 25 TIMES",
      "START t'",
      "WITHIN 600 SECONDS",
      "file:hashes.MD5",
      "file:hashes.'SHA-256'",
      "/48'",
      "\\'",
      "\\\\",
      "network-traffic:dst_port",
      "x509-certificate:serial_number",
      "windows-registry-key:values[*].data",
    ]
  ) assert(patterns.includes(word), word);
  for (const { kind, weight } of INDICATOR_SHAPES) assert(weight > 0, kind);
  const mainTypes = new Set(
    created(week).map((object) => octi(object).main_observable_type),
  );
  assert(mainTypes.size > 25, [...mainTypes].join());
});

Deno.test("generateWeek() writes Sigma rules that are YAML", () => {
  const ids = new Set<unknown>();
  const rules = created(week)
    .filter((object) => object.pattern_type === "sigma");
  for (const { pattern, name } of rules) {
    const rule: unknown = parse(String(pattern));
    assert(isRecord(rule) && isRecord(rule.detection));
    assertEquals(rule.title, name);
    assert(typeof rule.detection.condition === "string");
    assert(isRecord(rule.logsource));
    ids.add(rule.id);
  }
  assert(rules.length >= 10);
  assertEquals(ids.size, rules.length);
});

Deno.test("generateWeek() writes YARA rules that use their strings", () => {
  const rules = created(week)
    .filter((object) => object.pattern_type === "yara")
    .flatMap(({ pattern }) => String(pattern).split(/^}$/m).slice(0, -1));
  assert(rules.length >= 10);
  for (const rule of rules) {
    assert(/(^|\n)rule \w+( : [\w ]+)? \{\n/.test(rule), rule);
    const [head, condition] = rule.split("    condition:\n");
    assert(condition !== undefined && condition.trim() !== "");
    for (const [, name] of (head as string).matchAll(/^\s+\$(\w+) =/gm)) {
      assert(
        new RegExp(`[$@#]${name}\\b|them`).test(condition),
        `${name} in ${rule}`,
      );
    }
  }
});

Deno.test("generateWeek() moves `modified` but for labels and the like", () => {
  const still = new Set([
    "labels",
    "object_marking_refs",
    "object_refs",
    "external_references",
  ]);
  let quiet = 0;
  for (const [former, object, at] of edits(week)) {
    const keys = new Set([...Object.keys(former), ...Object.keys(object)]);
    const edited = [...keys].filter((key) =>
      JSON.stringify(former[key]) !== JSON.stringify(object[key]) &&
      key !== "modified" && key !== "extensions"
    );
    const date = new Date(at).toISOString();
    const members = octi(object);
    const inside = edited.length > 0 && edited.every((key) => still.has(key));
    if (inside && lasting(object) === lasting(former)) {
      quiet++;
      assertEquals(object.modified, former.modified);
      assertEquals(members.updated_at, octi(former).updated_at);
    } else {
      if (object.modified !== undefined) assertEquals(object.modified, date);
      assertEquals(members.updated_at, date);
    }
  }
  assert(quiet > 100);
});

Deno.test("generateWeek() moves together what a revocation moves", () => {
  let revoked = 0;
  let restored = 0;
  for (const [former, object, at] of edits(week)) {
    if (former.revoked === object.revoked) continue;
    const until = Date.parse(String(object.valid_until));
    if (object.revoked === true) {
      revoked++;
      assertEquals(octi(object).detection, false);
      assert(Number(octi(object).score) <= 20);
      assertEquals(until, at);
    } else {
      restored++;
      assert(Number(octi(object).score) >= 40);
      assert(until > at);
    }
  }
  assert(revoked > 30 && restored > 5, `${revoked} ${restored}`);
});

Deno.test("generateWeek() takes objects off the stream and back", () => {
  let left = 0;
  let entered = 0;
  for (const [former, object] of edits(week)) {
    if (object.type !== "indicator") continue;
    const was = labelsOf(former).includes("do-not-share");
    const is = labelsOf(object).includes("do-not-share");
    if (!was && is) left++;
    if (was && !is) entered++;
    assertEquals(
      labelsOf(object).length,
      ((octi(object).labels_ids ?? []) as unknown[]).length,
    );
  }
  assert(left > 3 && entered > 3, `${left} ${entered}`);
});

Deno.test("generateWeek() edits patterns: the standard id follows", () => {
  const edited = edits(week).filter(([former, object]) =>
    former.pattern !== object.pattern
  );
  assert(edited.length > 5);
  for (const [former, object] of edited) {
    assert(former.id !== object.id);
    assertEquals(internalId(former), internalId(object));
  }
});

Deno.test("generateWeek() keeps the former id of a completed file", () => {
  const completed = edits(week).filter(([former, object]) =>
    object.type === "file" && former.id !== object.id
  );
  assert(completed.length > 0);
  for (const [former, object] of completed) {
    assert((octi(object).stix_ids as string[]).includes(former.id));
  }
});

Deno.test("generateWeek() deletes and imports again under a new id", () => {
  const known = new Map<string, string>();
  let again = 0;
  for (const object of created(week)) {
    if (known.has(object.id)) again++;
    known.set(object.id, internalId(object));
  }
  assert(again >= 2, String(again));
});

Deno.test("generateWeek() merges, and floods with deletes", () => {
  const merges = week.filter((change) => change.op === "merge");
  assert(merges.length >= 5);
  assert(merges.some(({ sources }) => sources.length > 1));
  const deletes = week.filter((change) => change.op === "delete");
  const flood = deletes.filter(({ at }) =>
    deletes.filter((other) => Math.abs(other.at - at) < 60_000).length > 90
  );
  assert(flood.length > 90, String(flood.length));
});

Deno.test("generateWeek() bases two indicators on one observable", () => {
  const sources = new Map<unknown, Set<unknown>>();
  for (const object of created(week)) {
    if (object.relationship_type !== "based-on") continue;
    const known = sources.get(object.target_ref) ?? new Set();
    sources.set(object.target_ref, known.add(object.source_ref));
  }
  assert([...sources.values()].some((indicators) => indicators.size > 1));
});

Deno.test("generateWeek() holds the large, the hostile and the expired", () => {
  const objects = created(week);
  const sizes = objects.map((object) => JSON.stringify(object).length);
  assert(Math.max(...sizes) > 2_000_000);
  const names = objects.map((object) => String(object.name)).join("|");
  for (const text of ["<script>", "\r\n", "\u0000", "${jndi:", "{{7*7}}"]) {
    assert(names.includes(text), JSON.stringify(text));
  }
  const expired = week.filter((change) =>
    change.op === "create" &&
    Date.parse(String(change.object.valid_until)) < change.at
  );
  assert(expired.length >= 3);
  for (const change of expired) {
    assert(change.op === "create" && change.object.revoked === true);
  }
  assert(objects.some((object) => labelsOf(object).includes("do-not-share")));
  assert(
    objects.some(({ pattern_type, pattern }) =>
      pattern_type === "kql" && String(pattern).endsWith("and")
    ),
  );
});

/** Objects of creates and updates, in order. */
function written(
  changes: readonly Change[],
): { op: "create" | "update"; object: StixObject }[] {
  return changes.filter((change) =>
    change.op === "create" || change.op === "update"
  );
}

function created(changes: readonly Change[]): StixObject[] {
  return changes.filter((change) => change.op === "create")
    .map((change) => change.object);
}

/** Every update as former object, new object, moment. */
function edits(
  changes: readonly Change[],
): (readonly [StixObject, StixObject, number])[] {
  const live = new Map<string, StixObject>();
  const found: (readonly [StixObject, StixObject, number])[] = [];
  for (const change of changes) {
    if (change.op === "merge") live.delete(change.into);
    if (change.op !== "create" && change.op !== "update") continue;
    const id = internalId(change.object);
    const former = live.get(id);
    if (former !== undefined) found.push([former, change.object, change.at]);
    live.set(id, change.object);
  }
  return found;
}

function octi(object: StixObject): Readonly<Record<string, unknown>> {
  return extension(object, OCTI_EXTENSION);
}

/** What labels and times leave alone in the platform's extension. */
function lasting(object: StixObject): string {
  return JSON.stringify({
    ...octi(object),
    labels_ids: undefined,
    updated_at: undefined,
  });
}

function labelsOf(object: StixObject): string[] {
  return (object.labels ?? []) as string[];
}

/** Ids by which an object, or one of its extensions, points to others. */
function referencesOf(object: StixObject): (readonly [string, string])[] {
  const places = [
    object as Readonly<Record<string, unknown>>,
    octi(object),
    extension(object, SCO_EXTENSION),
  ];
  return places.flatMap((place) =>
    Object.entries(place).filter(([key]) =>
      /_refs?$/.test(key) || /^(labels_ids|created_by_ref_id|granted_refs_ids)$/
        .test(key)
    ).flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value])
        .map((reference) => [key, String(reference)] as const)
    )
  );
}

function checkMembers(
  members: Readonly<Record<string, unknown>>,
  object: StixObject,
): void {
  for (const [key, value] of Object.entries(members)) {
    assert(!key.startsWith("x_opencti"), key);
    const empty = value === undefined || value === null || value === "" ||
      (Array.isArray(value) && value.length === 0 && key !== "object_refs");
    assert(!empty, `${key} of ${object.id} is empty`);
  }
}

/** All texts of a JSON value, keys aside. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

/** Top-level domains that are no file ending and no word of a query. */
const REAL_ZONES =
  "com|net|org|info|biz|io|ru|cn|fr|de|uk|eu|us|ca|jp|kr|in|br|ua|su|me|cc|tk|top|xyz|app|dev|onion|online|site|club|live|cloud";

function hostsIn(text: string): string[] {
  const found = [
    ...text.matchAll(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g),
    ...text.matchAll(
      /(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi,
    ),
    ...text.matchAll(/(?<=:\/\/)[^\s/:?#"'`\\<]+/g),
    ...text.matchAll(
      new RegExp(
        `\\b(?:[a-z0-9-]+\\.)+(?:${REAL_ZONES})(?![\\w-]|\\.[a-z0-9])`,
        "gi",
      ),
    ),
    ...text.matchAll(/(?<=@)[a-z0-9.-]+\.[a-z]+/gi),
  ];
  return found.map(([host]) => host.toLowerCase());
}

function isForDocumentation(host: string): boolean {
  if (/^[\d.]+$/.test(host)) {
    return /^(192\.0\.2|198\.51\.100|203\.0\.113)\./.test(host);
  }
  if (host.includes(":")) {
    return host.startsWith("2001:db8:") || isNoAddress(host);
  }
  return /(^|\.)example(\.(com|net|org))?$/.test(host) ||
    // A harmless test file, a public catalogue.
    ["eicar.com", "attack.mitre.org"].includes(host);
}

/** MAC addresses for documentation, serial numbers, times. */
function isNoAddress(text: string): boolean {
  return /^00:00:5e:00:53:/.test(text) ||
    /^([0-9a-f]{2}:)+[0-9a-f]{2}$/.test(text);
}
