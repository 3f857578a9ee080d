import { checkDocument } from "./document_check.ts";
import { toDynamicTemplates } from "./dynamic_templates.ts";
import type { DynamicTemplate } from "./dynamic_templates.ts";
import { illegalArgument } from "./errors.ts";
import { mapperProblem } from "./field_parameters.ts";
import { isObject, type JsonObject } from "./json.ts";
import {
  countFields,
  type FieldNode,
  type MappingNode,
  mergeNodes,
  nodeToJson,
  type ObjectNode,
  parseObject,
} from "./mapping_tree.ts";

const ROOT_PARAMETERS = new Set([
  "properties",
  "dynamic",
  "dynamic_templates",
  "date_detection",
  "numeric_detection",
  "dynamic_date_formats",
  "_meta",
  "_source",
  "_routing",
  "_data_stream_timestamp",
  "enabled",
  "subobjects",
  "runtime",
]);

/** What a mapping needs to know of its index. */
export interface MappingLimits {
  /** `index.mapping.total_fields.limit`, default 1000. */
  totalFields: number;
  /** `index.mapping.depth.limit`, default 20. */
  depth: number;
  /** Documents must carry one `@timestamp`. */
  dataStream: boolean;
}

const DEFAULT_LIMITS: MappingLimits = {
  totalFields: 1000,
  depth: 20,
  dataStream: false,
};

/**
 * The mapping of one index. Grows by documents where it is dynamic.
 *
 * @throws {ElasticError} 400 for a definition Elasticsearch refuses.
 * @see {@link https://www.elastic.co/docs/manage-data/data-store/mapping}
 */
export class Mapping {
  readonly root: ObjectNode;
  readonly limits: MappingLimits;
  dynamicTemplates: readonly DynamicTemplate[] = [];
  dateDetection = true;
  fieldCount = 0;
  #extra: JsonObject = {};

  constructor(body: unknown = {}, limits: Partial<MappingLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.root = parseObject("", {});
    this.merge(body);
  }

  /** Adds what a `PUT _mapping` or a template says; nothing if it throws. */
  merge(body: unknown): void {
    if (!isObject(body)) throw mapperProblem("Mapping must be an object");
    for (const key of Object.keys(body)) {
      if (ROOT_PARAMETERS.has(key)) continue;
      throw mapperProblem(
        "Root mapping definition has unsupported parameters:  " +
          `[${key} : ${JSON.stringify(body[key])}]`,
      );
    }
    const root: JsonObject = {};
    for (const key of ["properties", "dynamic", "enabled"]) {
      if (body[key] !== undefined) root[key] = body[key];
    }
    const incoming = parseObject("", root);
    // A trial run on a copy: a refused merge changes nothing.
    const trial = parseObject("", nodeToJson(this.root));
    mergeNodes(trial, incoming);
    this.checkLimit(countFields(trial) - this.fieldCount);
    mergeNodes(this.root, incoming);
    this.fieldCount = countFields(this.root);
    this.#mergeExtra(body);
  }

  #mergeExtra(body: JsonObject): void {
    for (const key of ROOT_PARAMETERS) {
      if (["properties", "dynamic", "enabled"].includes(key)) continue;
      if (body[key] !== undefined) this.#extra[key] = body[key];
    }
    this.dateDetection = String(this.#extra.date_detection ?? true) === "true";
    this.dynamicTemplates = toDynamicTemplates(this.#extra.dynamic_templates);
  }

  /** @throws {ElasticError} 400 if `more` fields are too many. */
  checkLimit(more: number): void {
    const { totalFields } = this.limits;
    if (this.fieldCount + more <= totalFields) return;
    throw illegalArgument(
      `Limit of total fields [${totalFields}] has been exceeded while adding ` +
        `new fields [${more}]`,
    );
  }

  /** The field that a query means, aliases and multi-fields resolved. */
  find(path: string): FieldNode | undefined {
    let node: MappingNode = this.root;
    for (const name of path.split(".")) {
      const next: MappingNode | undefined = node.kind === "object"
        ? node.properties.get(name)
        : node.kind === "field"
        ? node.fields.get(name)
        : undefined;
      if (next === undefined) return undefined;
      node = next;
    }
    if (node.kind === "alias") return this.find(node.target);
    return node.kind === "field" ? node : undefined;
  }

  /** Path in documents of what a field is made from: a multi-field's parent. */
  sourcePath(path: string): string {
    let node: MappingNode = this.root;
    for (const name of path.split(".")) {
      if (node.kind === "field") return node.path;
      const next: MappingNode | undefined = node.kind === "object"
        ? node.properties.get(name)
        : undefined;
      if (next === undefined) return path;
      node = next;
    }
    return node.kind === "alias" ? this.sourcePath(node.target) : path;
  }

  /** True if the path is an object with fields below it. */
  isObjectPath(path: string): boolean {
    let node: MappingNode | undefined = this.root;
    for (const name of path.split(".")) {
      node = node?.kind === "object" ? node.properties.get(name) : undefined;
    }
    return node?.kind === "object";
  }

  /**
   * Refuses a document that does not fit and learns the new fields of one
   * that does. `text` is the document as sent, for positions in messages.
   *
   * @throws {ElasticError} 400, the per-item error of a bulk answer.
   */
  check(source: JsonObject, id: string, text?: string): void {
    checkDocument(this, source, { id, text });
  }

  toJson(): JsonObject {
    return { ...this.#extra, ...nodeToJson(this.root) };
  }
}
