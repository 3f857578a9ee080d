import {
  DEFAULT_DYNAMIC,
  type DynamicTemplate,
  jsonTypeOf,
} from "./dynamic_templates.ts";
import { ElasticError } from "./errors.ts";
import { displayed, ValueProblem } from "./field_type.ts";
import { isObject, type JsonObject } from "./json.ts";
import {
  childPath,
  countFields,
  type Dynamic,
  type FieldNode,
  type MappingNode,
  type ObjectNode,
  parseNode,
} from "./mapping_tree.ts";

const METADATA_FIELDS = new Set([
  "_id",
  "_index",
  "_source",
  "_routing",
  "_ignored",
  "_field_names",
  "_seq_no",
  "_version",
  "_tier",
  "_doc_count",
  "_nested_path",
]);

/** What of a mapping a document is checked against, and may add to. */
export interface DocumentMapping {
  readonly root: ObjectNode;
  readonly limits: { readonly depth: number; readonly dataStream: boolean };
  readonly dynamicTemplates: readonly DynamicTemplate[];
  readonly dateDetection: boolean;
  fieldCount: number;
  /** @throws {ElasticError} So many more fields are too many. */
  checkLimit(more: number): void;
}

/** One document on its way through the mapping. */
interface Walk {
  readonly mapping: DocumentMapping;
  readonly id: string;
  readonly text: string | undefined;
  /** Undoes the fields this document added, newest last. */
  readonly undo: (() => void)[];
}

/**
 * Walks a document along the mapping. Fields it adds are taken back if it is
 * refused, as Elasticsearch does.
 *
 * @throws {ElasticError} 400 `document_parsing_exception` or
 * `strict_dynamic_mapping_exception`.
 */
export function checkDocument(
  mapping: DocumentMapping,
  source: JsonObject,
  { id, text }: { id: string; text?: string | undefined },
): void {
  const walk: Walk = { mapping, id, text, undo: [] };
  try {
    if (mapping.limits.dataStream) checkTimestamp(walk, source);
    for (const key of Object.keys(source)) {
      if (key.charCodeAt(0) === 95 && METADATA_FIELDS.has(key)) {
        throw parsingProblem(
          walk,
          key,
          `Field [${key}] is a metadata field and cannot be added inside a ` +
            "document. Use the index API request parameters.",
        );
      }
    }
    walkObject(walk, mapping.root, source, mapping.root.dynamic ?? "true", 1);
  } catch (error) {
    for (const undo of walk.undo.reverse()) undo();
    throw error;
  }
}

function checkTimestamp(walk: Walk, source: JsonObject): void {
  const value = source["@timestamp"];
  if (value === undefined || value === null) {
    throw failedToParse(
      walk,
      "data stream timestamp field [@timestamp] is missing",
    );
  }
  if (Array.isArray(value) && value.length !== 1) {
    throw failedToParse(
      walk,
      "data stream timestamp field [@timestamp] encountered multiple values",
    );
  }
}

function failedToParse(walk: Walk, why: string): ElasticError {
  return parsingProblem(walk, undefined, `failed to parse: ${why}`, {
    type: "illegal_argument_exception",
    reason: why,
  });
}

function walkObject(
  walk: Walk,
  node: ObjectNode,
  value: JsonObject,
  inherited: Dynamic,
  depth: number,
): void {
  if (!node.enabled) return;
  const dynamic = node.dynamic ?? inherited;
  for (const key in value) {
    const member = value[key];
    const child = node.properties.get(key);
    if (child !== undefined) walkValue(walk, child, member, dynamic, depth);
    else walkUnknown(walk, node, { key, member, dynamic, depth });
  }
}

function walkValue(
  walk: Walk,
  node: MappingNode,
  value: unknown,
  dynamic: Dynamic,
  depth: number,
): void {
  if (value === null || value === undefined) return;
  if (node.kind === "field") {
    if (Array.isArray(value)) walkElements(walk, node, value, dynamic, depth);
    else checkField(walk, node, value);
  } else if (node.kind === "alias") {
    throw failedToParse(
      walk,
      `Cannot write to a field alias [${node.path}].`,
    );
  } else if (!node.enabled) return;
  else if (Array.isArray(value)) {
    walkElements(walk, node, value, dynamic, depth);
  } else if (isObject(value)) walkObject(walk, node, value, dynamic, depth + 1);
  else {
    throw parsingProblem(
      walk,
      value,
      `object mapping for [${node.path}] tried to parse field ` +
        `[${node.path.slice(node.path.lastIndexOf(".") + 1)}] as object, but ` +
        "found a concrete value",
    );
  }
}

function walkElements(
  walk: Walk,
  node: MappingNode,
  values: readonly unknown[],
  dynamic: Dynamic,
  depth: number,
): void {
  for (const value of values) walkValue(walk, node, value, dynamic, depth);
}

