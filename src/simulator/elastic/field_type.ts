import { isObject, type JsonObject } from "./json.ts";

/** What a field is searched and sorted by. */
export type Term = string | number | bigint;

/** Why one value does not fit its field; becomes `caused_by`. */
export class ValueProblem extends Error {
  override name = "ValueProblem";
  readonly body: JsonObject;

  constructor(type: string, reason: string, more: JsonObject = {}) {
    super(reason);
    this.body = { type, reason, ...more };
  }
}

/** One field type with its parameters: how values are checked and found. */
export interface FieldType {
  readonly name: string;
  /** Takes JSON objects as values (`flattened`, `ip_range`, `geo_point`). */
  readonly takesObjects: boolean;
  /** Refuses a value that is neither null nor a list. */
  check(value: unknown): void;
  /** Terms under which a checked value is found; none if it is not indexed. */
  terms(value: unknown): readonly Term[];
  /** The term of a query value. */
  queryTerm(value: unknown, now: number, roundUp?: boolean): Term;
}

/** A field's entry in `properties`. */
export type Definition = Readonly<JsonObject>;

/** A value as text; objects are refused. @throws {ValueProblem} */
export function scalarText(value: unknown): string {
  if (isObject(value)) {
    throw new ValueProblem(
      "illegal_state_exception",
      "Can't get text on a START_OBJECT at 1:1",
    );
  }
  return String(value);
}

/** A value as Elasticsearch prints it in a message: objects as `{a=1}`. */
export function displayed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(displayed).join(", ")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).map(([key, member]) =>
    `${key}=${displayed(member)}`
  );
  return `{${members.join(", ")}}`;
}
