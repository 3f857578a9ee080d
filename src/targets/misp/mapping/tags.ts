/** Tags: their formats, and sets of them as MISP compares them. */
import type { MispTag } from "../misp_event.ts";
import { cutToBytes, oneLine } from "./clean_text.ts";

/** MISP cuts longer names (a column of 255). */
const MAX_TAG_BYTES = 255;

/**
 * Every tag that is not a label or a marking, with `{}` for what varies.
 * `{prefix}` is the setting `tag_prefix`.
 */
// deno-fmt-ignore
export const TAG_FORMATS = {
  source:         "source:opencti",
  containerType:  "{prefix}type:{type}",
  confidence:     "confidence:{value}",
  galaxy:         'misp-galaxy:{type}="{value}"',
  alias:          "threat-actor-alias:{value}",
  observableType: "observable-type:{type}",
  threatLevel:    "threat-level:{value}",
  infrastructure: "infrastructure:c2",
  entity:         "{prefix}{type}:{value}",
  mitre:          "mitre:{type}:{value}",
  unknown:        "stix:{type}:{value}",
} as const;

/** Which format. */
export type TagFormat = keyof typeof TAG_FORMATS;

/** The tag of a format, not yet clean: `TagSet` sees to that. */
export function tag(
  format: TagFormat,
  { prefix = "", type = "", value = "" }: {
    prefix?: string;
    type?: string;
    value?: string;
  } = {},
): string {
  // A quotation mark in the value would end it.
  const quoted = format === "galaxy" ? value.replaceAll('"', "'") : value;
  const parts: Record<string, string> = { prefix, type, value: quoted };
  return TAG_FORMATS[format].replace(
    /\{(\w+)\}/g,
    (_all, name: string) => parts[name] ?? "",
  );
}

/** Tags in the order of their coming; names are compared without case. */
export class TagSet {
  readonly #byName = new Map<string, MispTag>();
  readonly #takes: (name: string) => boolean;

  /** @param takes Says of a clean name whether it is wanted at all. */
  constructor(takes: (name: string) => boolean = () => true) {
    this.#takes = takes;
  }

  /** Adds one unless it is there, says nothing or is not wanted. */
  add(name: string, colour?: string): void {
    const clean = cleanTag(name);
    const key = clean.toLowerCase();
    if (clean === "" || this.#byName.has(key) || !this.#takes(clean)) return;
    this.#byName.set(
      key,
      colour === undefined ? { name: clean } : { name: clean, colour },
    );
  }

  /** Adds each. */
  addAll(names: Iterable<string>): void {
    for (const name of names) this.add(name);
  }

  /** The tags as MISP takes them. */
  toList(): MispTag[] {
    return [...this.#byName.values()];
  }
}

/**
 * The name in one line and at most 255 bytes of whole characters. One that ends
 * in a quotation mark still does.
 */
export function cleanTag(name: string): string {
  const clean = oneLine(name);
  const cut = cutToBytes(clean, MAX_TAG_BYTES);
  if (cut.length === clean.length) return clean;
  return clean.includes('="') && clean.endsWith('"')
    ? `${cutToBytes(clean, MAX_TAG_BYTES - 1).trimEnd()}"`
    : cut.trimEnd();
}
