import { z } from "zod";
import { fieldKind, objectShape } from "./fields.ts";

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** A JSON Schema of an object. */
export interface ObjectJsonSchema extends JsonSchema {
  type: "object";
  properties: Record<string, JsonSchema>;
}

/**
 * What a person may write for a schema: its input, and for every secret a
 * `_file` beside it.
 */
export function inputSchema(schema: z.core.$ZodType): ObjectJsonSchema {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  delete json.$schema;
  addSecretFiles(json, schema);
  return { ...json, type: "object", properties: propertiesOf(json) };
}

function addSecretFiles(json: JsonSchema, schema: z.core.$ZodType): void {
  const shape = objectShape(schema);
  if (shape === undefined || json.properties === undefined) return;
  for (const [key, member] of Object.entries(shape)) {
    const property = json.properties[key];
    if (typeof property !== "object") continue;
    addSecretFiles(property, member);
    if (fieldKind(member) !== "secret") continue;
    const fileKey = `${key}_file`;
    json.properties[fileKey] = {
      type: "string",
      description: `File that holds ${key}`,
    };
    if (!json.required?.includes(key)) continue;
    json.required = json.required.filter((name) => name !== key);
    json.allOf = [
      ...(json.allOf ?? []),
      { oneOf: [{ required: [key] }, { required: [fileKey] }] },
    ];
  }
}

function propertiesOf(json: JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(json.properties ?? {}).map(([key, property]) => [
      key,
      typeof property === "object" ? property : {},
    ]),
  );
}
