import { ElasticError, illegalArgument, indexNotFound } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { Mapping } from "./mapping.ts";
import { checkIndexName, renderDateMath } from "./names.ts";
import { toSettings } from "./settings.ts";
import { type AliasOptions, StoredIndex } from "./stored_index.ts";
import { composed, TemplateStore } from "./templates.ts";

/** A data stream: an append-only name over backing indices. */
export interface DataStream {
  readonly name: string;
  readonly template: string;
  /** Names, the write index last. */
  readonly backing: string[];
  generation: number;
}

/** What a cluster is told at its start. */
export interface ClusterOptions {
  /** Epoch milliseconds; the clock of everything in the cluster. */
  readonly now: () => number;
  /** `action.auto_create_index`. */
  readonly autoCreate: boolean;
  /** Undefined keeps whole sources, a list only these fields. */
  readonly keptFields: readonly string[] | undefined;
}

/** A document as tests look at it. */
export interface SeenDocument {
  readonly version: number;
  readonly source: JsonObject;
  /** Concrete index. */
  readonly index: string;
}

const INDEX_BODY_KEYS = new Set(["settings", "mappings", "aliases"]);

/**
 * The state of a simulated Elasticsearch cluster: indices, data streams,
 * aliases, templates and lifecycle policies.
 */
