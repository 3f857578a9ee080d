import { assert, assertEquals } from "@std/assert";
import {
  buildSchema,
  type GraphQLField,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from "graphql";
import {
  OTHER_CONTAINER_TYPES,
  OTHER_DOMAIN_TYPES,
  schemaText,
} from "../../../src/simulator/opencti/schema.ts";
import { sharedFile } from "./shared.ts";

const BASE = await sharedFile("reference/data/opencti-schema-subset.graphql");
const OVERLAY = await sharedFile(
  "reference/data/opencti-schema-overlay-7x.graphql",
);

/** Real, and outside the subset that the third-party file holds. */
const BEYOND: ReadonlySet<string> = new Set([
  ...OTHER_DOMAIN_TYPES,
  ...OTHER_CONTAINER_TYPES,
  "Query.identity",
  "Query.markingDefinition",
]);

for (const version of ["6.3.0", "6.9.17", "7.260224.0"]) {
  Deno.test({
    name: `schemaText() of ${version} is a part of the real schema`,
    ignore: BASE === undefined || OVERLAY === undefined,
    async fn() {
      const real = buildSchema(
        await Deno.readTextFile(BASE!) + await Deno.readTextFile(OVERLAY!),
      );
      const ours = buildSchema(schemaText(version));
      const problems: string[] = [];
      for (const [name, type] of Object.entries(ours.getTypeMap())) {
        if (name.startsWith("__") || BEYOND.has(name)) continue;
        const twin = real.getType(name);
        if (twin === undefined) problems.push(name);
        const fielded = isObjectType(type) || isInterfaceType(type);
        if (fielded && (isObjectType(twin) || isInterfaceType(twin))) {
          const fields = twin.getFields();
          for (const field of Object.values(type.getFields())) {
            const at = `${name}.${field.name}`;
            if (BEYOND.has(at)) continue;
            compare(at, field, fields[field.name], problems);
          }
        } else if (isInputObjectType(type) && isInputObjectType(twin)) {
          for (const field of Object.values(type.getFields())) {
            const other = twin.getFields()[field.name];
            if (String(other?.type) !== String(field.type)) {
              problems.push(`${name}.${field.name}`);
            }
          }
        } else if (isEnumType(type) && isEnumType(twin)) {
          for (const { name: value } of type.getValues()) {
            if (!twin.getValue(value)) problems.push(`${name}.${value}`);
          }
        } else if (isUnionType(type) && isUnionType(twin)) {
          const members = twin.getTypes().map((member) => member.name);
          for (const { name: member } of type.getTypes()) {
            if (!members.includes(member) && !BEYOND.has(member)) {
              problems.push(`${name} = ${member}`);
            }
          }
        }
      }
      assertEquals(problems, []);
    },
  });
}

function compare(
  at: string,
  ours: GraphQLField<unknown, unknown>,
  real: GraphQLField<unknown, unknown> | undefined,
  problems: string[],
): void {
  if (String(ours.type) !== String(real?.type)) {
    problems.push(`${at}: ${ours.type} is ${real?.type}`);
  }
  for (const argument of ours.args) {
    const twin = real?.args.find(({ name }) => name === argument.name);
    if (String(twin?.type) !== String(argument.type)) {
      problems.push(`${at}(${argument.name}): ${twin?.type}`);
    }
  }
}

Deno.test("schemaText() follows the version", () => {
  const old = buildSchema(schemaText("6.6.0"));
  const recent = buildSchema(schemaText("6.9.17"));
  const field = "connector_state_timestamp";
  const has = (schema: typeof old) => {
    const type = schema.getType("Connector");
    return isObjectType(type) && field in type.getFields();
  };
  assert(!has(old));
  assert(has(recent));
  assert(!old.getMutationType()?.getFields().securityPlatformAdd);
  assert(recent.getMutationType()?.getFields().securityPlatformAdd);
});
