/** The container's own fields as fields of the event. */
import { type StixObject, text } from "../../../stix/object.ts";
import type { MispEvent } from "../misp_event.ts";
import { cutText, cutToBytes, isPrintable, oneLine } from "./clean_text.ts";
import { type Find, plainType, secondsOf } from "./source.ts";

/** Title of a container without a name. */
export const UNNAMED = "OpenCTI Import";

/** Longest name of an organisation that MISP's column holds. */
const MAX_ORGANISATION_BYTES = 255;

/** What a field of the event is made of. */
export interface ContainerFields {
  readonly container: StixObject;
  readonly find: Find;
  /** Unix milliseconds. */
  readonly now: number;
}

type Field = "info" | "date" | "timestamp" | "analysis" | "Orgc";

/**
 * Property, field of the event, how. The owner organisation is missing: MISP
 * takes that of the key, whatever is sent. Labels, description, confidence and
 * threat level are read elsewhere, with what else becomes a tag or attribute.
 */
// deno-fmt-ignore
export const CONTAINER_ROWS: readonly (readonly [
  property: string,
  field: Field,
  how: (fields: ContainerFields) => unknown,
])[] = [
  ["name",           "info",      title],
  ["created",        "date",      date],
  ["modified",       "timestamp", timestamp],
  ["created_by_ref", "Orgc",      author],
  ["",               "analysis",  () => "2"], // completed
];

/** The fields that the container alone decides. */
export function containerFields(
  fields: ContainerFields,
): Pick<MispEvent, Field> {
  const entries = CONTAINER_ROWS.map(([, field, how]) => [field, how(fields)])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Pick<MispEvent, Field>;
}

/** `report`, `grouping`, `case-incident`, `case-rfi` or `case-rft`. */
export function containerType({ type }: StixObject): string {
  return plainType(type);
}

function title({ container }: ContainerFields): string {
  const name = cutText(oneLine(text(container.name) ?? ""));
  return isPrintable(name) ? name : UNNAMED;
}

/** The day of creation, UTC; without one, today. */
function date({ container, now }: ContainerFields): string {
  const day = text(container.created)?.slice(0, 10) ?? "";
  const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && isReal(day);
  return isDay ? day : new Date(now).toISOString().slice(0, 10);
}

/** False for the 30th of February. */
function isReal(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** Unix seconds of the last change. */
function timestamp({ container, now }: ContainerFields): string {
  const seconds = secondsOf(container.modified) ??
    secondsOf(container.created) ?? Math.floor(now / 1000);
  return `${seconds}`;
}

/** Who wrote it, by name alone: MISP doubles organisations given by UUID. */
function author(
  { container, find }: ContainerFields,
): { readonly name: string } | undefined {
  const found = find(text(container.created_by_ref) ?? "");
  const name = oneLine(text(found?.name) ?? "");
  return isPrintable(name)
    ? { name: cutToBytes(name, MAX_ORGANISATION_BYTES) }
    : undefined;
}
