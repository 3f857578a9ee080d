/** The text under a value, which ends in the link that says whose it is. */

/** [Sekoia.io] Longest description of an indicator, in characters. */
const MAX_CHARS = 500;
const SEPARATOR = " | ";
const PATH = "/dashboard/observations/indicators/";

/** Ids of the platform, and STIX ids in their place. */
const LINKABLE_ID = /^[A-Za-z0-9-]{1,200}$/;

/** False: it cannot stand in a link, so nothing would tell whose a value is. */
export function isLinkable(internalId: string): boolean {
  return LINKABLE_ID.test(internalId);
}

/** What a description is made of. */
export interface DescriptionParts {
  /** Base URL of OpenCTI. */
  readonly url: string;
  readonly internalId: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
}

/**
 * `name | description | link`, at most 500 characters on one line. Name and
 * description are cut, the link never.
 */
export function toDescription(parts: DescriptionParts): string {
  const link = parts.url + PATH + parts.internalId;
  let room = MAX_CHARS - link.length;
  const texts: string[] = [];
  for (const text of [parts.name, parts.description]) {
    const line = cut(oneLine(text ?? ""), room - SEPARATOR.length);
    if (line === "") continue;
    texts.push(line);
    room -= line.length + SEPARATOR.length;
  }
  return [...texts, link].join(SEPARATOR);
}

function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

/** Cut at a whole character, with an ellipsis; nothing where it is too short. */
function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  if (maxChars < 2) return "";
  const kept = text.slice(0, maxChars - 1)
    .replace(/[\ud800-\udbff]$/, "").trimEnd();
  return `${kept}\u2026`;
}

/**
 * Reads from a description whose indicator it is: the internal id in the link
 * at its end. The older connector wrote nothing but the link.
 *
 * @param urls Base URLs of the platform.
 */
export function ownerIn(
  description: string | undefined,
  urls: readonly string[],
): string | undefined {
  for (const url of urls) {
    const at = description?.lastIndexOf(url + PATH) ?? -1;
    if (description === undefined || at === -1) continue;
    // Another host's URL that ends like ours is not ours.
    if (at > 0 && description[at - 1] !== " ") continue;
    const id = description.slice(at + url.length + PATH.length).trimEnd();
    if (isLinkable(id)) return id;
  }
  return undefined;
}
