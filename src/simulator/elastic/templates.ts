import { ElasticError, illegalArgument } from "./errors.ts";
import { isObject, type JsonObject, mergeDeep } from "./json.ts";
import { Mapping } from "./mapping.ts";
import { patternsOverlap, patternTest } from "./names.ts";
import { toSettings } from "./settings.ts";

/** One composable index template. */
export interface IndexTemplate {
  readonly name: string;
  /** As it was put. */
  readonly body: JsonObject;
  readonly patterns: readonly string[];
  readonly priority: number;
  readonly dataStream: boolean;
}

const TEMPLATE_KEYS = new Set([
  "index_patterns",
  "template",
  "composed_of",
  "priority",
  "version",
  "_meta",
  "data_stream",
  "allow_auto_create",
  "ignore_missing_component_templates",
  "deprecated",
]);
const INNER_KEYS = new Set([
  "settings",
  "mappings",
  "aliases",
  "lifecycle",
  "data_stream_options",
]);

/** What every cluster has from the start, as far as it matters here. */
const BUILT_IN: readonly [string, JsonObject][] = [
  "logs",
  "metrics",
  "synthetics",
].map((name) => [name, {
  index_patterns: [`${name}-*-*`],
  priority: 100,
  data_stream: {},
  template: {
    mappings: {
      date_detection: false,
      dynamic_templates: [{
        strings_as_keyword: {
          match_mapping_type: "string",
          mapping: { type: "keyword", ignore_above: 1024 },
        },
      }],
      properties: { "@timestamp": { type: "date" } },
    },
  },
  _meta: { managed: true },
}]);

/**
 * The composable index templates of a cluster.
 *
 * @see {@link https://www.elastic.co/docs/manage-data/data-store/templates}
 */
export class TemplateStore {
  readonly #templates = new Map<string, IndexTemplate>();

  constructor() {
    for (const [name, body] of BUILT_IN) this.put(name, body, []);
  }

  /**
   * Creates or replaces a template. `streams` are the names of the data
   * streams that exist.
   *
   * @throws {ElasticError} 400 as Elasticsearch refuses it.
   */
  put(
    name: string,
    body: unknown,
    streams: readonly string[],
    { create = false }: { create?: boolean } = {},
  ): void {
    const template = toTemplate(name, body);
    if (create && this.#templates.has(name)) {
      throw illegalArgument(`index template [${name}] already exists`);
    }
    this.#refuseClash(template);
    this.#refuseLostStreams(template, streams);
    this.#templates.set(name, template);
  }

