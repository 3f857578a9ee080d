import type { Instance } from "./instance.ts";
import { type ObjectTemplate, TEMPLATES } from "./object_templates.ts";
import type { StoredObject } from "./stored.ts";

/**
 * Notes where a live object breaks its template: unknown template, another
 * version, unknown relation, a relation of another type, nothing required.
 */
export function noteBreaches(instance: Instance, object: StoredObject): void {
  if (object.deleted) return;
  for (const problem of breachesOf(object)) {
    instance.breaches.push({
      event: object.event.uuid,
      object: object.uuid,
      name: object.name,
      problem,
    });
  }
}

function breachesOf(object: StoredObject): string[] {
  const template = TEMPLATES.get(object.template_uuid.toLowerCase());
  if (template === undefined) {
    return [`unknown template ${object.template_uuid}`];
  }
  return [...headBreaches(object, template), ...bodyBreaches(object, template)];
}

function headBreaches(object: StoredObject, template: ObjectTemplate) {
  // deno-fmt-ignore
  const pairs = [
    ["name",          object.name,             template.name],
    ["version",       object.template_version, String(template.version)],
    ["meta-category", object.meta_category,    template.metaCategory],
  ] as const;
  return pairs.flatMap(([what, sent, wanted]) =>
    sent === wanted ? [] : [`${what} is ${sent}, the template has ${wanted}`]
  );
}

function bodyBreaches(
  { attributes }: StoredObject,
  template: ObjectTemplate,
): string[] {
  const live = [...attributes.values()].filter(({ deleted }) => !deleted);
  const held = new Set(live.map(({ object_relation }) => object_relation));
  const wrong = live.flatMap(({ object_relation, type }) => {
    const wanted = template.relations.get(object_relation ?? "");
    if (wanted === undefined) return [`unknown relation ${object_relation}`];
    return wanted === type
      ? []
      : [`relation ${object_relation} is ${type}, the template has ${wanted}`];
  });
  const missing = template.required.filter((name) => !held.has(name))
    .map((name) => `required relation ${name} is missing`);
  const { requiredOneOf } = template;
  const none = requiredOneOf.length > 0 &&
    !requiredOneOf.some((name) => held.has(name));
  return [...wrong, ...missing, ...(none ? ["requiredOneOf is unmet"] : [])];
}
