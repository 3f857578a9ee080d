/** Differences as bodies of `events/add` and `events/edit`, below limits. */
import type { EventDiff } from "./event_diff.ts";
import type { MispEvent, MispSighting } from "./misp_event.ts";

/** Body of `events/add` or `events/edit`. Lists are merged into the event. */
export interface EventPatch {
  readonly Event:
    & { readonly uuid: string }
    & Readonly<Record<string, unknown>>;
  readonly Sighting?: readonly MispSighting[];
}

/** An element of a patch, on its own. */
export type PatchElement =
  | { readonly kind: "Tag" | "Attribute" | "Sighting"; readonly body: object }
  | {
    readonly kind: "Object";
    readonly body: object & { readonly Attribute?: readonly object[] };
  };

/** Bytes of elements in one body, about: below common limits of proxies. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * The elements in the order in which they are sent: what goes before what
 * comes, so that a new attribute does not meet an equal one on its way out;
 * sightings last, after what they are of.
 */
export function elementsOf(diff: EventDiff): PatchElement[] {
  const isGone = (element: object) =>
    "deleted" in element && element.deleted === true;
  const both = [
    ...diff.attributes.map((body): PatchElement => ({
      kind: "Attribute",
      body,
    })),
    ...diff.objects.map((body): PatchElement => ({ kind: "Object", body })),
  ];
  return [
    ...diff.tags.map((body): PatchElement => ({ kind: "Tag", body })),
    ...both.filter(({ body }) => isGone(body)),
    ...both.filter(({ body }) => !isGone(body)),
    ...diff.sightings.map((body): PatchElement => ({ kind: "Sighting", body })),
  ];
}

/** An object counts as one, and each of its attributes. */
export function weightOf(element: PatchElement): number {
  return element.kind === "Object"
    ? 1 + (element.body.Attribute?.length ?? 0)
    : 1;
}

/** Of all of them together. */
export function totalOf(elements: readonly PatchElement[]): number {
  return elements.reduce((sum, element) => sum + weightOf(element), 0);
}

/** An object can be sent in parts of one attribute each. */
export function isDivisible(element: PatchElement): boolean {
  return element.kind === "Object" &&
    (element.body.Attribute?.length ?? 0) > 1;
}

/**
 * Takes elements from the front, at least one, up to a weight and a size. An
 * object that is heavier than the limit is taken in parts, which MISP puts
 * together again.
 */
export function takeElements(
  elements: PatchElement[],
  limit: number,
): PatchElement[] {
  const taken: PatchElement[] = [];
  let weight = 0;
  let bytes = 0;
  while (elements.length > 0) {
    const first = elements[0] as PatchElement;
    const more = weightOf(first);
    const size = JSON.stringify(first.body).length;
    const isOver = weight + more > limit || bytes + size > MAX_BODY_BYTES;
    if (isOver && taken.length > 0) break;
    elements.shift();
    if (first.kind === "Object" && more > limit) {
      const [now, later] = divided(first, Math.max(1, limit - 1));
      if (later !== undefined) elements.unshift(later);
      taken.push(now);
      break;
    }
    taken.push(first);
    weight += more;
    bytes += size;
  }
  return taken;
}

function divided(
  object: Extract<PatchElement, { kind: "Object" }>,
  count: number,
): [PatchElement, PatchElement?] {
  const attributes = object.body.Attribute ?? [];
  if (attributes.length <= count) return [object];
  const part = (Attribute: readonly object[]): PatchElement => ({
    kind: "Object",
    body: { ...object.body, Attribute },
  });
  return [part(attributes.slice(0, count)), part(attributes.slice(count))];
}

/** One body of these elements. */
export function toPatch(
  head: { readonly uuid: string } & Readonly<Record<string, unknown>>,
  elements: readonly PatchElement[],
): EventPatch {
  const of = (kind: PatchElement["kind"]) =>
    elements.filter((element) => element.kind === kind)
      .map(({ body }) => body);
  const lists = Object.fromEntries(
    (["Tag", "Attribute", "Object"] as const).map((kind) => [kind, of(kind)])
      .filter(([, list]) => (list as unknown[]).length > 0),
  );
  const Sighting = of("Sighting") as MispSighting[];
  return {
    Event: { ...head, ...lists },
    ...(Sighting.length > 0 ? { Sighting } : {}),
  };
}

/** What a new event has beside its lists. Never published by being written. */
export function creationHead(
  wanted: MispEvent,
  { creator, lock }: { creator: boolean; lock: boolean },
): { readonly uuid: string } & Record<string, unknown> {
  const { uuid, info, date, timestamp, threat_level_id } = wanted;
  const { analysis, distribution, Orgc } = wanted;
  return {
    uuid,
    info,
    date,
    timestamp,
    threat_level_id,
    analysis,
    distribution,
    published: false,
    ...(creator && Orgc !== undefined ? { Orgc } : {}),
    ...(lock ? { locked: true } : {}),
  };
}
