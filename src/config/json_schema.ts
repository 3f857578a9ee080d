import type { TargetDefinition } from "../targets/target.ts";
import {
  inputSchema,
  type JsonSchema,
  type ObjectJsonSchema,
} from "./input_schema.ts";
import { RELAY_SCHEMA, TARGET_SCHEMA } from "./schema.ts";
import { seedNames } from "./seeds.ts";

/** JSON Schema of the whole file, with the settings of every target. */
export function configJsonSchema(
  registry: readonly TargetDefinition[],
): ObjectJsonSchema {
  const relay = inputSchema(RELAY_SCHEMA);
  const properties: Record<string, JsonSchema> = {
    ...relay.properties,
    targets: {
      type: "array",
      description: "Where intelligence goes, any number of each type",
      items: registry.length === 0 ? {} : {
        type: "object",
        required: ["type"],
        oneOf: registry.map(targetJsonSchema),
      },
    },
  };
  const schema: ObjectJsonSchema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of opencti-relay",
    type: "object",
    properties,
    additionalProperties: false,
  };
  for (const definition of registry) addSeedNames(schema, definition);
  return schema;
}

/** One entry of `targets` of one type. */
function targetJsonSchema(
  definition: TargetDefinition,
): ObjectJsonSchema {
  const base = inputSchema(TARGET_SCHEMA);
  const settings = inputSchema(definition.config);
  return {
    ...settings,
    type: "object",
    title: definition.summary,
    properties: {
      ...base.properties,
      type: { const: definition.name, description: definition.summary },
      ...settings.properties,
    },
    required: [
      "type",
      ...(settings.required ?? []).filter((key) => key !== "type"),
    ],
  };
}

/** The blocks of the connector that a target replaces. */
function addSeedNames(
  schema: ObjectJsonSchema,
  definition: TargetDefinition,
): void {
  const settings = inputSchema(definition.config);
  for (const { path, hasPath, key } of seedNames(definition)) {
    if (!hasPath) continue;
    const property = propertyAt(settings, key) ?? {};
    place(schema, path, property);
  }
}

function propertyAt(
  schema: JsonSchema,
  path: readonly string[],
): JsonSchema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const property = schema.properties?.[key];
  return typeof property === "object" ? propertyAt(property, rest) : undefined;
}

/** Adds a property and the objects on the way; what is there stays. */
function place(
  schema: JsonSchema,
  [key, ...rest]: readonly string[],
  property: JsonSchema,
): void {
  if (key === undefined) return;
  const properties = schema.properties ??= {};
  const present = properties[key];
  if (rest.length === 0) {
    properties[key] = present ?? property;
    return;
  }
  const child: JsonSchema = typeof present === "object" ? present : {
    type: "object",
    additionalProperties: false,
  };
  properties[key] = child;
  place(child, rest, property);
}
