import type { StixObject } from "../../stix/object.ts";
import type { EventId } from "./event_id.ts";
import { changeMessage } from "./messages.ts";
import {
  currentDocument,
  endsOf,
  type ObjectTable,
  referencesOf,
  type StoredObject,
} from "./objects.ts";
import type { StreamView } from "./view.ts";
import { encodeFrame, type Frame } from "./wire.ts";

/** Which phase a reduced envelope comes from. */
export type Referer = "init-create" | "init-dependencies";

/**
 * A frame of a recovery or a dependency: the reduced envelope without `type`,
 * `scope` and `context`. The object is as it is now.
 */
export function initFrame(
  id: EventId,
  object: StixObject,
  options: { referer: Referer; table: ObjectTable; event?: string },
): Frame {
  const { referer, table, event = "create" } = options;
  const kind = referer === "init-create" ? "main" : "dependency";
  return encodeFrame(kind, event, {
    id,
    data: {
      data: object,
      message: changeMessage("creates", object, table),
      origin: { referer },
      version: "4",
    },
  });
}

/**
 * Everything the platform sends before a main frame, all with its id: what
 * the object refers to, deepest first, and unless `no-dependencies` is set
 * its relations, each preceded by what it refers to. Nothing twice as long as
 * the connection's cache remembers it.
 */
export function dependencyFrames(
  id: EventId,
  object: StixObject,
  view: StreamView,
): Frame[] {
  const frames = referenceFrames(id, object, view);
  if (view.options.noDependencies) return frames;
  for (const relation of [...view.objects.relationsOf(object.id)]) {
    if (view.sent.has(relation.object.id)) continue;
    if (!endsResolve(relation.object, view.objects)) continue;
    frames.push(...referenceFrames(id, relation.object, view));
    frames.push(dependency(id, relation, view));
  }
  return frames;
}

/** The frames of what one object refers to and the connection lacks. */
function referenceFrames(
  id: EventId,
  object: StixObject,
  view: StreamView,
): Frame[] {
  const missing: StoredObject[] = [];
  collectMissing(object, view, { missing, visited: new Set([object.id]) });
  return missing.map((row) => dependency(id, row, view));
}

/** Both ends of a relation are still there for the user. */
export function endsResolve(object: StixObject, table: ObjectTable): boolean {
  return endsOf(object).every((end) => table.get(end) !== undefined);
}

function dependency(id: EventId, row: StoredObject, view: StreamView): Frame {
  view.sent.add(row.object.id);
  return initFrame(id, currentDocument(row), {
    referer: "init-dependencies",
    table: view.objects,
  });
}

/** What a walk over references has found so far. */
interface Walk {
  readonly missing: StoredObject[];
  readonly visited: Set<string>;
}

function collectMissing(object: StixObject, view: StreamView, walk: Walk) {
  for (const ref of referencesOf(object)) {
    const row = view.objects.get(ref);
    if (row === undefined || walk.visited.has(row.object.id)) continue;
    walk.visited.add(row.object.id);
    if (view.sent.has(row.object.id)) continue;
    collectMissing(row.object, view, walk);
    walk.missing.push(row);
  }
}
