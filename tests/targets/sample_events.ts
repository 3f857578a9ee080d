/** The generated week as events, and whole lives out of it. */
import type { StreamEvent } from "../../src/opencti/event.ts";
import { generateWeek } from "../../src/simulator/week/mod.ts";
import { internalId, type StixObject } from "../../src/stix/object.ts";

/** The last moment of the week. */
export const NOW = Date.parse("2026-05-17T18:00:00.000Z");

/** The usual cause of each action. */
export const CAUSES = {
  create: "created",
  update: "changed",
  delete: "deleted",
} as const;

/** The week as events, oldest first; objects that were merged are deleted. */
export const WEEK: readonly StreamEvent[] = [...weekEvents()];

function* weekEvents(): Generator<StreamEvent> {
  const objects = new Map<string, StixObject>();
  let sequence = 0;
  const toEvent = (
    action: StreamEvent["action"],
    object: StixObject,
  ): StreamEvent => ({
    id: `${NOW}-${++sequence}`,
    version: NOW * 1000 + sequence,
    action,
    cause: CAUSES[action],
    internalId: internalId(object),
    object,
    bytes: JSON.stringify(object).length,
  });
  for (const change of generateWeek({ seed: 11, endsAt: NOW, scale: 0.3 })) {
    if (change.op === "create" || change.op === "update") {
      objects.set(internalId(change.object), change.object);
      yield toEvent(change.op, change.object);
      continue;
    }
    const gone = change.op === "delete" ? [change.internalId] : change.sources;
    for (const id of gone) {
      const object = objects.get(id);
      if (object !== undefined) yield toEvent("delete", object);
      objects.delete(id);
    }
  }
}

/** The last event of each of the first objects: a batch as the pipeline's. */
export function batchOf(events: readonly StreamEvent[]): StreamEvent[] {
  return [
    ...new Map(events.map((event) => [event.internalId, event])).values(),
  ];
}

const CONCERNED = new Set([
  "indicator",
  "domain-name",
  "ipv4-addr",
  "url",
  "file",
  "email-addr",
  "report",
  "grouping",
  "case-incident",
  "case-rfi",
  "case-rft",
]);
const CONTAINERS = /^(report|grouping|case-)/;
const LANGUAGES = new Set(["kql", "lucene", "eql", "esql", "sigma", "yara"]);
/** Whole lives of objects: some that change, some that go, some that stay. */
export const SAMPLE = sampleOf(WEEK);
/** What is left of them at the end. */
export const SOME = batchOf(SAMPLE).filter(({ action }) => action !== "delete");

function sampleOf(events: readonly StreamEvent[]): StreamEvent[] {
  const lives = Map.groupBy(
    events.filter(({ object }) => CONCERNED.has(object.type)),
    ({ internalId }) => internalId,
  );
  const some = (test: (life: readonly StreamEvent[]) => boolean) =>
    [...lives].filter(([, life]) => test(life)).slice(0, 15).map(([id]) => id);
  const chosen = new Set([
    ...some((life) => life.length > 2),
    ...some((life) => life.at(-1)?.action === "delete"),
    ...some((life) => life.length === 1),
    ...some(([first]) => LANGUAGES.has(`${first?.object.pattern_type}`)),
    ...some(([first]) => CONTAINERS.test(`${first?.object.type}`)),
  ]);
  return events.filter(({ internalId }) => chosen.has(internalId));
}
