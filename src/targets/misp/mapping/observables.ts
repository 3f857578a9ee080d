/** Observables of a container as objects and attributes. */
import { hashAlgorithm } from "../../../stix/observable.ts";
import { isRecord, type StixObject } from "../../../stix/object.ts";
import type { EventDraft } from "./draft.ts";
import type { Origin, WantedValue } from "./wanted.ts";
import {
  ATTRIBUTE_ROWS,
  C2_LABELS,
  C2_TYPES,
  OBJECT_ROWS,
  type ObjectRow,
  TEXT_PROPERTIES,
} from "./observable_rows.ts";
import { type Find, labelsOf, plainType, scalar } from "./source.ts";
import { tag } from "./tags.ts";
import { LEVEL_NAMES, levelOfScore, scoreOf } from "./threat_level.ts";
import { btc } from "./values.ts";

/** An observable with a score as high as this is meant for detection. */
const DETECTING_SCORE = 50;

const ROWS_BY_TYPE: ReadonlyMap<string, readonly ObjectRow[]> = Map.groupBy(
  OBJECT_ROWS,
  ([type]) => type,
);

/** Adds what stands for an observable, and its kind to the tags of the event. */
export function addObservable(
  draft: EventDraft,
  { object, markings }: Pick<Origin, "object" | "markings">,
  find: Find,
): void {
  const own = ownTags(object);
  const origin: Origin = {
    object,
    markings,
    tags: [...labelsOf(object), ...own.all],
    detects: (scoreOf(object) ?? 0) >= DETECTING_SCORE,
  };
  draft.tags.addAll(own.ofEvent);
  const type = plainType(object.type);
  if (type === "windows-registry-key") addRegistryKey(draft, origin, find);
  else if (ROWS_BY_TYPE.has(type)) {
    addObject(draft, origin, { type, source: object, key: object.id, find });
  } else addAttribute(draft, origin, type);
}

/** Tags by kind, score and labels; the level stays with the attributes. */
function ownTags(object: StixObject): { all: string[]; ofEvent: string[] } {
  const type = plainType(object.type);
  const ofEvent = [tag("observableType", { type })];
  if (isC2(object)) ofEvent.push(tag("infrastructure"));
  const score = scoreOf(object);
  return {
    ofEvent,
    all: score === undefined ? ofEvent : [
      ...ofEvent,
      tag("threatLevel", { value: LEVEL_NAMES[levelOfScore(score)] }),
    ],
  };
}

function isC2(object: StixObject): boolean {
  return C2_TYPES.has(plainType(object.type)) &&
    labelsOf(object).some((label) => C2_LABELS.has(label.toLowerCase()));
}

/** What a person reads beside the object. */
function commentOf(object: StixObject, remark: string): string {
  const parts: string[] = remark === "" ? [] : [remark];
  const labels = labelsOf(object);
  if (labels.length > 0) parts.push(`Labels: ${labels.join(", ")}`);
  const score = scoreOf(object);
  if (score !== undefined) {
    const level = LEVEL_NAMES[levelOfScore(score)];
    parts.push(
      `Threat Score: ${score}`,
      `Threat Level: ${level.slice(0, 1).toUpperCase()}${level.slice(1)}`,
    );
  }
  if (isC2(object)) parts.push("Infrastructure: C2 Server");
  return parts.join(" | ");
}

/** What the rows of a type are read from, and the key of the object. */
interface Part {
  readonly type: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly key: string;
  readonly find: Find;
  /** What the comment begins with. */
  readonly remark?: string;
}

function addObject(draft: EventDraft, origin: Origin, part: Part): void {
  const { type, source, key, find, remark = "" } = part;
  const rows = ROWS_BY_TYPE.get(type) ?? [];
  const [first] = rows;
  if (first === undefined) return;
  const hashes = hashesOf(source.hashes);
  const values = rows.flatMap(([, , property, relation, how]) =>
    how(read(source, property, hashes), origin.object, find).map(
      (value): [string, WantedValue] => [relation, value],
    )
  );
  const [, template] = first;
  const comment = commentOf(origin.object, remark);
  const about = `Observable: ${plainType(origin.object.type)}`;
  draft.addObject({ template, key, comment, about, values }, origin);
}

/**
 * A key with its one value is one object; relations hold one value, so several
 * values are objects of their own beside that of the key.
 */
function addRegistryKey(draft: EventDraft, origin: Origin, find: Find): void {
  const { object } = origin;
  const type = "windows-registry-key";
  const values = Array.isArray(object.values)
    ? object.values.filter(isRecord)
    : [];
  const [value] = values;
  if (values.length <= 1) {
    const source = { ...object, value };
    addObject(draft, origin, { type, source, key: object.id, find });
    return;
  }
  const key = { key: object.key };
  addObject(draft, origin, { type, source: key, key: object.id, find });
  const of = scalar(object.key);
  for (const [index, source] of values.entries()) {
    addObject(draft, origin, {
      type: "windows-registry-value-type",
      source,
      key: `${object.id}|${index}`,
      find,
      remark: of === undefined ? "" : `Registry key: ${of}`,
    });
  }
}

function addAttribute(draft: EventDraft, origin: Origin, type: string): void {
  const { object } = origin;
  const value = TEXT_PROPERTIES.map((property) => scalar(object[property]))
    .find((found) => found !== undefined);
  if (value === undefined) {
    draft.note(object, "observable has no value");
    return;
  }
  const [, as = "text", category = "Other"] =
    ATTRIBUTE_ROWS.find(([name]) => name === type) ?? [];
  // Wallets of other currencies are nothing that MISP refuses.
  const known = as !== "btc" || btc(value.trim()) !== undefined;
  draft.addAttribute({
    type: known ? as : "text",
    category,
    value,
    comment: `Observable: ${type}`,
  }, origin);
}

/** A property, one level down where the name has a dot. */
function read(
  source: Readonly<Record<string, unknown>>,
  property: string,
  hashes: ReadonlyMap<string, unknown>,
): unknown {
  const [first = "", second] = property.split(".");
  if (second === undefined) return source[first];
  if (first === "hashes") return hashes.get(second);
  const parent = source[first];
  return isRecord(parent) ? parent[second] : undefined;
}

/** Hashes by STIX's name of the algorithm. */
function hashesOf(value: unknown): ReadonlyMap<string, unknown> {
  if (!isRecord(value)) return new Map();
  return new Map(
    Object.entries(value).map(([name, hash]) => [hashAlgorithm(name), hash]),
  );
}
