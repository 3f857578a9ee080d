/** Stream events → what Elasticsearch must hold afterwards. No I/O. */
import type { Marking } from "../../opencti/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { isRecord, type StixObject, text } from "../../stix/object.ts";
import {
  type EcsDocument,
  entityDocId,
  type Json,
  toDocuments,
} from "../_elastic/document.ts";
import { toEntityRecords } from "../_elastic/entity_records.ts";
import {
  type Entity,
  expiryOf,
  isRevoked,
  labelsOf,
} from "../_elastic/entity_rows.ts";
import { legacyFields } from "./legacy_rows.ts";

/** What the mapping of a batch needs beside the events. */
export interface MappingContext {
  readonly now: number;
  readonly externalUrl: string;
  /** Any of these, trimmed and in lower case; `*` is all. */
  readonly importLabels: ReadonlySet<string>;
  readonly includeLabels: boolean;
  readonly legacyFields: boolean;
  readonly names: ReadonlyMap<string, string>;
  readonly markings: ReadonlyMap<string, Marking>;
}

/** What Elasticsearch holds of an entity once its event is applied. */
export interface EntityPlan {
  /** All of the entity's documents; none: it has to be gone. */
  readonly documents: readonly EcsDocument[];
  /** Why an entity that still exists has no documents. */
  readonly withheld?: string;
}

/** The plan of an event in mode `stix`, or why it has none. */
export function toStixPlan(
  event: StreamEvent,
  context: MappingContext,
): EntityPlan | string {
  if (event.action === "delete") return { documents: [] };
  const unlabelled = whyUnlabelled(event.object, context);
  if (unlabelled !== undefined) return withheld(event, unlabelled);
  const source = {
    ...event.object,
    "@timestamp": new Date(eventMs(event)).toISOString(),
  };
  return { documents: [{ id: event.internalId, source }] };
}

/** The plan of an event in the modes `ecs`, or why it has none. */
export function toEcsPlan(
  event: StreamEvent,
  context: MappingContext,
): EntityPlan | string {
  const { object } = event;
  if (object.type !== "indicator") {
    return `type ${object.type} is written in mode stix alone`;
  }
  if (event.action === "delete") return { documents: [] };
  const reason = whyUnlabelled(object, context) ??
    whyUnusable(object, context);
  if (reason !== undefined) return withheld(event, reason);
  return { documents: ecsDocuments(event, context) };
}

/** Time of an event, milliseconds since 1970. */
export function eventMs({ id }: Pick<StreamEvent, "id">): number {
  return Number.parseInt(id);
}

function ecsDocuments(
  { object, internalId, version }: StreamEvent,
  context: MappingContext,
): EcsDocument[] {
  const { records, patternComplete } = toEntityRecords(object, new Set());
  const entity: Entity = {
    object,
    context: {
      ...context,
      version,
      expireDays: 0,
      labels: context.includeLabels,
    },
    patternComplete,
  };
  const prefix = entityDocId(internalId);
  return toDocuments(entity, records).map(({ id, source }, index) => {
    setField(
      source,
      "event.url",
      `${context.externalUrl}/dashboard/observations/indicators/` +
        encodeURIComponent(internalId),
    );
    setField(source, "threatintel.opencti.internal_id", internalId);
    if (context.legacyFields) {
      for (const [path, value] of legacyFields(entity, source)) {
        if (value !== undefined) setField(source, path, value);
      }
    }
    // The former connector had one document, under the entity's own id.
    const suffix = index === 0 ? "" : id.slice(prefix.length);
    return { id: `${internalId}${suffix}`, source };
  });
}

function setField(document: Json, path: string, value: unknown): void {
  const names = path.split(".");
  const last = names.pop() as string;
  let place = document;
  for (const name of names) {
    const next = place[name];
    if (isRecord(next)) place = next;
    else place = place[name] = {} as Json;
  }
  place[last] = value;
}

/** An entity that is new has nothing that would have to go. */
function withheld(event: StreamEvent, reason: string): EntityPlan | string {
  return event.action === "create" && event.cause === "created"
    ? reason
    : { documents: [], withheld: reason };
}

function whyUnlabelled(
  object: StixObject,
  { importLabels }: MappingContext,
): string | undefined {
  if (importLabels.has("*")) return undefined;
  const isWanted = labelsOf(object)
    .some((label) => importLabels.has(label.trim().toLowerCase()));
  return isWanted ? undefined : "has no label of import_label";
}

function whyUnusable(
  object: StixObject,
  { now }: MappingContext,
): string | undefined {
  const patternType = (text(object.pattern_type) ?? "stix").toLowerCase();
  if (patternType !== "stix") {
    return `pattern type ${patternType} has no values to match`;
  }
  if (isRevoked(object)) return "revoked";
  const expiry = expiryOf(object, 0);
  return expiry !== undefined && expiry <= now ? "expired" : undefined;
}
