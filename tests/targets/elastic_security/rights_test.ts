/** What a person is told whose key lacks one right, and what becomes of data. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { LoginError, TransientError } from "../../../src/errors.ts";
import type { Privileges } from "../../../src/simulator/elastic/mod.ts";
import {
  adoptableStream,
  Bench,
  DELETE,
  INDEX,
  ip,
  KQL,
  scenario,
  UPDATE,
} from "./bench.ts";

/** The rights that the settings' description asks for, and no more. */
const CLUSTER = ["monitor", "manage_index_templates"];
const ON_INDEX = [
  "create_index",
  "index",
  "delete",
  "read",
  "view_index_metadata",
  "maintenance",
];

/** What the documentation asks for, less some rights. */
function privileges(...without: string[]): Privileges {
  const rest = (names: string[]) =>
    names.filter((name) => !without.includes(name));
  return {
    cluster: rest(CLUSTER),
    index: [{ names: [INDEX], privileges: rest(ON_INDEX) }],
    rules: without.includes("rules")
      ? "none"
      : without.includes("changing rules")
      ? "read"
      : "all",
  };
}

/** Outcomes, or the error in the same form. */
async function told(run: () => Promise<unknown>): Promise<string> {
  try {
    const result = await run();
    return Array.isArray(result) ? result.join(" | ") : "ok";
  } catch (error) {
    if (error instanceof LoginError) return `login: ${error.message}`;
    if (error instanceof TransientError) return `transient: ${error.message}`;
    throw error;
  }
}

/** What `check` finds wrong, always with a remedy. */
async function complaints(bench: Bench): Promise<string> {
  const results = await bench.target.check(bench.signal);
  return results.filter(({ status }) => status !== "ok").map((result) => {
    assert(result.remedy !== undefined, `${result.subject} has no remedy`);
    return `${result.subject} ${result.status}: ${result.detail}`;
  }).join(" | ");
}

/** What is expected at each step; absent: all is well. */
interface Row {
  readonly without: string;
  /** The index was made by somebody with more rights. */
  readonly isThere?: true;
  readonly check?: RegExp;
  readonly prepare?: RegExp;
  readonly create?: RegExp;
  readonly update?: RegExp;
  readonly remove?: RegExp;
  readonly rule?: RegExp;
  /** A line of the log. */
  readonly warned?: RegExp;
}

const NO_CREATE =
  /^login: The key in "api_key" may not create ".*": grant create_index/;
const NO_INDEX =
  /^retry: security_exception: .* granted by the index privileges \[index,/;
const NO_DELETE =
  /^retry: Elasticsearch refuses to delete by query: the key in "api_key" may lack delete/;
const NO_READ =
  /^retry: Elasticsearch refuses to search: the key in "api_key" may lack read/;
const NO_REFRESH =
  /^(retry|transient): Elasticsearch refuses to refresh: the key in "api_key" may lack maintenance/;
const NO_RULES =
  /^(login|retry): The key in "api_key" may not manage detection rules: grant all rights/;
const NO_LOOK =
  /^warn the key may not look whether the index exists: grant view_index_metadata/;
const NO_TEMPLATE =
  /^warn the key may not write index templates: grant manage_index_templates/;

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  { without: "nothing" },
  { without: "nothing", isThere: true },
  { without: "monitor", check: /^Elasticsearch warning: .*version \| index rights warning: missing: monitor$/ },
  { without: "manage_index_templates", check: /^index rights warning: missing: manage_index_templates$/, warned: NO_TEMPLATE },
  { without: "create_index", check: /^index rights failed: missing: create_index$/,
    prepare: NO_CREATE, create: NO_CREATE, update: NO_CREATE, remove: NO_CREATE, rule: NO_CREATE },
  { without: "create_index", isThere: true },
  { without: "index", check: /^index rights failed: missing: index$/,
    create: NO_INDEX, update: NO_INDEX, rule: NO_INDEX, warned: /^error Elasticsearch refuses writes: grant/ },
  { without: "delete", check: /^index rights failed: missing: delete$/, update: NO_DELETE, remove: NO_DELETE },
  { without: "read", check: /^index rights failed: missing: read$/, update: NO_READ, remove: NO_READ },
  { without: "read", isThere: true, check: /^index rights failed: missing: read$/,
    create: NO_READ, update: NO_READ, remove: NO_READ, rule: NO_READ },
  { without: "view_index_metadata", check: /^index rights warning: missing: view_index_metadata$/, warned: NO_LOOK },
  { without: "view_index_metadata", isThere: true, check: /^index rights warning: missing: view_index_metadata$/, warned: NO_LOOK },
  { without: "maintenance", check: /^index rights failed: missing: maintenance$/, update: NO_REFRESH, remove: NO_REFRESH },
  { without: "maintenance", isThere: true, check: /^index rights failed: missing: maintenance$/,
    prepare: NO_REFRESH, create: NO_REFRESH, update: NO_REFRESH, remove: NO_REFRESH, rule: NO_REFRESH },
  { without: "rules", check: /^detection rules failed: The key/, prepare: NO_RULES, rule: NO_RULES },
  { without: "changing rules", check: /^detection rules failed: The key/, prepare: NO_RULES, rule: NO_RULES },
];

