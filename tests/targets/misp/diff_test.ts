/** `diffEvents()` row by row, without a server. */
import { assertEquals } from "@std/assert";
import { diffEvents, ownMarks } from "../../../src/targets/misp/diff.ts";
import { isEmpty } from "../../../src/targets/misp/event_diff.ts";
import type {
  LiveAttribute,
  LiveEvent,
  LiveObject,
} from "../../../src/targets/misp/live_event.ts";
import { NO_EVENT, toLiveEvent } from "../../../src/targets/misp/live_event.ts";
import type {
  MispAttribute,
  MispEvent,
  MispObject,
} from "../../../src/targets/misp/misp_event.ts";
import {
  elementsOf,
  takeElements,
  toPatch,
  weightOf,
} from "../../../src/targets/misp/patch.ts";
import {
  packMarks,
  tagMark,
  unpackMarks,
} from "../../../src/targets/misp/marks.ts";

const EVENT = "bbbbbbbb-1111-4111-8111-aaaaaaaaaaaa";
const KNOWN = { known: new Set<string>(), salt: "", fields: true };

function ours(number: number): string {
  return `00000000-0000-5000-8000-${String(number).padStart(12, "0")}`;
}

function theirs(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function attribute(
  number: number,
  more: Partial<MispAttribute> = {},
): MispAttribute {
  return {
    uuid: ours(number),
    type: "domain",
    category: "Network activity",
    value: `host-${number}.example`,
    to_ids: true,
    distribution: "5",
    comment: "",
    Tag: [],
    ...more,
  };
}

function object(
  number: number,
  attributes: readonly MispAttribute[],
): MispObject {
  return {
    uuid: ours(number),
    name: "file",
    "meta-category": "file",
    description: "",
    template_uuid: theirs(1),
    template_version: "25",
    distribution: "5",
    comment: "",
    Attribute: attributes,
  };
}

function wanted(more: Partial<MispEvent> = {}): MispEvent {
  return {
    uuid: EVENT,
    info: "info",
    date: "2026-01-01",
    timestamp: "1",
    threat_level_id: "1",
    analysis: "2",
    distribution: "1",
    Tag: [],
    Attribute: [],
    Object: [],
    Sighting: [],
    ...more,
  };
}

/** The event as MISP tells it once it has all of it. */
function stored(event: MispEvent): LiveEvent {
  return toLiveEvent({ Event: { ...event, id: "1" } });
}

function there(
  number: number,
  more: Partial<LiveAttribute> = {},
): LiveAttribute {
  return {
    uuid: theirs(number),
    type: "domain",
    category: "Network activity",
    value: `host-${number}.example`,
    toIds: true,
    comment: "",
    relation: undefined,
    tags: [],
    sightings: [],
    ...more,
  };
}

const FULL = wanted({
  Tag: [{ name: "source:opencti" }],
  Attribute: [attribute(1, { Tag: [{ name: "c2" }] })],
  Object: [object(2, [attribute(3, { object_relation: "md5" })])],
});

Deno.test("diffEvents() finds nothing between an event and itself", () => {
  assertEquals(isEmpty(diffEvents(FULL, stored(FULL), KNOWN)), true);
});

Deno.test("diffEvents() compares tags without case", () => {
  const live = { ...stored(FULL), tags: ["SOURCE:OpenCTI"] };
  assertEquals(isEmpty(diffEvents(FULL, live, KNOWN)), true);
});

const FIELDS = [
  ["info", "other"],
  ["date", "2026-02-02"],
  ["threat_level_id", "4"],
  ["analysis", "0"],
  ["distribution", "3"],
] as const;

for (const [name, value] of FIELDS) {
  Deno.test(`diffEvents() finds another ${name}`, () => {
    const event = { ...FULL, [name]: value } as MispEvent;
    const live = stored(FULL);
    const diff = diffEvents(event, live, KNOWN);
    assertEquals(diff.fields, { [name]: value });
    assertEquals(isEmpty({ ...diff, fields: {} }), true);
    const foreign = diffEvents(event, live, { ...KNOWN, fields: false });
    assertEquals(isEmpty(foreign), true);
  });
}

Deno.test("diffEvents() does not look at the timestamp", () => {
  const event = { ...FULL, timestamp: "9" };
  assertEquals(isEmpty(diffEvents(event, stored(FULL), KNOWN)), true);
});

const CHANGES: readonly Partial<MispAttribute>[] = [
  { category: "Other" },
  { to_ids: false },
  { comment: "other" },
  { value: "other.example" },
  { Tag: [{ name: "more" }] },
];

for (const change of CHANGES) {
  const [name] = Object.keys(change);
  Deno.test(`diffEvents() finds another ${name} of an attribute, alone and in an object`, () => {
    const before = wanted({
      Attribute: [attribute(1), attribute(4)],
      Object: [object(2, [attribute(3), attribute(5)])],
    });
    const after = wanted({
      Attribute: [attribute(1, change), attribute(4)],
      Object: [object(2, [attribute(3, change), attribute(5)])],
    });
    const diff = diffEvents(after, stored(before), KNOWN);
    assertEquals(diff.attributes.map(({ uuid }) => uuid), [ours(1)]);
    assertEquals(
      diff.objects.map(({ uuid, Attribute }) => [
        uuid,
        Attribute?.map((one) => one.uuid),
      ]),
      [[ours(2), [ours(3)]]],
    );
    assertEquals(diff.attributes[0]?.deleted, false);
  });
}

Deno.test("diffEvents() removes what is ours and leaves what is not", () => {
  const live: LiveEvent = {
    ...NO_EVENT,
    tags: ["sent", "analyst"],
    attributes: [there(1, { uuid: ours(1) }), there(2)],
    objects: [
      objectThere(ours(3), [there(4, { uuid: ours(4) })]),
      objectThere(ours(5), [there(6, { uuid: ours(6) }), there(7)]),
      objectThere(theirs(8), [there(9, { uuid: ours(9) })]),
    ],
  };
  const diff = diffEvents(wanted(), live, {
    known: new Set([tagMark("", "sent")]),
    salt: "",
    fields: false,
  });
  assertEquals(diff.tags, [{ name: "sent", deleted: true }]);
  assertEquals(diff.attributes, [{ uuid: ours(1), deleted: true }]);
  assertEquals(diff.objects, [
    { uuid: ours(3), deleted: true },
    // Somebody added to our object: only our part of it goes.
    {
      uuid: ours(5),
      deleted: false,
      Attribute: [{ uuid: ours(6), deleted: true }],
    },
  ]);
});

function objectThere(
  uuid: string,
  attributes: readonly LiveAttribute[],
): LiveObject {
  return {
    uuid,
    name: "file",
    comment: "",
    templateUuid: theirs(1),
    templateVersion: "25",
    attributes,
  };
}

Deno.test("diffEvents() keeps an analyst's attribute of an object that is ours", () => {
  const event = wanted({ Object: [object(2, [attribute(3)])] });
  const [first] = stored(event).objects;
  const live = {
    ...stored(event),
    objects: [{
      ...first as LiveObject,
      attributes: [...first?.attributes ?? [], there(7)],
    }],
  };
  assertEquals(isEmpty(diffEvents(event, live, KNOWN)), true);
});

Deno.test("diffEvents() puts nothing beside what others hold already", () => {
  const event = wanted({
    Attribute: [attribute(1)],
    Object: [
      object(2, [attribute(3, { object_relation: "md5", value: "AB" })]),
    ],
    Sighting: [
      sighting(10, 1),
      sighting(11, 3),
    ],
  });
  const live: LiveEvent = {
    ...stored(wanted()),
    attributes: [there(1, { value: "HOST-1.example" })],
    objects: [
      objectThere(theirs(2), [
        there(3, { relation: "md5", value: "ab" }),
        there(4, { relation: "sha1", value: "cd" }),
      ]),
    ],
  };
  const diff = diffEvents(event, live, KNOWN);
  assertEquals([diff.attributes, diff.objects], [[], []]);
  // Sightings go to what is there.
  assertEquals(
    diff.sightings.map(({ attribute_uuid }) => attribute_uuid),
    [theirs(1), theirs(3)],
  );
});

function sighting(number: number, of: number) {
  return {
    uuid: ours(number),
    attribute_uuid: ours(of),
    date_sighting: "1",
    type: "0" as const,
    source: "SIEM",
  };
}

Deno.test("diffEvents() does not send again what sending did not mend", () => {
  // MISP writes addresses its own way, and refuses one attribute.
  const event = wanted({
    Tag: [{ name: "unknown" }],
    Attribute: [attribute(1, { value: "2001:DB8::1" }), attribute(2)],
  });
  const live = stored(wanted({
    Attribute: [attribute(1, { value: "2001:db8::1" })],
  }));
  const first = diffEvents(event, live, KNOWN);
  assertEquals(isEmpty(first), false);
  assertEquals(first.missing, [ours(2)]);
  const known = ownMarks(event).union(new Set(first.marks));
  const second = diffEvents(event, live, { ...KNOWN, known });
  assertEquals(isEmpty(second), true);
  assertEquals(second.marks, first.marks);
  // Another comment, another state there, or other rights: once more.
  const changed = wanted({
    ...event,
    Attribute: [attribute(1, { value: "2001:DB8::1", comment: "new" })],
  });
  const third = diffEvents(changed, live, { ...KNOWN, known });
  assertEquals(third.attributes.length, 1);
  const other = diffEvents(event, live, { ...KNOWN, known, salt: "other" });
  assertEquals(isEmpty(other), false);
});

Deno.test("takeElements() stays below the limit, in order, nothing lost", () => {
  const attributes = Array.from({ length: 25 }, (_none, at) => attribute(at));
  const event = wanted({
    Tag: [{ name: "a" }, { name: "b" }],
    Attribute: attributes,
    Object: [object(100, attributes), object(101, attributes.slice(0, 3))],
    Sighting: [sighting(200, 1)],
  });
  const all = elementsOf(diffEvents(event, NO_EVENT, KNOWN));
  const left = [...all];
  const parts = [];
  while (left.length > 0) parts.push(takeElements(left, 10));
  for (const part of parts) {
    const weight = part.reduce((sum, one) => sum + weightOf(one), 0);
    assertEquals(weight <= 10, true, `${weight}`);
  }
  const patches = parts.map((part) => toPatch({ uuid: EVENT }, part));
  const sent = patches.flatMap(({ Event }) => [
    ...(Event.Attribute as { uuid: string }[] | undefined ?? []),
    ...(Event.Object as { Attribute: { uuid: string }[] }[] | undefined ?? [])
      .flatMap(({ Attribute }) => Attribute),
  ]);
  assertEquals(sent.length, 25 + 25 + 3);
  assertEquals(patches.at(-1)?.Sighting?.length, 1);
});

Deno.test("takeElements() sends what goes before what comes", () => {
  const live = {
    ...NO_EVENT,
    attributes: [there(9, { uuid: ours(9) })],
    objects: [objectThere(ours(8), [])],
  };
  const elements = elementsOf(
    diffEvents(wanted({ Attribute: [attribute(1)] }), live, KNOWN),
  );
  assertEquals(
    elements.map(({ body }) => (body as { uuid: string }).uuid),
    [ours(9), ours(8), ours(1)],
  );
});

Deno.test("packMarks() and unpackMarks() keep every mark", () => {
  const marks = new Set(
    Array.from({ length: 20_000 }, (_none, at) => tagMark("", `tag ${at}`)),
  );
  assertEquals(marks.size, 20_000);
  const rows = packMarks(marks);
  assertEquals(rows.length, 3);
  for (const row of rows) assertEquals(row.byteLength <= 65_536, true);
  assertEquals(unpackMarks(rows), marks);
});
