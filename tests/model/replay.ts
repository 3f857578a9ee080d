/**
 * An independent model of a live stream: its frames applied to a map, read by
 * splitting text, with none of the program's own code for streams.
 */
import type { StixObject } from "../../src/stix/object.ts";

/** What a client holds that applied every frame. */
export interface ModelObject {
  readonly object: StixObject;
  /** SSE id of the last event that concerned it. */
  readonly eventId: string;
}

/** The result of a replay. */
export interface Replay {
  /** By internal id. */
  readonly objects: ReadonlyMap<string, ModelObject>;
  /** What the stream carried as context, by STIX id: authors, markings. */
  readonly context: ReadonlyMap<string, StixObject>;
  /** Main frames that could not be parsed. */
  readonly malformed: number;
  readonly frames: number;
  readonly lastEventId: string;
}

const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

// deno-lint-ignore no-explicit-any
function keyOf(object: any): string {
  return object.extensions?.[OCTI]?.id ?? object.id;
}

/**
 * Applies create, update, merge and delete frames; dependencies are context.
 * An update of an object that left the filter changes nothing: the platform
 * sends it when a container that matches holds the object.
 */
export function replay(text: string): Replay {
  const objects = new Map<string, ModelObject>();
  const context = new Map<string, StixObject>();
  const outside = new Set<string>();
  let malformed = 0;
  let frames = 0;
  let lastEventId = "0-0";
  for (const frame of text.split("\n\n")) {
    const id = /^id: (.*)$/m.exec(frame)?.[1] ?? "";
    const name = /^event: (.*)$/m.exec(frame)?.[1] ?? "";
    const data = /^data: ([^\n]*)$/m.exec(frame)?.[1] ?? "";
    if (!["create", "update", "delete", "merge"].includes(name)) continue;
    frames++;
    lastEventId = id;
    let payload;
    try {
      payload = JSON.parse(data);
    } catch {
      malformed++;
      continue;
    }
    if (payload.type === undefined) {
      context.set(payload.data.id, payload.data);
      continue;
    }
    const key = keyOf(payload.data);
    if (name === "delete") {
      objects.delete(key);
      if (payload.type === "update") outside.add(key);
      continue;
    }
    for (const source of payload.context?.sources ?? []) {
      objects.delete(keyOf(source));
    }
    if (name === "create") outside.delete(key);
    if (outside.has(key)) continue;
    objects.set(key, { object: payload.data, eventId: id });
  }
  return { objects, context, malformed, frames, lastEventId };
}
