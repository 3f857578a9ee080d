import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";
import { dependencyFrames, endsResolve, initFrame } from "./dependencies.ts";
import type { EventId } from "./event_id.ts";
import type { LogEntry } from "./log.ts";
import { endsOf, isRelation } from "./objects.ts";
import { CONTAINER_TYPES } from "./kinds.ts";
import type { StreamView } from "./view.ts";
import { encodeFrame, type Frame } from "./wire.ts";

/** The SSE names of a change, which are also its payload types. */
export type EventName = "create" | "update" | "delete" | "merge";

/** A change as the stream keeps it: written once, filtered per connection. */
export class ChangeEntry implements LogEntry {
  readonly id: EventId;
  readonly #name: EventName;
  readonly #before: StixObject | undefined;
  readonly #object: StixObject;
  readonly #payload: string;

  constructor(
    id: EventId,
    change: {
      name: EventName;
      /** The document before; absent for a creation. */
      before?: StixObject | undefined;
      /** The document after; for a deletion, as it was just before. */
      object: StixObject;
      /** The JSON text of the data line. */
      payload: string;
    },
  ) {
    this.id = id;
    this.#name = change.name;
    this.#before = change.before;
    this.#object = change.object;
    this.#payload = change.payload;
  }

  frames(view: StreamView): readonly Frame[] {
    const object = this.#object;
    if (isInferred(object) && !view.options.withInferences) return [];
    const matches = view.collection.matches(object);
    if (this.#name === "update") return this.#updateFrames(matches, view);
    if (!matches) return this.#relationFrames(view);
    if (this.#name === "delete") {
      return view.options.listenDelete ? [this.#main("delete")] : [];
    }
    return this.#withDependencies(this.#name, view);
  }

  /** The table of `before matches` and `after matches`. */
  #updateFrames(matches: boolean, view: StreamView): readonly Frame[] {
    const matched = this.#before !== undefined &&
      view.collection.matches(this.#before);
    if (matched && !matches) {
      return view.options.listenDelete ? [this.#main("delete")] : [];
    }
    if (matches) {
      return this.#withDependencies(matched ? "update" : "create", view);
    }
    if (isRelation(this.#object)) return this.#relationFrames(view);
    const contained = !CONTAINER_TYPES.has(this.#object.type) &&
      inMatchingContainer(this.#object, view);
    return contained ? this.#withDependencies("update", view) : [];
  }

  #withDependencies(event: EventName, view: StreamView): readonly Frame[] {
    if (
      isRelation(this.#object) && !endsResolve(this.#object, view.objects)
    ) return [];
    const frames = dependencyFrames(this.id, this.#object, view);
    view.sent.add(this.#object.id);
    return [...frames, this.#main(event)];
  }

  /** A relation outside the filter with an end inside it. */
  #relationFrames(view: StreamView): readonly Frame[] {
    if (view.options.noDependencies || !isRelation(this.#object)) return [];
    const ends = endsOf(this.#object)
      .map((end) => view.objects.get(end)?.object);
    const inside = ends.some((end) =>
      end !== undefined && view.collection.matches(end)
    );
    if (!inside || ends.includes(undefined)) return [];
    const frames = dependencyFrames(this.id, this.#object, view);
    view.sent.add(this.#object.id);
    return [
      ...frames,
      initFrame(this.id, this.#object, {
        referer: "init-dependencies",
        table: view.objects,
        event: this.#name,
      }),
    ];
  }

  #main(event: EventName): Frame {
    return encodeFrame("main", event, { id: this.id, data: this.#payload });
  }
}

function isInferred(object: StixObject): boolean {
  return extension(object, OCTI_EXTENSION).is_inferred === true;
}

function inMatchingContainer(object: StixObject, view: StreamView): boolean {
  for (const { object: holder } of view.objects.referrersOf(object.id)) {
    if (CONTAINER_TYPES.has(holder.type) && view.collection.matches(holder)) {
      return true;
    }
  }
  return false;
}
