import { internalId, type StixObject, strings } from "../../stix/object.ts";
import type { EventName } from "./change_entry.ts";
import { compareDocuments } from "./json_patch.ts";
import {
  changeMessage,
  displayedChanges,
  mergeMessage,
  updateMessage,
} from "./messages.ts";
import type { ObjectTable } from "./objects.ts";
import { originOf } from "./user.ts";
import { updatedAtOf } from "./documents.ts";
import { atLeast } from "./versions.ts";

/** What a change did, before it becomes a frame. */
export interface ChangeRecord {
  readonly name: EventName;
  readonly before?: StixObject | undefined;
  /** After the change; for a deletion, as it was just before. */
  readonly object: StixObject;
  /** Objects that vanish in a merge. */
  readonly sources?: readonly StixObject[];
  /** Sentence to use in place of the platform's own. */
  readonly message?: string | undefined;
}

/** The JSON text of a main live frame's data line. */
export function changePayload(
  record: ChangeRecord,
  options: {
    table: ObjectTable;
    version: string;
    at: number;
    userId: string;
    browser: boolean;
  },
): string {
  const { table, version, at, userId, browser } = options;
  const context = contextOf(record, table, version);
  const eventId = `${updatedAtOf(record.object) ?? at}-0`;
  return JSON.stringify({
    version: "4",
    type: record.name,
    scope: "external",
    message: record.message ?? messageOf(record, table),
    origin: originOf(userId, { browser }),
    data: record.object,
    ...(context === undefined ? {} : { context }),
    ...(atLeast(version, "6.4.11") ? { event_id: eventId } : {}),
  });
}

function messageOf(record: ChangeRecord, table: ObjectTable): string {
  const { name, before, object, sources = [] } = record;
  if (name === "create") return changeMessage("creates", object, table);
  if (name === "delete") return changeMessage("deletes", object, table);
  if (name === "merge") return mergeMessage(object, sources, table);
  return updateMessage(displayedChanges(before ?? object, object, table));
}

function contextOf(record: ChangeRecord, table: ObjectTable, version: string) {
  const { name, before, object } = record;
  if (before === undefined || name === "create" || name === "delete") {
    return undefined;
  }
  const patch = compareDocuments(before, object);
  const reversePatch = compareDocuments(object, before);
  if (name === "merge") {
    return { patch, reverse_patch: reversePatch, sources: record.sources };
  }
  return {
    patch,
    reverse_patch: reversePatch,
    related_restrictions: { markings: movedMarkings(before, object, table) },
    pir_ids: [],
    ...(atLeast(version, "6.9.0")
      ? { changes: displayedChanges(before, object, table) }
      : {}),
  };
}

/** Markings of the objects that were put into or taken out of a container. */
function movedMarkings(
  before: StixObject,
  after: StixObject,
  table: ObjectTable,
): string[] {
  const old = new Set(strings(before.object_refs));
  const now = new Set(strings(after.object_refs));
  const moved = [...old.symmetricDifference(now)];
  const markings = moved.flatMap((ref) =>
    strings(table.get(ref)?.object.object_marking_refs)
  );
  return [
    ...new Set(markings.flatMap((ref) => {
      const row = table.get(ref);
      return row === undefined ? [] : [internalId(row.object)];
    })),
  ];
}
