import { ElasticError } from "./errors.ts";
import { checkParameters, mapperProblem } from "./field_parameters.ts";
import type { FieldType } from "./field_type.ts";
import { FIELD_TYPES } from "./field_types.ts";
import { isObject, type JsonObject } from "./json.ts";

/** What a document's unknown fields do below an object. */
export type Dynamic = "true" | "false" | "strict" | "runtime";

/** A leaf of the mapping. */
export interface FieldNode {
  readonly kind: "field";
  readonly path: string;
  /** As in the mapping, `fields` included. */
  readonly definition: JsonObject;
  readonly type: FieldType;
  /** Multi-fields, by name. */
  readonly fields: ReadonlyMap<string, FieldNode>;
}

/** A field that is another name of a field, for queries alone. */
export interface AliasNode {
  readonly kind: "alias";
  readonly path: string;
  readonly definition: JsonObject;
  readonly target: string;
}

/** An inner node of the mapping; the root has the path "". */
export interface ObjectNode {
  readonly kind: "object";
  readonly path: string;
  /** `type`, `enabled` and `dynamic` as given; no `properties`. */
  definition: JsonObject;
  enabled: boolean;
  dynamic: Dynamic | undefined;
  readonly properties: Map<string, MappingNode>;
}

/** One place in the tree of a mapping. */
export type MappingNode = FieldNode | AliasNode | ObjectNode;

const OBJECT_PARAMETERS = new Set([
  "type",
  "properties",
  "dynamic",
  "enabled",
  "subobjects",
  "include_in_parent",
  "include_in_root",
]);

/** Path of a member of the object at `parent`. */
export function childPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}.${name}`;
}

/**
 * Reads one entry of `properties`.
 *
 * @throws {ElasticError} 400 for unknown types and parameters.
 */
export function parseNode(path: string, definition: unknown): MappingNode {
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (!isObject(definition)) {
    throw mapperProblem(
      `Expected map for property [fields] on field [${name}] but got a class ` +
        "java.lang.String",
    );
  }
  const type = definition.type ?? "object";
  if (type === "object" || type === "nested") {
    return parseObject(path, definition);
  }
  if (type === "alias") {
    if (typeof definition.path !== "string") {
      throw mapperProblem(
        "The [path] parameter must be specified for field " + `[${name}].`,
      );
    }
    return { kind: "alias", path, definition, target: definition.path };
  }
  return parseField(path, definition);
}

function parseField(path: string, definition: JsonObject): FieldNode {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const make = FIELD_TYPES.get(String(definition.type));
  if (make === undefined) {
    throw mapperProblem(
      `No handler for type [${definition.type}] declared on field [${name}]`,
    );
  }
  checkParameters(name, definition);
  const fields = new Map<string, FieldNode>();
  for (const [key, sub] of Object.entries(definition.fields ?? {})) {
    if (isObject(sub)) fields.set(key, parseField(`${path}.${key}`, sub));
  }
  return {
    kind: "field",
    path,
    definition,
    type: make(path, definition),
    fields,
  };
}

/** Reads an object's definition; also the root's, with the path "". */
export function parseObject(path: string, definition: JsonObject): ObjectNode {
  for (const key of Object.keys(definition)) {
    if (!OBJECT_PARAMETERS.has(key)) {
      throw mapperProblem(
        `Mapping definition for [${path}] has unsupported parameters:  ` +
          `[${key} : ${JSON.stringify(definition[key])}]`,
      );
    }
  }
  const { properties, ...rest } = definition;
  const node: ObjectNode = {
    kind: "object",
    path,
    definition: rest,
    enabled: String(definition.enabled ?? true) !== "false",
    dynamic: parseDynamic(definition.dynamic),
    properties: new Map(),
  };
  if (properties !== undefined && !isObject(properties)) {
    throw mapperProblem(
      `Expected map for property [properties] on field [${path}]`,
    );
  }
  for (const [key, child] of Object.entries(properties ?? {})) {
    addProperty(node, key, child);
  }
  return node;
}

function parseDynamic(value: unknown): Dynamic | undefined {
  if (value === undefined) return undefined;
  const text = String(value);
  if (
    text === "true" || text === "false" || text === "strict" ||
    text === "runtime"
  ) {
    return text;
  }
  throw mapperProblem(`Could not convert [dynamic] to boolean: [${text}]`);
}

/** Adds a property; a dotted name makes the objects it names. */
function addProperty(node: ObjectNode, key: string, definition: unknown): void {
  const [first = "", ...rest] = key.split(".");
  if (first === "") throw mapperProblem("field name cannot be an empty string");
  if (rest.length === 0) {
    const child = parseNode(childPath(node.path, first), definition);
    node.properties.set(first, mergeNodes(node.properties.get(first), child));
    return;
  }
  const below = { properties: { [rest.join(".")]: definition } };
  const child = parseObject(childPath(node.path, first), below);
  node.properties.set(first, mergeNodes(node.properties.get(first), child));
}

/**
 * Lays a newer definition over an existing one.
 *
 * @throws {ElasticError} 400 if the type would change.
 */
export function mergeNodes(
  before: MappingNode | undefined,
  after: MappingNode,
): MappingNode {
  if (before === undefined) return after;
  if (before.kind !== "object" || after.kind !== "object") {
    return mergeLeaves(before, after);
  }
  before.definition = { ...before.definition, ...after.definition };
  if (after.definition.enabled !== undefined) before.enabled = after.enabled;
  if (after.dynamic !== undefined) before.dynamic = after.dynamic;
  for (const [key, child] of after.properties) {
    before.properties.set(key, mergeNodes(before.properties.get(key), child));
  }
  return before;
}

function mergeLeaves(before: MappingNode, after: MappingNode): MappingNode {
  if (before.kind !== after.kind) {
    const [one, two] = before.kind === "object"
      ? ["a non object", "an object"]
      : ["an object", "a non object"];
    throw new ElasticError(
      400,
      "illegal_argument_exception",
      `can't merge ${one} mapping [${after.path}] with ${two} mapping`,
    );
  }
  const [from, to] = [before.definition.type, after.definition.type];
  if (from === to) return after;
  throw new ElasticError(
    400,
    "illegal_argument_exception",
    `mapper [${after.path}] cannot be changed from type [${from}] to [${to}]`,
  );
}

/** How many of the field limit a node and everything below it uses. */
export function countFields(node: MappingNode): number {
  if (node.kind === "alias") return 1;
  if (node.kind === "field") return 1 + node.fields.size;
  let count = node.path === "" ? 0 : 1;
  for (const child of node.properties.values()) count += countFields(child);
  return count;
}

/** The node as mapping JSON. */
export function nodeToJson(node: MappingNode): JsonObject {
  if (node.kind !== "object") return node.definition;
  if (node.properties.size === 0) {
    return node.path === ""
      ? { ...node.definition }
      : { type: "object", ...node.definition };
  }
  const properties: JsonObject = {};
  for (const key of [...node.properties.keys()].sort()) {
    const child = node.properties.get(key);
    if (child !== undefined) properties[key] = nodeToJson(child);
  }
  return { ...node.definition, properties };
}
