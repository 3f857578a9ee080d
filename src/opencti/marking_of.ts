import { isRecord, type StixObject, text } from "../stix/object.ts";

/** What a marking id stands for. */
export interface Marking {
  /** "TLP", "PAP", "statement". */
  readonly definitionType: string;
  /** "TLP:AMBER+STRICT". */
  readonly definition: string;
}

/** What a marking definition says; `undefined` where it says nothing. */
export function markingOf(object: StixObject): Marking | undefined {
  const definitionType = text(object.definition_type) ?? "";
  const name = text(object.name);
  const inner = isRecord(object.definition)
    ? text(object.definition[definitionType])
    : text(object.definition);
  const definition = name ?? inner;
  return definition === undefined ? undefined : { definitionType, definition };
}
