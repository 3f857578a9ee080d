/** What MISP, or an analyst with the templates at hand, would not take. */
import type {
  MispAttribute,
  MispEvent,
  MispObject,
} from "../../../../src/targets/misp/misp_event.ts";
import { TEMPLATES, TYPES } from "./reference.ts";

const UUID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** One line per defect of the event; types and templates only where known. */
export function complaintsAbout(event: MispEvent): string[] {
  const found: string[] = [];
  const uuids = new Set<string>();
  const isNew = (uuid: string, what: string) => {
    if (!UUID.test(uuid)) found.push(`${what}: uuid ${uuid}`);
    if (uuids.has(uuid)) found.push(`${what}: uuid twice`);
    uuids.add(uuid);
  };
  if (event.info.trim() === "") found.push("info is empty");
  if (!/^\d{4}-\d\d-\d\d$/.test(event.date)) found.push(`date ${event.date}`);
  if (!(Number(event.timestamp) < 2 ** 31)) found.push("timestamp too late");
  found.push(...tagComplaints("event", event.Tag));
  const plain = new Set<string>();
  for (const attribute of event.Attribute) {
    const { uuid, type, category, value } = attribute;
    const what = `${type} ${JSON.stringify(value).slice(0, 60)}`;
    isNew(uuid, what);
    const key = JSON.stringify([type, category, value]);
    if (plain.has(key)) found.push(`${what}: twice`);
    plain.add(key);
    if (attribute.object_relation !== undefined) {
      found.push(`${what}: relation`);
    }
    found.push(...attributeComplaints(what, attribute));
  }
  for (const object of event.Object) {
    isNew(object.uuid, object.name);
    found.push(...objectComplaints(object));
    for (const attribute of object.Attribute) {
      isNew(attribute.uuid, `${object.name} ${attribute.object_relation}`);
    }
  }
  const attributes = new Set(
    [...event.Attribute, ...event.Object.flatMap(({ Attribute }) => Attribute)]
      .map(({ uuid }) => uuid),
  );
  for (
    const { uuid, attribute_uuid, date_sighting, source } of event.Sighting
  ) {
    isNew(uuid, "sighting");
    if (!attributes.has(attribute_uuid)) found.push("sighting of nothing");
    if (!/^\d+$/.test(date_sighting)) {
      found.push(
        `sighting at ${date_sighting}`,
      );
    }
    if (bytes(source) > 255) found.push("source of a sighting too long");
  }
  const text = JSON.stringify(event);
  if (/[\u{10000}-\u{10ffff}]/u.test(text)) found.push("four-byte characters");
  if (!text.isWellFormed() || /\\ud[89a-f]/.test(text)) {
    found.push("lone surrogates");
  }
  return found;
}

function attributeComplaints(
  what: string,
  { type, category, value, Tag, comment, data }: MispAttribute,
): string[] {
  const found = tagComplaints(what, Tag);
  if (value.trim() !== value || value === "") {
    found.push(`${what}: not trimmed`);
  }
  if (bytes(value) > 65_535) found.push(`${what}: value too long`);
  if (bytes(comment) > 65_535) found.push(`${what}: comment too long`);
  if (/\|/.test(type) && value.split("|").length !== 2) {
    found.push(`${what}: not two parts`);
  }
  if (data !== undefined && type !== "attachment") found.push(`${what}: data`);
  if (TYPES === undefined) return found;
  const types = TYPES.category_type_mappings[category];
  if (types === undefined) found.push(`${what}: no category ${category}`);
  else if (!types.includes(type)) found.push(`${what}: not in ${category}`);
  const digits = TYPES.hex_lengths[type];
  if (
    digits !== undefined && !new RegExp(`^[0-9a-f]{${digits}}$`).test(value)
  ) {
    found.push(`${what}: not ${digits} hexadecimal digits`);
  }
  return found;
}

function objectComplaints(object: MispObject): string[] {
  const found: string[] = [];
  const { name, Attribute } = object;
  if (Attribute.length === 0) found.push(`object ${name} is empty`);
  for (const attribute of Attribute) {
    found.push(...attributeComplaints(`${name} ${attribute.type}`, attribute));
  }
  const template = TEMPLATES?.templates[name];
  if (TEMPLATES === undefined) return found;
  if (template === undefined) return [...found, `no template ${name}`];
  if (template.uuid !== object.template_uuid) found.push(`${name}: uuid`);
  if (`${template.version}` !== object.template_version) {
    found.push(`${name}: version`);
  }
  const seen = new Set<string>();
  for (const { object_relation = "", type } of Attribute) {
    const options = template.relation_options[object_relation] ?? {};
    if (template.relations[object_relation] !== type) {
      found.push(`${name}: no relation ${object_relation} of type ${type}`);
    }
    if (seen.has(object_relation) && options.multiple !== true) {
      found.push(`${name}: ${object_relation} twice`);
    }
    seen.add(object_relation);
  }
  if (!template.requiredOneOf.some((relation) => seen.has(relation))) {
    found.push(`${name}: none of ${template.requiredOneOf.join(", ")}`);
  }
  return found;
}

function tagComplaints(
  what: string,
  tags: readonly { readonly name: string }[],
): string[] {
  const names = tags.map(({ name }) => name.toLowerCase());
  const found = tags.flatMap(({ name }) =>
    // deno-lint-ignore no-control-regex
    name === "" || bytes(name) > 255 || /[\u0000-\u001f\u007f]/.test(name)
      ? [`${what}: tag ${JSON.stringify(name)}`]
      : []
  );
  return new Set(names).size === names.length
    ? found
    : [...found, `${what}: a tag twice`];
}
