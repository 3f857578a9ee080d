/**
 * Our tables against the published ones, where they are at hand: they are
 * third-party data and no part of the project.
 */
import { assertEquals } from "@std/assert";
import {
  CATEGORIES,
  COMPOSITE_TYPES,
  describeTypes,
} from "../../../src/simulator/misp/attribute_types.ts";
import { TEMPLATES } from "../../../src/simulator/misp/object_templates.ts";
import { valueProblem } from "../../../src/simulator/misp/value_checks.ts";
import { uuid } from "./client.ts";

const shared = Deno.env.get("RELAY_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;

/** A file as JSON; undefined where the machine does not have it. */
// deno-lint-ignore no-explicit-any
function published(name: string): any {
  try {
    return JSON.parse(
      Deno.readTextFileSync(`${shared}/reference/data/${name}`),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const types = published("misp-types.json");
const templates = published("misp-object-templates.json");

Deno.test({
  name: "describeTypes() equals misp-types.json",
  ignore: types === undefined,
  fn() {
    const { result } = describeTypes(new Set());
    assertEquals(result.types, types.types);
    assertEquals(CATEGORIES, types.categories);
    assertEquals(result.sane_defaults, types.sane_defaults);
    assertEquals(COMPOSITE_TYPES, new Set(types.composite_types));
    // deno-lint-ignore no-explicit-any
    const sorted = (mappings: any) =>
      Object.fromEntries(
        Object.entries<string[]>(mappings).map(([category, names]) => [
          category,
          names.toSorted(),
        ]),
      );
    assertEquals(
      sorted(result.category_type_mappings),
      sorted(types.category_type_mappings),
    );
  },
});

Deno.test({
  name: "hashes have the length that misp-types.json gives",
  ignore: types === undefined,
  fn() {
    for (const [type, length] of Object.entries<number>(types.hex_lengths)) {
      assertEquals(valueProblem(type, "a".repeat(length)), undefined, type);
      for (const wrong of [length - 1, length + 1]) {
        const problem = valueProblem(type, "a".repeat(wrong));
        assertEquals(typeof problem, "string", type);
      }
    }
  },
});

Deno.test({
  name: "object templates equal misp-object-templates.json",
  ignore: templates === undefined,
  fn() {
    const ours = Object.fromEntries(
      [...TEMPLATES.values()].map((template) => [template.name, {
        uuid: template.uuid,
        version: template.version,
        meta: template.metaCategory,
        oneOf: template.requiredOneOf,
        required: template.required,
        relations: Object.fromEntries(template.relations),
      }]),
    );
    const theirs = Object.fromEntries(
      // deno-lint-ignore no-explicit-any
      Object.entries<any>(templates.templates).map(([name, template]) => [
        name,
        {
          uuid: template.uuid,
          version: template.version,
          meta: template["meta-category"],
          oneOf: template.requiredOneOf,
          required: template.required,
          relations: template.relations,
        },
      ]),
    );
    assertEquals(ours, theirs);
  },
});

Deno.test("every type of a template is a type of MISP", () => {
  const known = new Set(describeTypes(new Set()).result.types);
  for (
    const { name, relations, requiredOneOf, required } of TEMPLATES.values()
  ) {
    for (const [relation, type] of relations) {
      assertEquals(known.has(type), true, `${name} ${relation} ${type}`);
    }
    for (const relation of [...requiredOneOf, ...required]) {
      assertEquals(relations.has(relation), true, `${name} ${relation}`);
    }
  }
  assertEquals(TEMPLATES.has(uuid(1)), false);
});
