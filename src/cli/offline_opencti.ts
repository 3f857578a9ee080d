import { ConfigError } from "../errors.ts";
import type { OpenctiClient } from "../opencti/client.ts";
import { markingOf } from "../opencti/marking_of.ts";
import type { ResolvedContainer } from "../opencti/resolved_container.ts";
import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
  strings,
  text,
} from "../stix/object.ts";

/** What targets ask beside names and markings. */
interface OfflineReads {
  /** A container by any of its ids, with what the file has of its contents. */
  readonly containers: {
    resolve(id: string): Promise<ResolvedContainer | null>;
  };
  /** What an indicator is based on, by its internal id. */
  observablesOf(
    indicator: string,
  ): Promise<readonly { readonly type: string; readonly value: string }[]>;
  /** Nobody writes offline. */
  readonly externalReferences: {
    of(): Promise<null>;
    attach(): Promise<void>;
    detach(): Promise<void>;
  };
}

/**
 * A platform that knows some objects and nothing else: names and markings that
 * are not among them stay unknown.
 */
export function offlineOpencti(
  objects: readonly StixObject[],
  url: string,
): OpenctiClient & OfflineReads {
  const byId = new Map(objects.map((object) => [object.id, object]));
  const found = <Value>(
    refs: Iterable<string>,
    valueOf: (object: StixObject) => Value | undefined,
  ): Promise<ReadonlyMap<string, Value>> => {
    const values = new Map<string, Value>();
    for (const ref of refs) {
      const object = byId.get(ref);
      const value = object === undefined ? undefined : valueOf(object);
      if (value !== undefined) values.set(ref, value);
    }
    return Promise.resolve(values);
  };
  const byAnyId = (id: string) =>
    byId.get(id) ?? objects.find((object) => internalId(object) === id) ??
      objects.find((object) => isNamedBy(id, object));
  return {
    url,
    namesOf: (refs) => found(refs, ({ name }) => text(name)),
    markingsOf: (refs) => found(refs, markingOf),
    ensurePatternTypes: () => Promise.resolve(),
    get sightings(): never {
      throw new ConfigError("Without OpenCTI there are no sightings");
    },
    containers: {
      resolve(id) {
        const container = byAnyId(id);
        return Promise.resolve(
          container === undefined ? null : resolved(container, byId),
        );
      },
    },
    observablesOf(id) {
      const indicator = byAnyId(id);
      const based = objects.filter((object) =>
        object.relationship_type === "based-on" &&
        object.source_ref === indicator?.id
      );
      return Promise.resolve(based.flatMap(({ target_ref: target }) => {
        const observable = byId.get(`${target}`);
        return observable === undefined ? [] : toObservableName(observable);
      }));
    },
    externalReferences: {
      of: () => Promise.resolve(null),
      attach: () => Promise.resolve(),
      detach: () => Promise.resolve(),
    },
  };
}

/** Whether it has no id of a platform, and this is the UUID of its STIX id. */
function isNamedBy(uuid: string, object: StixObject): boolean {
  const { id, type } = object;
  return internalId(object) === id && id.toLowerCase() === `${type}--${uuid}`;
}

/** Where an object is not in the file, it is left out. */
function resolved(
  container: StixObject,
  byId: ReadonlyMap<string, StixObject>,
): ResolvedContainer {
  const refs = new Set(strings(container.object_refs));
  const contents = [...refs].flatMap((ref) => byId.get(ref) ?? []);
  const sightings = [...byId.values()].filter(({ type, sighting_of_ref: of }) =>
    type === "sighting" && refs.has(`${of}`)
  );
  const references = new Map(
    [...byId].filter(([id]) => id !== container.id && !refs.has(id)),
  );
  return { container, contents, sightings, references };
}

function toObservableName(
  object: StixObject,
): { type: string; value: string }[] {
  const type = text(extension(object, OCTI_EXTENSION).type) ?? object.type;
  const hashes = isRecord(object.hashes) ? object.hashes : {};
  const best = ["SHA-256", "SHA-1", "MD5"].map((name) => text(hashes[name]))
    .find((hash) => hash !== undefined);
  const value = text(object.value) ?? best ?? text(object.name);
  return value === undefined ? [] : [{ type, value }];
}