  #refuseClash(template: IndexTemplate): void {
    for (const other of this.#templates.values()) {
      const clash = other.name !== template.name &&
        other.priority === template.priority &&
        template.patterns.some((one) =>
          other.patterns.some((two) => patternsOverlap(one, two))
        );
      if (!clash) continue;
      throw illegalArgument(
        `index template [${template.name}] has index patterns ` +
          `[${template.patterns.join(", ")}] matching patterns from existing ` +
          `templates [${other.name}] with patterns (${other.name} => ` +
          `[${other.patterns.join(", ")}]) that have the same priority ` +
          `[${template.priority}], multiple index templates may not match ` +
          "during index creation, please use a different priority",
      );
    }
  }

  #refuseLostStreams(
    template: IndexTemplate,
    streams: readonly string[],
  ): void {
    const after = new Map(this.#templates).set(template.name, template);
    const lost = streams.filter((stream) =>
      this.matching(stream)?.dataStream && !best(after, stream)?.dataStream
    );
    if (lost.length === 0) return;
    throw illegalArgument(
      `composable template [${template.name}] with index patterns ` +
        `[${template.patterns.join(", ")}], priority [${template.priority}] ` +
        (template.dataStream ? "" : "and no data stream configuration ") +
        `would cause data streams [${lost.join(", ")}] to no longer match a ` +
        "data stream template",
    );
  }

  /** The template that a new index or data stream of this name gets. */
  matching(index: string): IndexTemplate | undefined {
    return best(this.#templates, index);
  }

  /** Templates whose name fits a name or `*` pattern. */
  find(pattern: string): IndexTemplate[] {
    const tests = pattern.split(",").map(patternTest);
    return [...this.#templates.values()].filter(({ name }) =>
      tests.some((test) => test(name))
    );
  }

  /**
   * @throws {ElasticError} 404 if there is none, 400 if a stream needs it.
   */
  delete(pattern: string, streams: readonly string[]): void {
    const found = this.find(pattern);
    if (found.length === 0) {
      throw new ElasticError(
        404,
        "index_template_missing_exception",
        `index_template [${pattern}] missing`,
      );
    }
    for (const { name } of found) {
      const used = streams.filter((stream) =>
        this.matching(stream)?.name === name
      );
      if (used.length > 0) {
        throw illegalArgument(
          `unable to remove composable templates [${name}] as they are in ` +
            `use by a data streams [${used.join(", ")}]`,
        );
      }
    }
    for (const { name } of found) this.#templates.delete(name);
  }
}

function best(
  templates: ReadonlyMap<string, IndexTemplate>,
  index: string,
): IndexTemplate | undefined {
  let found: IndexTemplate | undefined;
  for (const template of templates.values()) {
    if (found !== undefined && found.priority >= template.priority) continue;
    if (template.patterns.some((pattern) => patternTest(pattern)(index))) {
      found = template;
    }
  }
  return found;
}

function toTemplate(name: string, body: unknown): IndexTemplate {
  checkName(name);
  if (!isObject(body)) throw unknownField("index_template", "not an object");
  for (const key of Object.keys(body)) {
    if (!TEMPLATE_KEYS.has(key)) throw unknownField("index_template", key);
  }
  const patterns = typeof body.index_patterns === "string"
    ? [body.index_patterns]
    : body.index_patterns;
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new ElasticError(
      400,
      "illegal_argument_exception",
      "Required [index_patterns]",
    );
  }
  refuseComponents(name, body);
  const inner = body.template ?? {};
  if (!isObject(inner)) throw unknownField("template", "not an object");
  for (const key of Object.keys(inner)) {
    if (!INNER_KEYS.has(key)) throw unknownField("template", key);
  }
  const template = {
    name,
    body: { ...body, index_patterns: patterns },
    patterns: patterns.map(String),
    priority: Number(body.priority ?? 0),
    dataStream: isObject(body.data_stream),
  };
  checkComposition(template, inner);
  return template;
}

function checkName(name: string): void {
  if (!/[\s,#*?"<>|\\]/.test(name) && name === name.toLowerCase()) return;
  throw new ElasticError(
    400,
    "invalid_index_template_exception",
    `index_template [${name}] invalid, cause [Validation Failed: 1: name must ` +
      "be lower cased and must not contain invalid characters;]",
  );
}

function unknownField(object: string, key: string): ElasticError {
  return new ElasticError(
    400,
    "x_content_parse_exception",
    `[1:2] [${object}] unknown field [${key}]`,
  );
}

function refuseComponents(name: string, body: JsonObject): void {
  const ignored = body.ignore_missing_component_templates;
  const missing = (Array.isArray(body.composed_of) ? body.composed_of : [])
    .map(String)
    // Those of Elastic itself carry an at sign: `logs@settings`.
    .filter((component) => !component.includes("@"))
    .filter((component) =>
      !(Array.isArray(ignored) && ignored.includes(component))
    );
  if (missing.length === 0) return;
  throw new ElasticError(
    400,
    "invalid_index_template_exception",
    `index_template [${name}] invalid, cause [index template [${name}] ` +
      `specifies component templates [${
        missing.join(", ")
      }] that do not exist]`,
  );
}

function checkComposition(template: IndexTemplate, inner: JsonObject): void {
  try {
    toSettings(inner.settings);
    new Mapping(inner.mappings ?? {});
  } catch (error) {
    if (!(error instanceof ElasticError)) throw error;
    throw new ElasticError(
      400,
      "illegal_argument_exception",
      `composable template [${template.name}] template after composition ` +
        "is invalid",
      { causedBy: error.toItem() },
    );
  }
}

/** Settings, mappings and aliases that a template gives a new index. */
export function composed(template: IndexTemplate | undefined): {
  settings: JsonObject;
  mappings: JsonObject;
  aliases: JsonObject;
} {
  const inner = template?.body.template;
  const part = (key: string): JsonObject => {
    const value = isObject(inner) ? inner[key] : undefined;
    return isObject(value) ? value : {};
  };
  const mappings = template?.dataStream
    ? mergeDeep(
      { properties: { "@timestamp": { type: "date" } } },
      part("mappings"),
    )
    : part("mappings");
  return { settings: part("settings"), mappings, aliases: part("aliases") };
}
