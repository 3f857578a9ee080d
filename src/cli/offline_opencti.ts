import type { Marking, OpenctiClient } from "../opencti/client.ts";
import { ConfigError } from "../errors.ts";
import { isRecord, type StixObject, text } from "../stix/object.ts";

/**
 * A platform that knows some objects and nothing else: names and markings that
 * are not among them stay unknown.
 */
export function offlineOpencti(
  objects: readonly StixObject[],
  url: string,
): OpenctiClient {
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
  return {
    url,
    namesOf: (refs) => found(refs, ({ name }) => text(name)),
    markingsOf: (refs) => found(refs, toMarking),
    ensurePatternTypes: () => Promise.resolve(),
    get sightings(): never {
      throw new ConfigError("Without OpenCTI there are no sightings");
    },
  };
}

function toMarking(object: StixObject): Marking | undefined {
  const definitionType = text(object.definition_type) ?? "";
  const inner = isRecord(object.definition)
    ? text(object.definition[definitionType])
    : text(object.definition);
  const definition = text(object.name) ?? inner;
  return definition === undefined ? undefined : { definitionType, definition };
}