function checkField(walk: Walk, node: FieldNode, value: unknown): void {
  try {
    if (isObject(value) && !node.type.takesObjects) {
      throw new ValueProblem(
        "illegal_state_exception",
        "Can't get text on a START_OBJECT at 1:1",
      );
    }
    node.type.check(value);
    for (const sub of node.fields.values()) sub.type.check(value);
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    if (node.definition.ignore_malformed === true) return;
    throw parsingProblem(
      walk,
      value,
      `failed to parse field [${node.path}] of type ` +
        `[${node.definition.type}] in document with id '${walk.id}'. ` +
        `Preview of field's value: '${displayed(value).slice(0, 100)}'`,
      error.body,
    );
  }
}

/** A member that the mapping does not know: dotted, or new. */
function walkUnknown(
  walk: Walk,
  node: ObjectNode,
  { key, member, dynamic, depth }: {
    key: string;
    member: unknown;
    dynamic: Dynamic;
    depth: number;
  },
): void {
  checkName(walk, key);
  const dot = key.indexOf(".");
  if (dot !== -1) {
    const below = { [key.slice(dot + 1)]: member };
    const first = key.slice(0, dot);
    const child = node.properties.get(first);
    if (child !== undefined) walkValue(walk, child, below, dynamic, depth);
    else walkUnknown(walk, node, { key: first, member: below, dynamic, depth });
    return;
  }
  if (dynamic === "false" || dynamic === "runtime") return;
  if (dynamic === "strict") throw strictProblem(walk, node, key);
  const child = addDynamic(walk, node, key, member);
  if (child === undefined) return;
  if (child.kind === "object" && depth >= walk.mapping.limits.depth) {
    throw failedToParse(
      walk,
      `Limit of mapping depth [${walk.mapping.limits.depth}] has been exceeded`,
    );
  }
  walkValue(walk, child, member, dynamic, depth);
}

function checkName(walk: Walk, key: string): void {
  if (key === "") {
    throw parsingProblem(
      walk,
      undefined,
      "field name cannot be an empty string",
    );
  }
  if (key.trim() === "") {
    throw parsingProblem(
      walk,
      key,
      "field name cannot contain only whitespace",
    );
  }
  if (key.startsWith(".") || key.endsWith(".") || key.includes("..")) {
    throw failedToParse(
      walk,
      "field name starting or ending with a [.] makes object resolution " +
        `ambiguous: [${key}]`,
    );
  }
}

function addDynamic(
  walk: Walk,
  node: ObjectNode,
  key: string,
  member: unknown,
): MappingNode | undefined {
  const { mapping } = walk;
  const type = jsonTypeOf(firstValue(member), mapping.dateDetection);
  if (type === undefined) return undefined;
  const path = childPath(node.path, key);
  const template = mapping.dynamicTemplates.find((candidate) =>
    candidate.fits({ path, name: key, type })
  );
  const definition = template === undefined
    ? DEFAULT_DYNAMIC[type]
    : fillIn(template.mapping, key, type);
  const child = parseNode(path, definition);
  const count = countFields(child);
  try {
    mapping.checkLimit(count);
  } catch (error) {
    throw failedToParse(walk, error instanceof Error ? error.message : "");
  }
  node.properties.set(key, child);
  mapping.fieldCount += count;
  walk.undo.push(() => {
    node.properties.delete(key);
    mapping.fieldCount -= count;
  });
  return child;
}

/** `{name}` and `{dynamic_type}` of a dynamic template's mapping. */
function fillIn(mapping: JsonObject, name: string, type: string): JsonObject {
  const filled: JsonObject = {};
  const dynamicType = type === "string" ? "text" : type;
  for (const [key, value] of Object.entries(mapping)) {
    filled[key] = typeof value === "string"
      ? value.replaceAll("{name}", name).replaceAll(
        "{dynamic_type}",
        dynamicType,
      )
      : value;
  }
  return { type: dynamicType, ...filled };
}

function firstValue(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  for (const element of value) {
    const first = firstValue(element);
    if (first !== null && first !== undefined) return first;
  }
  return undefined;
}

function strictProblem(
  walk: Walk,
  node: ObjectNode,
  key: string,
): ElasticError {
  const within = node.path === "" ? "_doc" : node.path;
  return new ElasticError(
    400,
    "strict_dynamic_mapping_exception",
    `[${positionOf(walk, key)}] mapping set to strict, dynamic introduction ` +
      `of [${key}] within [${within}] is not allowed`,
  );
}

function parsingProblem(
  walk: Walk,
  near: unknown,
  reason: string,
  causedBy?: JsonObject,
): ElasticError {
  return new ElasticError(
    400,
    "document_parsing_exception",
    `[${positionOf(walk, near)}] ${reason}`,
    causedBy === undefined ? {} : { causedBy },
  );
}

/** Line and column of the value in the document; a document is one line. */
function positionOf(walk: Walk, near: unknown): string {
  if (walk.text === undefined || near === undefined) return "1:2";
  const at = walk.text.indexOf(JSON.stringify(near));
  return `1:${at === -1 ? 2 : at + 1}`;
}
