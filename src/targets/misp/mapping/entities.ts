/** Entities of a container: galaxy tags, companions, links, or plain text. */
import { type StixObject, text } from "../../../stix/object.ts";
import { aliasesOf } from "./canonical.ts";
import { firstChars } from "./clean_text.ts";
import type { EventDraft } from "./draft.ts";
import type { Origin } from "./wanted.ts";
import { ALIAS_ENTITIES, galaxyRow } from "./galaxies.ts";
import {
  type Context,
  externalReferencesOf,
  labelsOf,
  plainType,
} from "./source.ts";
import { tag, type TagFormat } from "./tags.ts";

/** Where an entity without a name has one, in this order. */
const NAME_PROPERTIES = ["name", "abstract"] as const;
/** Texts whose beginning serves as a name. */
const TEXT_PROPERTIES = [
  "content",
  "explanation",
  "opinion",
  "product",
  "result_name",
  "description",
] as const;

/** Entities of OpenCTI that no galaxy is meant for. */
// deno-fmt-ignore
export const STANDARD_ENTITIES: ReadonlySet<string> = new Set([
  "capability", "case-rfi", "case-rft", "channel", "event", "feedback", "grouping", "language",
  "malware-analysis", "narrative", "note", "opinion", "report", "security-coverage", "task",
  "vulnerability",
]);

/** Entities of MITRE ATT&CK that get a tag of their own. */
const MITRE_ENTITY = /^(?:x-mitre-.+|data-source|data-component)$/;

/** Adds what stands for an entity. */
export function addEntity(
  draft: EventDraft,
  origin: Origin,
  context: Context & { readonly authorId: string | undefined },
): void {
  const { object } = origin;
  const name = entityName(object);
  const row = galaxyRow(object, name);
  const type = plainType(object.type);
  const silent = { ...origin, tags: [], detects: false };
  if (row === undefined) {
    addText(draft, { ...origin, detects: false }, name);
    draft.tags.add(entityTag(object, name, context));
  } else {
    // The cluster's own spelling first: tags are compared without case.
    for (const [galaxy, value] of row.canonical(object, name)) {
      draft.tags.add(tag("galaxy", { type: galaxy, value }));
    }
    const value = row.value(object, name);
    draft.tags.add(tag("galaxy", { type: row.galaxy, value }));
    // Who wrote the report is not its victim.
    if (row.companion !== undefined && object.id !== context.authorId) {
      const comment = `OpenCTI ${type}`;
      draft.addAttribute({ type: row.companion, value: name, comment }, silent);
    }
    if (MITRE_ENTITY.test(type)) {
      draft.tags.add(entityTag(object, name, context));
    }
  }
  if (ALIAS_ENTITIES.has(type)) addAliases(draft, object, name);
  addLinks(draft, silent, name);
}

/** The name of an entity; notes and opinions have but a text. */
export function entityName(object: StixObject): string {
  for (const property of NAME_PROPERTIES) {
    const name = text(object[property])?.trim();
    if (name !== undefined && name !== "") return name;
  }
  for (const property of TEXT_PROPERTIES) {
    const start = text(object[property])?.trim();
    if (start !== undefined && start !== "") return firstChars(start, 100);
  }
  return object.id;
}

/** The tag that names an entity beside its galaxy, or for want of one. */
function entityTag(
  object: StixObject,
  value: string,
  { tagPrefix }: Context,
): string {
  const type = plainType(object.type);
  const format: TagFormat = MITRE_ENTITY.test(type)
    ? "mitre"
    : STANDARD_ENTITIES.has(type) || type !== object.type
    ? "entity"
    : "unknown";
  return tag(format, {
    prefix: tagPrefix,
    type: type.replace(/^x-mitre-/, ""),
    value,
  });
}

function addText(draft: EventDraft, origin: Origin, name: string): void {
  const { object } = origin;
  const kind = `OpenCTI ${plainType(object.type)}`;
  const description = text(object.description);
  draft.addAttribute({
    type: "text",
    category: "External analysis",
    value: name,
    comment: description === undefined
      ? kind
      : `${kind}: ${firstChars(description, 100)}`,
  }, { ...origin, tags: labelsOf(object) });
}

function addAliases(draft: EventDraft, object: StixObject, name: string): void {
  const own = name.toLowerCase();
  for (const alias of aliasesOf(object)) {
    if (alias.trim().toLowerCase() === own) continue;
    draft.tags.add(tag("alias", { value: alias }));
  }
}

function addLinks(draft: EventDraft, origin: Origin, name: string): void {
  for (const { source, url } of externalReferencesOf(origin.object)) {
    if (url === undefined) continue;
    const comment = `Reference for ${name}: ${source}`;
    draft.addAttribute({ type: "link", value: url, comment }, origin);
  }
}
