/** A resolved container of OpenCTI → a MISP event, without I/O. */
import type { ResolvedContainer } from "../../../opencti/resolved_container.ts";
import {
  internalId,
  isRecord,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";
import { isObservableType } from "../../../stix/observable.ts";
import type { MispEvent, MispSighting } from "../misp_event.ts";
import { cutText } from "./clean_text.ts";
import { containerFields, containerType } from "./container.ts";
import { EventDraft } from "./draft.ts";
import type { Note, Origin } from "./wanted.ts";
import { addEntity } from "./entities.ts";
import { markingsOf, markingTags, UNMARKED } from "./markings.ts";
import { addObservable } from "./observables.ts";
import { addIndicator } from "./pattern.ts";
import { sightedId, toSightings } from "./sightings.ts";
import { type Context, labelsOf, plainType } from "./source.ts";
import { tag } from "./tags.ts";
import {
  LEVEL_NAMES,
  percent,
  scoreOf,
  type ThreatLevel,
  threatLevelOf,
} from "./threat_level.ts";
import { eventUuid } from "./uuids.ts";

export type { Note } from "./wanted.ts";

/** What an instance and a person say about the mapping. */
export interface MappingOptions {
  /** Unix milliseconds: which indicators are still valid. */
  readonly now: number;
  /** False: no `source:opencti`, no confidence, no tag with the prefix. */
  readonly tagOpencti: boolean;
  /** At least one character. */
  readonly tagPrefix: string;
  readonly distributionLevel: 0 | 1 | 2 | 3;
  /** Where neither a score nor a confidence says more. */
  readonly threatLevel: 1 | 2 | 3 | 4;
  /** Types the instance knows; absent: our table, but the newest. */
  readonly instanceTypes?: ReadonlySet<string>;
  /** UUID of the event where it is not the container's own id (round trip). */
  readonly eventUuid?: string;
}

/** An event and what is not in it. */
export interface MappedEvent {
  readonly event: MispEvent;
  /** What gave nothing, or something else than its row says, and why. */
  readonly notes: readonly Note[];
}

/** Contents that give no element of their own. */
// deno-fmt-ignore
export const SILENT_TYPES: ReadonlySet<string> = new Set([
  "relationship", "sighting", "marking-definition", "extension-definition", "external-reference",
  "kill-chain-phase", "label", "language-content", "vocabulary",
]);

/**
 * The event of a container. Its elements depend on what the container holds,
 * not on the order; a content that cannot be mapped costs itself alone, with a
 * note. Never throws, whatever the objects hold.
 */
export function toMispEvent(
  resolved: ResolvedContainer,
  options: MappingOptions,
): MappedEvent {
  const { container } = resolved;
  const contents = sortedContents(resolved);
  const find = finder(resolved, contents);
  const context = { find, tagPrefix: options.tagPrefix, now: options.now };
  const uuid = eventUuid(options.eventUuid ?? internalId(container));
  const draft = new EventDraft({
    eventUuid: uuid,
    instanceTypes: options.instanceTypes,
    takesTag: tagFilter(options),
  });
  const level = threatLevelOf({
    scores: scoresOf(contents),
    confidence: percent(container.confidence),
    fallback: options.threatLevel,
  });
  const markings = guarded(
    draft,
    container,
    () => markingsOf(container, find),
  ) ?? UNMARKED;
  guarded(
    draft,
    container,
    () => addContainer(draft, { container, level }, options),
  );
  for (const { name, colour } of markingTags(markings)) {
    draft.tags.add(name, colour);
  }
  addContents(draft, contents, {
    ...context,
    authorId: text(container.created_by_ref),
  });
  const event: MispEvent = {
    uuid,
    ...containerFields({ container, find, now: options.now }),
    threat_level_id: level,
    distribution: `${options.distributionLevel}`,
    Tag: draft.tags.toList(),
    Attribute: draft.attributes(markings),
    Object: draft.objects(markings),
    Sighting: sightingsOf(draft, resolved, { contents, context }),
  };
  return { event, notes: draft.notes };
}

/** Indicators first, whose comments say most; then by id. No id twice. */
function sortedContents(
  { container, contents }: ResolvedContainer,
): StixObject[] {
  const byId = new Map<string, StixObject>();
  for (const object of contents) {
    if (isStix(object) && object.id !== container.id) {
      byId.set(object.id, object);
    }
  }
  const rank = ({ type }: StixObject) => type === "indicator" ? 0 : 1;
  return [...byId.values()].toSorted((a, b) =>
    rank(a) - rank(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function isStix(object: unknown): object is StixObject {
  return isRecord(object) && typeof object.id === "string" &&
    typeof object.type === "string";
}

function finder(
  { references }: ResolvedContainer,
  contents: readonly StixObject[],
): (id: string) => StixObject | undefined {
  const byId = new Map(contents.map((object) => [object.id, object]));
  return (id) => {
    const found = byId.get(id) ?? references.get(id);
    return isStix(found) ? found : undefined;
  };
}

/** Which tags a person wants. */
function tagFilter(
  { tagOpencti, tagPrefix }: MappingOptions,
): (name: string) => boolean {
  if (tagOpencti) return () => true;
  const prefix = tagPrefix.toLowerCase();
  return (name) => {
    const lower = name.toLowerCase();
    return lower !== tag("source") && !/^confidence:[\d.]+$/.test(lower) &&
      (prefix === "" || !lower.startsWith(prefix));
  };
}

function scoresOf(contents: readonly StixObject[]): number[] {
  return contents.filter(({ type }) =>
    type === "indicator" || isObservableType(plainType(type))
  ).map(scoreOf).filter((score) => score !== undefined);
}

/** Tags and the description; the fields are `containerFields()`. */
function addContainer(
  draft: EventDraft,
  { container, level }: { container: StixObject; level: ThreatLevel },
  { tagPrefix: prefix }: MappingOptions,
): void {
  draft.tags.add(tag("source"));
  draft.tags.add(
    tag("containerType", { prefix, type: containerType(container) }),
  );
  const confidence = percent(container.confidence);
  if (confidence !== undefined) {
    draft.tags.add(tag("confidence", { value: `${confidence}` }));
  }
  draft.tags.add(tag("threatLevel", { value: LEVEL_NAMES[level] }));
  draft.tags.addAll(labelsOf(container));
  const description = text(container.description);
  if (description === undefined) return;
  draft.addAttribute({
    type: "comment",
    value: cutText(description),
    comment: "Event description",
  }, { object: container, tags: [], markings: UNMARKED, detects: false });
}

interface ContentContext extends Context {
  readonly authorId: string | undefined;
}

function addContents(
  draft: EventDraft,
  contents: readonly StixObject[],
  context: ContentContext,
): void {
  const added = new Set<string>();
  for (const object of contents) {
    guarded(draft, object, () => addContent(draft, { object, added }, context));
  }
}

function addContent(
  draft: EventDraft,
  { object, added }: { object: StixObject; added: Set<string> },
  context: ContentContext,
): void {
  const { id, type } = object;
  if (SILENT_TYPES.has(type) || added.has(id)) return;
  added.add(id);
  if (type === "observed-data") {
    addObserved(draft, { object, added }, context);
    return;
  }
  const markings = markingsOf(object, context.find);
  if (type === "indicator") {
    addIndicator(draft, { object, markings }, context.now);
  } else if (isObservableType(plainType(type))) {
    addObservable(draft, { object, markings }, context.find);
  } else {
    const origin: Origin = { object, markings, tags: [], detects: false };
    addEntity(draft, origin, context);
  }
}

/** The observables that an observation names, each once in the event. */
function addObserved(
  draft: EventDraft,
  { object, added }: { object: StixObject; added: Set<string> },
  context: ContentContext,
): void {
  for (const id of strings(object.object_refs)) {
    const found = context.find(id);
    if (found === undefined) {
      draft.note(object, `observed object ${id} is not there`);
    } else if (isObservableType(plainType(found.type))) {
      guarded(
        draft,
        found,
        () => addContent(draft, { object: found, added }, context),
      );
    }
  }
}

function sightingsOf(
  draft: EventDraft,
  { sightings }: ResolvedContainer,
  { contents, context }: {
    contents: readonly StixObject[];
    context: Context;
  },
): MispSighting[] {
  const byId = new Map<string, StixObject>();
  for (const object of [...contents, ...sightings]) {
    if (isStix(object) && object.type === "sighting") {
      byId.set(object.id, object);
    }
  }
  const found = new Map<string, MispSighting>();
  for (const id of [...byId.keys()].toSorted()) {
    const sighting = byId.get(id);
    if (sighting === undefined) continue;
    guarded(draft, sighting, () => {
      const attributes = draft.sighted.get(sightedId(sighting) ?? "");
      if (attributes === undefined) {
        draft.note(sighting, "what was sighted has no attribute here");
        return;
      }
      for (const entry of toSightings(sighting, attributes, context.find)) {
        found.set(entry.uuid, entry);
      }
    });
  }
  return [...found.values()];
}

/** Runs it; what it throws becomes a note on the object. */
function guarded<Result>(
  draft: EventDraft,
  object: StixObject,
  run: () => Result,
): Result | undefined {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    draft.note(object, `cannot be mapped: ${reason}`);
    return undefined;
  }
}
