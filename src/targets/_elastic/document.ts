/** STIX objects → ECS documents, without I/O. The tables do the work. */
import { createHash } from "node:crypto";
import { internalId, isRecord, type StixObject } from "../../stix/object.ts";
import {
  KEY_FIELDS,
  OBSERVABLE_ROWS,
  type Source,
  toSources,
} from "./ecs_rows.ts";
import { type Entity, ENTITY_ROWS, INDICATOR_ROWS } from "./entity_rows.ts";

/** A JSON object on its way to Elasticsearch. */
export type Json = Record<string, unknown>;

/** One document and the id it is written under. */
export interface EcsDocument {
  readonly id: string;
  readonly source: Json;
}

/**
 * What one document says beside the entity's own fields: one value that match
 * rules can join on. A match rule joins on single-valued fields only, so each
 * value is a document of its own.
 */
export interface EcsRecord {
  /** `threat.indicator.type`. */
  readonly type: string;
  /** `threat.indicator.name`. */
  readonly name: string;
  /** Tells the documents of one entity apart; absent: it has only this one. */
  readonly key?: string;
  /** Values by full field path. */
  readonly fields: ReadonlyMap<string, unknown>;
}

/**
 * Value of `opencti_doc_id`, shared by all documents of an entity: SHA-256 of
 * the platform's id, lower-case hex. The rule of the former Python connector.
 */
export function entityDocId(platformId: string): string {
  return sha256(platformId);
}

/**
 * The records of an observable: none for a type that has no place in ECS, or
 * one that lacks its value.
 */
export function toRecords(observable: Source): EcsRecord[] {
  const rows = OBSERVABLE_ROWS[`${observable.type}`];
  if (rows === undefined) return [];
  const records = toSources(observable).map((source): EcsRecord | undefined => {
    const name = rows.name(source);
    if (name === undefined) return undefined;
    const fields = new Map<string, unknown>();
    for (const [from, to, how] of rows.rows) {
      addField(fields, to, how(valueAt(source, from), source));
    }
    const key = KEY_FIELDS.find((field) => fields.has(field));
    return {
      type: rows.type(source),
      name,
      key: key === undefined ? name : `${fields.get(key)}`,
      fields,
    };
  });
  return records.filter((record) => record !== undefined);
}

/** The record of an indicator that is written for reference only. */
export function toReferenceRecord(
  object: StixObject,
  type: "query" | "unknown",
): EcsRecord {
  const { name, pattern } = object;
  const fields = new Map<string, unknown>();
  addField(
    fields,
    "threat.indicator.query",
    pattern === "" ? undefined : pattern,
  );
  return {
    type,
    name: typeof name === "string" && name !== "" ? name : object.id,
    fields,
  };
}

/**
 * The documents of an entity, one per record and no two with the same id.
 * The same record twice is one document.
 */
export function toDocuments(
  entity: Entity,
  records: readonly EcsRecord[],
): EcsDocument[] {
  const docId = entityDocId(internalId(entity.object));
  const common = commonFields(entity);
  const documents = new Map<string, EcsDocument>();
  for (const record of records) {
    const id = freeId(docId, record, documents);
    const source = nest([...common, ...record.fields, [
      "threat.indicator.type",
      record.type,
    ], ["threat.indicator.name", record.name]]);
    source.opencti_doc_id = docId;
    source.stix = withoutPayload(entity.object);
    documents.set(id, { id, source });
  }
  return [...documents.values()];
}

/**
 * `<opencti_doc_id>-<16 hex>`, the same for the same value on every run, so
 * that writing twice is writing once. Two records with the same key but other
 * attributes (one address with two ports) both stay.
 */
function freeId(
  docId: string,
  record: EcsRecord,
  taken: ReadonlyMap<string, EcsDocument>,
): string {
  if (record.key === undefined) return docId;
  const identity = `${record.type}|${record.key}`;
  const id = `${docId}-${sha256(identity).slice(0, 16)}`;
  const holder = taken.get(id);
  if (holder === undefined || hasFields(holder.source, record)) return id;
  const all = JSON.stringify([...record.fields]);
  return `${docId}-${sha256(`${identity}|${all}`).slice(0, 16)}`;
}

function hasFields(source: Json, record: EcsRecord): boolean {
  for (const [path, value] of record.fields) {
    if (JSON.stringify(valueAt(source, path)) !== JSON.stringify(value)) {
      return false;
    }
  }
  return true;
}

function commonFields(entity: Entity): [string, unknown][] {
  const rows = entity.object.type === "indicator"
    ? [...ENTITY_ROWS, ...INDICATOR_ROWS]
    : ENTITY_ROWS;
  return rows.map(([, to, how]): [string, unknown] => [to, how(entity)])
    .filter(([, value]) => value !== undefined);
}

/** `related.*` are sets over all rows; any other field is set once. */
function addField(
  fields: Map<string, unknown>,
  path: string,
  value: unknown,
): void {
  if (value === undefined) return;
  if (!path.startsWith("related.")) {
    fields.set(path, value);
    return;
  }
  const before = fields.get(path) as unknown[] | undefined ?? [];
  const all = new Set([...before, ...(Array.isArray(value) ? value : [value])]);
  if (all.size > 0) fields.set(path, [...all]);
}

function valueAt(source: Source, path: string): unknown {
  // Patterns name a referenced object's property by its whole path.
  if (Object.hasOwn(source, path)) return source[path];
  let value: unknown = source;
  for (const name of path.split(".")) {
    if (!isRecord(value)) return undefined;
    value = value[name];
  }
  return value;
}

function nest(fields: Iterable<readonly [string, unknown]>): Json {
  const document: Json = {};
  for (const [path, value] of fields) {
    const names = path.split(".");
    const last = names.pop() as string;
    let place = document;
    for (const name of names) {
      place[name] ??= {};
      place = place[name] as Json;
    }
    place[last] = value;
  }
  return document;
}

/** The raw object without the content of an artifact, which can be huge. */
function withoutPayload(object: StixObject): Json {
  const { payload_bin: _payload, ...rest } = object;
  return rest;
}

function sha256(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}
