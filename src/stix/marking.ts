/** Levels of TLP 2.0, the most open first. CLEAR was WHITE in TLP 1. */
export const TLP_LEVELS = [
  "CLEAR",
  "GREEN",
  "AMBER",
  "AMBER+STRICT",
  "RED",
] as const;

/** Traffic Light Protocol: who may see it. */
export type Tlp = typeof TLP_LEVELS[number];

/** Levels of PAP, the most open first. */
export const PAP_LEVELS = ["CLEAR", "GREEN", "AMBER", "RED"] as const;

/** Permissible Actions Protocol: what may be done with it. */
export type Pap = typeof PAP_LEVELS[number];

/** A marking of an object, with what it says where that was looked up. */
export interface MarkingReference {
  /** `marking-definition--<UUID>` */
  readonly id: string;
  readonly definition?:
    | { readonly definitionType: string; readonly definition: string }
    | undefined;
}

/**
 * Ids that always mean the same. First those OpenCTI writes, which but for
 * AMBER+STRICT are those of STIX 2.1 section 7.2.1.4; then OASIS's for TLP 2.0;
 * then OpenCTI's for PAP: UUIDv5 of definition and definition_type.
 */
// deno-fmt-ignore
const WELL_KNOWN_IDS: readonly (readonly [uuid: string, text: string])[] = [
  ["613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:CLEAR"],
  ["34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN"],
  ["f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER"],
  ["826578e1-40ad-459f-bc73-ede076f81f37", "TLP:AMBER+STRICT"],
  ["5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED"],
  ["94868c89-83c2-464b-929b-a1a8aa3c8487", "TLP:CLEAR"],
  ["bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "TLP:GREEN"],
  ["55d920b0-5e8b-4f79-9ee9-91f868d9b421", "TLP:AMBER"],
  ["939a9414-2ddd-4d32-a0cd-375ea402b003", "TLP:AMBER+STRICT"],
  ["e828b379-4e03-4974-9ac4-e53a884c97c1", "TLP:RED"],
  ["4cdff7eb-acb8-543f-8573-829eb9fe8b34", "PAP:CLEAR"],
  ["89484dde-e3d2-547f-a6c6-d14824429eb1", "PAP:GREEN"],
  ["a6f20d4d-0360-59b6-ba22-3b48707828b1", "PAP:AMBER"],
  ["4e4e3b84-de45-53df-9d9b-b21207699fd8", "PAP:RED"],
];

const TEXT_BY_ID: ReadonlyMap<string, string> = new Map(
  WELL_KNOWN_IDS.map(([uuid, text]) => [`marking-definition--${uuid}`, text]),
);

/** True for an id that needs no look-up to know what it means. */
export function isWellKnownMarking(id: string): boolean {
  return TEXT_BY_ID.has(id);
}

/** The id under which OpenCTI knows a TLP level. */
export function openctiMarkingId(tlp: Tlp): string {
  // The first row of a level is OpenCTI's.
  const [uuid] = WELL_KNOWN_IDS.find(([, text]) => text === `TLP:${tlp}`) ?? [];
  return `marking-definition--${uuid}`;
}

/** The most restrictive TLP among the markings; undefined where none is TLP. */
export function tlpOf(
  markings: readonly MarkingReference[],
): Tlp | undefined {
  return mostRestrictive(TLP_LEVELS, textsOf(markings, "TLP"));
}

/** The most restrictive PAP among the markings; undefined where none is PAP. */
export function papOf(
  markings: readonly MarkingReference[],
): Pap | undefined {
  return mostRestrictive(PAP_LEVELS, textsOf(markings, "PAP"));
}

/** Reads "TLP:AMBER+STRICT", "amber", "WHITE" and the like, in any case. */
export function toTlp(text: string): Tlp | undefined {
  return toLevel(TLP_LEVELS, withoutPrefix(upper(text), "TLP"));
}

/** 0 for CLEAR to 4 for RED: a ceiling lets through what is not above it. */
export function tlpOrder(tlp: Tlp): number {
  return TLP_LEVELS.indexOf(tlp);
}

/** What the markings of one kind say, without the prefix. */
function textsOf(
  markings: readonly MarkingReference[],
  kind: "TLP" | "PAP",
): string[] {
  return markings.flatMap(({ id, definition }) => {
    const known = TEXT_BY_ID.get(id);
    if (known !== undefined) {
      return known.startsWith(`${kind}:`) ? [known.slice(4)] : [];
    }
    if (upper(definition?.definitionType) !== kind) return [];
    return [withoutPrefix(upper(definition?.definition), kind)];
  });
}

/** The text in upper case; the platform's answer may hold anything. */
function upper(text: unknown): string {
  return typeof text === "string" ? text.trim().toUpperCase() : "";
}

function withoutPrefix(text: string, kind: "TLP" | "PAP"): string {
  return text.startsWith(`${kind}:`) ? text.slice(4).trim() : text;
}

function mostRestrictive<Level extends string>(
  levels: readonly Level[],
  texts: readonly string[],
): Level | undefined {
  const order = texts.reduce((highest, text) => {
    const level = toLevel(levels, text);
    return level === undefined
      ? highest
      : Math.max(highest, levels.indexOf(level));
  }, -1);
  return levels[order];
}

function toLevel<Level extends string>(
  levels: readonly Level[],
  text: string,
): Level | undefined {
  const name = text === "WHITE" ? "CLEAR" : text.replace(/[-_ ]/g, "+");
  return levels.find((level) => level === name);
}