export class Cluster {
  readonly templates = new TemplateStore();
  readonly indices = new Map<string, StoredIndex>();
  readonly streams = new Map<string, DataStream>();
  readonly policies = new Map<string, JsonObject>();
  autoCreate: boolean;
  readonly #options: ClusterOptions;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.autoCreate = options.autoCreate;
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.#options.now();
  }

  /** A name with its date math rendered. */
  render(name: string): string {
    return renderDateMath(name, this.now());
  }

  /**
   * `PUT /<index>`.
   *
   * @throws {ElasticError} 400 if the name is taken, wrong, or belongs to a
   * data stream by its template.
   */
  createIndex(rawName: string, body: JsonObject = {}): StoredIndex {
    const name = this.render(rawName);
    checkIndexName(name);
    this.#refuseTaken(name);
    for (const key of Object.keys(body)) {
      if (!INDEX_BODY_KEYS.has(key)) {
        throw new ElasticError(
          400,
          "parse_exception",
          `unknown key [${key}] for create index`,
        );
      }
    }
    const template = this.templates.matching(name);
    if (template?.dataStream) {
      throw illegalArgument(
        `cannot create index with name [${name}], because it matches with ` +
          `template [${template.name}] that creates data streams only, use ` +
          "create data stream api instead",
      );
    }
    return this.#makeIndex(name, { body });
  }

  #refuseTaken(name: string): void {
    const known = this.indices.get(name);
    if (known !== undefined) {
      throw new ElasticError(
        400,
        "resource_already_exists_exception",
        `index [${name}/${known.uuid}] already exists`,
        { extra: { index_uuid: known.uuid, index: name } },
      );
    }
    const what = this.streams.has(name)
      ? "data stream"
      : this.aliased(name).length > 0
      ? "alias"
      : undefined;
    if (what === undefined) return;
    throw new ElasticError(
      400,
      "invalid_index_name_exception",
      `Invalid index name [${name}], already exists as ${what}`,
      { extra: { index_uuid: "_na_", index: name } },
    );
  }

  #makeIndex(
    name: string,
    { body = {}, stream }: { body?: JsonObject; stream?: string },
  ): StoredIndex {
    const given = composed(this.templates.matching(stream ?? name));
    const settings = toSettings(given.settings);
    for (const [key, value] of toSettings(body.settings)) {
      settings.set(key, value);
    }
    const mapping = new Mapping({}, {
      totalFields: Number(
        settings.get("index.mapping.total_fields.limit") ?? 1000,
      ),
      depth: Number(settings.get("index.mapping.depth.limit") ?? 20),
      dataStream: stream !== undefined,
    });
    mapping.merge(given.mappings);
    if (body.mappings !== undefined) mapping.merge(body.mappings);
    const index = new StoredIndex({
      name,
      uuid: uuid(),
      createdAt: this.now(),
      settings,
      mapping,
      dataStream: stream,
      keptFields: this.#options.keptFields,
    });
    const aliases = {
      ...given.aliases,
      ...(isObject(body.aliases) ? body.aliases : {}),
    };
    for (const [alias, options] of Object.entries(aliases)) {
      this.addAlias(
        index,
        this.render(alias),
        isObject(options) ? options : {},
      );
    }
    this.indices.set(name, index);
    return index;
  }

  /** Points an alias at an index. @throws {ElasticError} 400 if it clashes. */
  addAlias(index: StoredIndex, alias: string, options: AliasOptions): void {
    if (this.indices.has(alias) || this.streams.has(alias)) {
      throw new ElasticError(
        400,
        "invalid_alias_name_exception",
        `Invalid alias name [${alias}]: an index or data stream exists with ` +
          "the same name as the alias",
      );
    }
    checkIndexName(alias);
    const writers = this.aliased(alias).filter((other) =>
      other !== index && other.aliases.get(alias)?.is_write_index === true
    );
    if (options.is_write_index === true && writers.length > 0) {
      throw new ElasticError(
        400,
        "illegal_state_exception",
        `alias [${alias}] has more than one write index ` +
          `[${[...writers, index].map(({ name }) => name).join(",")}]`,
      );
    }
    index.aliases.set(alias, options);
  }

  /** Indices that an alias points at. */
  aliased(alias: string): StoredIndex[] {
    return [...this.indices.values()].filter(({ aliases }) =>
      aliases.has(alias)
    );
  }

  /** `PUT /_data_stream/<name>`. @throws {ElasticError} 400. */
  createDataStream(name: string): DataStream {
    checkIndexName(name);
    if (this.streams.has(name)) {
      throw new ElasticError(
        400,
        "resource_already_exists_exception",
        `data_stream [${name}] already exists`,
      );
    }
    this.#refuseTaken(name);
    const template = this.templates.matching(name);
    if (template === undefined || !template.dataStream) {
      throw illegalArgument(
        template === undefined
          ? `no matching index template found for data stream [${name}]`
          : `matching index template [${template.name}] for data stream ` +
            `[${name}] has no data stream template`,
      );
    }
    const stream = {
      name,
      template: template.name,
      backing: [],
      generation: 0,
    };
    this.streams.set(name, stream);
    this.#addBacking(stream);
    return stream;
  }

  #addBacking(stream: DataStream): StoredIndex {
    stream.generation += 1;
    const number = String(stream.generation).padStart(6, "0");
    const day = new Date(this.now()).toISOString().slice(0, 10);
    const name = `.ds-${stream.name}-${day.replaceAll("-", ".")}-${number}`;
    stream.backing.push(name);
    return this.#makeIndex(name, { stream: stream.name });
  }

  /** Rolls a data stream or a write alias over; answers old and new name. */
  rollover(target: string): { from: string; to: string } {
    const stream = this.streams.get(target);
    if (stream !== undefined) {
      const from = stream.backing.at(-1) ?? "";
      return { from, to: this.#addBacking(stream).name };
    }
    const from = this.writeIndexOf(target);
    const number = /^(.*-)(\d{6})$/.exec(from.name);
    if (number === null) {
      throw illegalArgument(
        `index name [${from.name}] does not match pattern '^.*-\\d+$'`,
      );
    }
    const next = String(Number(number[2]) + 1).padStart(6, "0");
    const to = this.createIndex(`${number[1]}${next}`);
    from.aliases.set(target, {
      ...from.aliases.get(target),
      is_write_index: false,
    });
    to.aliases.set(target, { is_write_index: true });
    return { from: from.name, to: to.name };
  }

  /** The index that writes through an alias go to. @throws {ElasticError} */
  writeIndexOf(alias: string): StoredIndex {
    const indices = this.aliased(alias);
    const writer = indices.find((index) =>
      index.aliases.get(alias)?.is_write_index === true
    );
    if (writer !== undefined) return writer;
    const [only] = indices;
    if (only === undefined) throw indexNotFound(alias);
    if (
      indices.length === 1 && only.aliases.get(alias)?.is_write_index !== false
    ) {
      return only;
    }
    throw illegalArgument(
      `no write index is defined for alias [${alias}]. The write index may ` +
        "be explicitly disabled using is_write_index=false or the alias " +
        "points to multiple indices without one being designated as a write " +
        "index",
    );
  }

  /** Removes a concrete index. */
  removeIndex(name: string): void {
    this.indices.delete(name);
  }

  /** Removes a data stream with its backing indices. */
  removeStream(stream: DataStream): void {
    for (const name of stream.backing) this.indices.delete(name);
    this.streams.delete(stream.name);
  }

  /** Documents behind an index, alias or stream as they are now, by id. */
  documents(name: string): Map<string, SeenDocument> {
    const seen = new Map<string, SeenDocument>();
    const names = this.streams.get(name)?.backing ?? [name];
    for (const index of this.indices.values()) {
      if (!names.includes(index.name) && !index.aliases.has(name)) continue;
      for (const { id, version, source = {} } of index.all()) {
        seen.set(id, { version, source, index: index.name });
      }
    }
    return seen;
  }
}

function uuid(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 22);
}
