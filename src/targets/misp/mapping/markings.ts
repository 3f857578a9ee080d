/** TLP and PAP of an object, as tags of MISP's taxonomies `tlp` and `PAP`. */
import {
  isRecord,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";
import { papOf, tlpOf } from "../../../stix/marking.ts";

/**
 * Level of a marking, tag and colour, the most open first in each kind. CLEAR
 * was WHITE in TLP 1. Source: misp-taxonomies `tlp`, `PAP`.
 */
// deno-fmt-ignore
export const MARKING_ROWS: readonly (readonly [
  kind: "TLP" | "PAP",
  level: string,
  tag: string,
  colour: string,
])[] = [
  ["TLP", "WHITE",        "tlp:white",        "#ffffff"],
  ["TLP", "CLEAR",        "tlp:clear",        "#ffffff"],
  ["TLP", "GREEN",        "tlp:green",        "#33FF00"],
  ["TLP", "AMBER",        "tlp:amber",        "#FFC000"],
  ["TLP", "AMBER+STRICT", "tlp:amber+strict", "#FFC000"],
  ["TLP", "RED",          "tlp:red",          "#FF2B2B"],
  ["PAP", "WHITE",        "PAP:WHITE",        "#ffffff"],
  ["PAP", "CLEAR",        "PAP:CLEAR",        "#ffffff"],
  ["PAP", "GREEN",        "PAP:GREEN",        "#33ff00"],
  ["PAP", "AMBER",        "PAP:AMBER",        "#ffc000"],
  ["PAP", "RED",          "PAP:RED",          "#ff2b2b"],
];

/** The strictest row of each kind; -1 where there is none. */
export interface Markings {
  readonly tlp: number;
  readonly pap: number;
}

/** No marking. */
export const UNMARKED: Markings = { tlp: -1, pap: -1 };

/**
 * The strictest TLP and PAP of the object. What a resolved marking says wins
 * over what its id means.
 */
export function markingsOf(
  object: StixObject,
  find: (id: string) => StixObject | undefined,
): Markings {
  return strings(object.object_marking_refs).reduce(
    (found, id) => strictest(found, readMarking(id, find(id))),
    UNMARKED,
  );
}

/** The stricter of each kind. */
export function strictest(a: Markings, b: Markings): Markings {
  return { tlp: Math.max(a.tlp, b.tlp), pap: Math.max(a.pap, b.pap) };
}

/** Tags of the levels that are not those of the event already. */
export function markingTags(
  { tlp, pap }: Markings,
  event: Markings = UNMARKED,
): { readonly name: string; readonly colour: string }[] {
  return [[tlp, event.tlp], [pap, event.pap]].flatMap(
    ([own = -1, its = -1]) => {
      const row = MARKING_ROWS[own];
      if (row === undefined || isSame(own, its)) return [];
      const [, , name, colour] = row;
      return [{ name, colour }];
    },
  );
}

/** White and clear are one level. */
function isSame(a: number, b: number): boolean {
  return a === b || (openness(a) !== undefined && openness(a) === openness(b));
}

function openness(row: number): string | undefined {
  const [kind, level] = MARKING_ROWS[row] ?? [];
  return level === "WHITE" || level === "CLEAR" ? kind : undefined;
}

function readMarking(id: string, marking: StixObject | undefined): Markings {
  const said = marking === undefined ? UNMARKED : readDefinition(marking);
  if (said !== UNMARKED) return said;
  return {
    tlp: rowOf("TLP", tlpOf([{ id }])),
    pap: rowOf("PAP", papOf([{ id }])),
  };
}

function readDefinition(marking: StixObject): Markings {
  const kind = text(marking.definition_type)?.trim().toUpperCase();
  if (kind !== "TLP" && kind !== "PAP") return UNMARKED;
  const { definition, name } = marking;
  const said = isRecord(definition)
    ? definition[kind.toLowerCase()]
    : definition;
  const row = rowOf(kind, text(said) ?? text(name));
  if (row < 0) return UNMARKED;
  return kind === "TLP" ? { tlp: row, pap: -1 } : { tlp: -1, pap: row };
}

function rowOf(kind: "TLP" | "PAP", said: string | undefined): number {
  const upper = said?.trim().toUpperCase() ?? "";
  const level = (upper.startsWith(`${kind}:`) ? upper.slice(4).trim() : upper)
    .replace(/[-_ ]/g, "+");
  return MARKING_ROWS.findIndex(([of, name]) => of === kind && name === level);
}