const FINE = { check: /^$/, prepare: /^ok$/ };
const DELIVERED = /^delivered$/;

for (const row of ROWS) {
  const where = row.isThere ? "an index that is there" : "no index yet";
  Deno.test(`a key that lacks ${row.without}, with ${where}`, async () => {
    const bench = await Bench.start();
    try {
      if (row.isThere) await prepareAsAdministrator(bench);
      Object.assign(bench.elastic.privileges, privileges(row.without));
      await follow(bench, row);
    } finally {
      await bench.stop();
    }
  });
}

async function prepareAsAdministrator(bench: Bench): Promise<void> {
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("old", ip(9)));
  bench.logged.length = 0;
  bench.restart();
}

/** Goes through everything the target does, and asks again with all rights. */
async function follow(bench: Bench, row: Row): Promise<void> {
  const { check = FINE.check, prepare = FINE.prepare } = row;
  assertMatch(await complaints(bench), check);
  assertMatch(await told(() => bench.target.prepare(bench.signal)), prepare);
  const steps = [
    [bench.event("a", ip(1)), row.create],
    [bench.event("a", ip(2), UPDATE), row.update],
    [bench.event("r", KQL), row.rule],
    [bench.event("a", ip(2), DELETE), row.remove],
  ] as const;
  for (const [event, expected = DELIVERED] of steps) {
    const outcome = await told(() => bench.deliver(event));
    assertMatch(outcome, expected, `${event.action} ${event.internalId}`);
  }
  const warned = bench.logged.filter((line) => /^(warn|error)/.test(line));
  if (row.warned === undefined) assertEquals(warned, []);
  else for (const line of warned) assertMatch(line, row.warned);
  Object.assign(bench.elastic.privileges, privileges());
  for (const [event] of steps) await bench.deliver(event);
  assertEquals(
    bench.names(),
    row.isThere ? ["192.0.2.9", "A query"] : ["A query"],
    "nothing is lost once the right is granted",
  );
  assertEquals(bench.rules("rule_id"), ["opencti-r"]);
}

for (const without of [[], ["manage_index_templates"]]) {
  const lacking = ["view_index_metadata", ...without];
  scenario(`keeps to a data stream without ${lacking}`, async (bench) => {
    adoptableStream(bench, "keyword");
    Object.assign(bench.elastic.privileges, privileges(...lacking));
    await bench.target.prepare(bench.signal);
    const event = bench.event("a", ip(1), UPDATE);
    const [first = ""] = await bench.deliver(event);
    // Without a look at the template, the first refusal tells.
    if (without.length === 0) assertEquals(first, "delivered");
    else {assertMatch(
        first,
        /^retry: illegal_argument_exception: only write ops/,
      );}
    assertEquals(await bench.deliver(event), ["delivered"]);
    assertEquals(await bench.deliver(bench.event("a", ip(2), UPDATE)), [
      "delivered",
    ]);
    assertEquals(bench.names(), ["192.0.2.2"]);
  });
}

scenario(
  "asks for manage where a stream has to be rolled over",
  async (bench) => {
    adoptableStream(bench);
    Object.assign(bench.elastic.privileges, privileges());
    const { message } = await assertRejects(
      () => bench.target.prepare(bench.signal),
      LoginError,
    );
    assertMatch(
      message,
      /may not roll over ".*": grant manage on it, or send POST/,
    );
  },
);
