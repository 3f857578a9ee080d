import type { StixObject } from "../../stix/object.ts";
import { withOcti } from "./documents.ts";
import { OpenctiError } from "./graphql_error.ts";
import { derivedId, standardId } from "./identifiers.ts";
import { entityType } from "./kinds.ts";
import { representative } from "./messages.ts";
import type { StoredObject } from "./objects.ts";
import type { Platform } from "./platform.ts";

/** `StixSightingRelationshipAddInput`, as far as it is used. */
export interface SightingInput {
  readonly fromId: string;
  readonly toId: string;
  readonly attribute_count: number;
  readonly first_seen?: string | null;
  readonly last_seen?: string | null;
  readonly x_opencti_negative?: boolean | null;
  readonly confidence?: number | null;
  readonly description?: string | null;
  readonly createdBy?: string | null;
  readonly objectMarking?: readonly (string | null)[] | null;
}

/** Source: OpenCTI `relations_deduplication`: 30 days. */
const WINDOW_MS = 30 * 86_400_000;

/**
 * Adds a sighting, or folds it into one of the same two ends whose dates are
 * both within 30 days: its span is widened and the counts are added; with an
 * unchanged span the sent count replaces the former one.
 */
export function addSighting(
  platform: Platform,
  input: SightingInput,
): StoredObject | undefined {
  const from = platform.objects.get(input.fromId);
  const to = platform.objects.get(input.toId);
  if (from === undefined || to === undefined) {
    throw new OpenctiError("MISSING_REFERENCE_ERROR");
  }
  const markings = (input.objectMarking ?? []).map((id) =>
    platform.objects.get(id ?? "")?.object.id
  );
  if (markings.includes(undefined)) {
    throw new OpenctiError("MISSING_REFERENCE_ERROR");
  }
  if (from.internalId === to.internalId) {
    throw new OpenctiError(
      "FUNCTIONAL_ERROR",
      "You cannot create a relation with the same source and target",
    );
  }
  const first = Date.parse(input.first_seen ?? "1970-01-01T00:00:00.000Z");
  const last = Date.parse(input.last_seen ?? "5138-11-16T09:46:40.000Z");
  if (!(first <= last)) {
    throw new OpenctiError(
      "DATABASE_ERROR",
      "You cannot create a sighting with a first_seen after the last_seen",
    );
  }
  const confidence = Math.min(
    input.confidence ?? platform.user.maxConfidence,
    platform.user.maxConfidence,
  );
  const span = { first, last };
  const known = existing(platform, { from, to, span });
  if (known === undefined) {
    return create(platform, { from, to, span, input, confidence, markings });
  }
  return widen(platform, known, { span, input, confidence });
}

/** Dates in milliseconds since 1970. */
interface Span {
  readonly first: number;
  readonly last: number;
}

function existing(
  platform: Platform,
  ends: { from: StoredObject; to: StoredObject; span: Span },
): StoredObject | undefined {
  const { from, to, span } = ends;
  for (const row of platform.objects.relationsOf(from.object.id)) {
    const { object } = row;
    if (object.type !== "sighting") continue;
    if (object.sighting_of_ref !== from.object.id) continue;
    const where = object.where_sighted_refs;
    if (!Array.isArray(where) || !where.includes(to.object.id)) continue;
    const held = spanOf(object);
    const near = Math.abs(held.first - span.first) <= WINDOW_MS &&
      Math.abs(held.last - span.last) <= WINDOW_MS;
    if (near) return row;
  }
  return undefined;
}

function create(
  platform: Platform,
  sighting: {
    from: StoredObject;
    to: StoredObject;
    span: Span;
    input: SightingInput;
    confidence: number;
    markings: readonly unknown[];
  },
): StoredObject | undefined {
  const { from, to, span, input, confidence, markings } = sighting;
  const dates = {
    first_seen: new Date(span.first).toISOString(),
    last_seen: new Date(span.last).toISOString(),
  };
  const author = input.createdBy
    ? platform.objects.get(input.createdBy)
    : undefined;
  const id = standardId("sighting", {
    from: from.internalId,
    to: to.internalId,
    ...dates,
  });
  const object = withOcti({
    id,
    spec_version: "2.1",
    type: "sighting",
    extensions: {},
    revoked: false,
    confidence,
    lang: "en",
    ...(author === undefined ? {} : { created_by_ref: author.object.id }),
    ...(input.description ? { description: input.description } : {}),
    ...(markings.length > 0 ? { object_marking_refs: markings } : {}),
    ...dates,
    count: input.attribute_count,
    sighting_of_ref: from.object.id,
    where_sighted_refs: [to.object.id],
  }, {
    id: derivedId("sighting", id),
    creator_ids: [platform.user.id],
    sighting_of_value: representative(from.object, platform.objects),
    sighting_of_ref: from.internalId,
    sighting_of_type: entityType(from.object),
    where_sighted_values: [representative(to.object, platform.objects)],
    where_sighted_refs: [to.internalId],
    where_sighted_types: [entityType(to.object)],
    negative: input.x_opencti_negative === true,
  });
  const at = platform.now();
  platform.apply({ at, op: "create", object }, { userId: platform.user.id });
  return platform.objects.get(id);
}

function widen(
  platform: Platform,
  row: StoredObject,
  update: { span: Span; input: SightingInput; confidence: number },
): StoredObject | undefined {
  const { span, input, confidence } = update;
  const held = spanOf(row.object);
  const first = Math.min(held.first, span.first);
  const last = Math.max(held.last, span.last);
  const widened = first < held.first || last > held.last;
  const count = Number(row.object.count ?? 0);
  const trusted = confidence >= Number(row.object.confidence ?? 0);
  const next = widened
    ? count + input.attribute_count
    : trusted
    ? input.attribute_count
    : count;
  const object = {
    ...row.object,
    first_seen: new Date(first).toISOString(),
    last_seen: new Date(last).toISOString(),
    count: next,
  };
  if (!widened && next === count) return row;
  const at = platform.now();
  platform.apply({ at, op: "update", object }, { userId: platform.user.id });
  return platform.objects.get(row.internalId);
}

function spanOf(object: StixObject): Span {
  return {
    first: Date.parse(String(object.first_seen)),
    last: Date.parse(String(object.last_seen)),
  };
}
