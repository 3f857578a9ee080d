/** Whatever the objects hold, the event is one that MISP takes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StixObject } from "../../../../src/stix/object.ts";
import { OBSERVABLE_TYPES } from "../../../../src/stix/observable.ts";
import { toMispEvent } from "../../../../src/targets/misp/mapping/mod.ts";
import { hostileObject } from "../../hostile_object.ts";
import { complaintsAbout } from "./complaints.ts";
import { holding, indicator, OPTIONS, report, stix } from "./rig.ts";
import { assertStored } from "./stored.ts";

const TYPES = [
  ...OBSERVABLE_TYPES.map(([, type]) => type),
  ...["malware", "identity", "location", "note", "vulnerability", "sighting"],
  ...["observed-data", "attack-pattern", "x-mitre-tactic", "relationship"],
];

/** Hostile objects of every type that has rows, some that name each other. */
const hostile: fc.Arbitrary<StixObject> = fc.tuple(
  hostileObject(),
  fc.option(fc.constantFrom(...TYPES)),
  fc.nat(20),
  fc.array(fc.nat(20), { maxLength: 3 }),
).map(([object, type, at, refs]) => {
  const ids = refs.map((index) => `object--${index}`);
  return {
    ...object,
    ...(type !== null && { type }),
    id: `object--${at}`,
    ...(ids.length > 1 && {
      object_refs: ids,
      to_refs: ids,
      from_ref: ids[0],
      src_ref: ids[0],
      image_ref: ids[1],
      sighting_of_ref: ids[0],
      where_sighted_refs: ids,
    }),
  };
});

const hostileSet = fc.uniqueArray(hostile, {
  selector: ({ id }) => id,
  maxLength: 12,
});

Deno.test("toMispEvent() makes of anything an event that MISP takes whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      hostile,
      hostileSet,
      hostileSet,
      async (container, contents, refs) => {
        const { event } = toMispEvent(
          holding(contents, { container, refs, sightings: contents }),
          OPTIONS,
        );
        assertEquals(complaintsAbout(event), []);
        await assertStored(event);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("toMispEvent() gives the same bytes for the same contents in any order", () => {
  fc.assert(
    fc.property(hostileSet, (contents) => {
      const bytes = (list: readonly StixObject[]) =>
        JSON.stringify(toMispEvent(holding(list), OPTIONS));
      const first = bytes(contents);
      assertEquals(bytes(contents), first);
      assertEquals(bytes(contents.toReversed()), first);
    }),
    { numRuns: 200 },
  );
});

Deno.test("toMispEvent() survives types and names of prototypes", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  const contents = names.flatMap((name) => [
    stix(name, { name }),
    stix("file", { hashes: JSON.parse(`{"${name}":"abc"}`) }),
    stix("identity", { name, identity_class: name }),
    stix("location", { name, country: name }),
    indicator(`[${name}:value = 'a']`),
    indicator(`[file:hashes.'${name}' = 'a']`),
    indicator("x", { pattern_type: name }),
  ]);
  const { event } = toMispEvent(holding(contents), OPTIONS);
  assertEquals(complaintsAbout(event), []);
  assert(event.Tag.some(({ name }) => name === "stix:__proto__:__proto__"));
});

Deno.test("toMispEvent() notes what throws and maps the rest", () => {
  const trap = stix("malware", {});
  Object.defineProperty(trap, "name", {
    get: () => {
      throw new Error("trap");
    },
  });
  const { event, notes } = toMispEvent(
    holding([trap, indicator("[ipv4-addr:value = '1.2.3.4']")]),
    OPTIONS,
  );
  assertEquals(event.Attribute.length, 1);
  assertEquals(notes, [
    { id: trap.id, type: "malware", reason: "cannot be mapped: trap" },
  ]);
});

/** A container of so many indicators and observables. */
function large(size: number) {
  const contents = Array.from({ length: size }, (_, at) => {
    const value = `${at & 255}.${at >> 8 & 255}.${at >> 16}.1`;
    return at % 2 === 0
      ? indicator(`[ipv4-addr:value = '${value}']`, { labels: ["a", `l${at}`] })
      : stix("file", { name: `f${at}`, size: at, labels: ["b"] });
  });
  return holding(contents, { container: report({ labels: ["x"] }) });
}

Deno.test("toMispEvent() maps 20,000 contents whole", () => {
  const { event, notes } = toMispEvent(large(20_000), OPTIONS);
  assertEquals(event.Attribute.length, 10_000);
  assertEquals(event.Object.length, 10_000);
  assertEquals(notes, []);
  assertEquals(complaintsAbout(event), []);
});
