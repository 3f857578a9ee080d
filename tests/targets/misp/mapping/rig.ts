/** Containers as tests write them, and what becomes of them. */
import type { ResolvedContainer } from "../../../../src/opencti/resolved_container.ts";
import {
  OCTI_EXTENSION,
  type StixObject,
} from "../../../../src/stix/object.ts";
import {
  type MappedEvent,
  type MappingOptions,
  toMispEvent,
} from "../../../../src/targets/misp/mapping/mod.ts";
import { assertEquals } from "@std/assert";
import { complaintsAbout } from "./complaints.ts";
import { assertStored } from "./stored.ts";

/** The event of most tests: the one of the UUID vectors. */
export const EVENT = "bbbbbbbb-1111-4111-8111-aaaaaaaaaaaa";

/** 2024-02-01T00:00:00Z. */
export const NOW = Date.UTC(2024, 1, 1);

export const OPTIONS: MappingOptions = {
  now: NOW,
  tagOpencti: true,
  tagPrefix: "opencti:",
  distributionLevel: 1,
  threatLevel: 2,
};

type Properties = Readonly<Record<string, unknown>>;

let counter = 0;

/** An object with an id of its own. */
export function stix(type: string, properties: Properties = {}): StixObject {
  counter++;
  const tail = counter.toString(16).padStart(12, "0");
  return {
    id: `${type}--00000000-0000-4000-8000-${tail}`,
    type,
    ...properties,
  };
}

/** A report whose event has the UUID of the vectors. */
export function report(properties: Properties = {}): StixObject {
  return {
    id: "report--11111111-1111-4111-8111-111111111111",
    type: "report",
    name: "Phishing wave against banks",
    created: "2024-01-01T10:00:00.000Z",
    modified: "2024-02-01T00:00:00.000Z",
    extensions: { [OCTI_EXTENSION]: { id: EVENT, type: "Report" } },
    ...properties,
  };
}

/** An indicator of a STIX pattern. */
export function indicator(
  pattern: string,
  properties: Properties = {},
): StixObject {
  return stix("indicator", {
    name: "Emotet C2",
    pattern_type: "stix",
    pattern,
    ...properties,
  });
}

/** A container with these contents. */
export function holding(
  contents: readonly StixObject[],
  rest: Partial<ResolvedContainer> & {
    readonly refs?: readonly StixObject[];
  } = {},
): ResolvedContainer {
  const { refs = [], ...given } = rest;
  return {
    container: report(),
    contents,
    sightings: [],
    references: new Map(refs.map((object) => [object.id, object])),
    ...given,
  };
}

/** Maps, and holds the event to what MISP takes, stores and gives back. */
export async function mapped(
  resolved: ResolvedContainer,
  options: Partial<MappingOptions> = {},
): Promise<MappedEvent> {
  const result = toMispEvent(resolved, { ...OPTIONS, ...options });
  assertEquals(complaintsAbout(result.event), []);
  await assertStored(result.event);
  return result;
}

/** Attributes of their own as "type | category | value". */
export function attributes({ event }: MappedEvent): string[] {
  return event.Attribute.map(({ type, category, value }) =>
    `${type} | ${category} | ${value}`
  ).toSorted();
}

/** Objects as "template: relation=value, ...", in the order of the template. */
export function objects({ event }: MappedEvent): string[] {
  return event.Object.map(({ name, Attribute }) =>
    `${name}: ${
      Attribute.map(({ object_relation, value }) =>
        `${object_relation}=${value}`
      ).join(", ")
    }`
  ).toSorted();
}

/** Names of the event's tags that begin so. */
export function tags({ event }: MappedEvent, start = ""): string[] {
  return event.Tag.map(({ name }) => name)
    .filter((name) => name.startsWith(start)).toSorted();
}

/** The only attribute, or that of the first object. */
export function onlyAttribute({ event }: MappedEvent) {
  const found = event.Attribute[0] ?? event.Object[0]?.Attribute[0];
  if (found === undefined) throw new Error("the event has no attribute");
  return found;
}
