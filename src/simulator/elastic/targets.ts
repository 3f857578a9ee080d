import type { Cluster, DataStream } from "./cluster.ts";
import { ElasticError, illegalArgument, indexNotFound } from "./errors.ts";
import { checkIndexName, patternTest } from "./names.ts";
import type { StoredIndex } from "./stored_index.ts";

/** How names that do not exist are taken. */
export interface ResolveOptions {
  readonly ignoreUnavailable?: boolean;
  readonly allowNoIndices?: boolean;
  /** `expand_wildcards` includes hidden or all. */
  readonly hidden?: boolean;
}

/** What an expression of names stands for. */
export interface Resolved {
  /** Concrete indices, those behind aliases and streams included. */
  readonly indices: StoredIndex[];
  /** Indices named as such. */
  readonly direct: StoredIndex[];
  readonly aliases: string[];
  readonly streams: DataStream[];
}

/**
 * Resolves a comma list of names, `*` patterns, `-` exclusions and date math.
 *
 * @throws {ElasticError} 404 `index_not_found_exception`.
 */
export function resolve(
  cluster: Cluster,
  expression: string,
  options: ResolveOptions = {},
): Resolved {
  const found = new Set<string>();
  for (const [at, part] of expression.split(",").entries()) {
    const name = cluster.render(part === "_all" ? "*" : part);
    const exclusion = at > 0 && name.startsWith("-");
    const pattern = exclusion ? name.slice(1) : name;
    const matches = namesOf(cluster, pattern, options);
    if (exclusion) { for (const match of matches) found.delete(match); }
    else {
      if (matches.length === 0) refuseMissing(pattern, options);
      for (const match of matches) found.add(match);
    }
  }
  if (found.size === 0 && options.allowNoIndices === false) {
    throw indexNotFound(expression);
  }
  return expand(cluster, found);
}

function refuseMissing(name: string, options: ResolveOptions): void {
  if (name.includes("*")) {
    if (options.allowNoIndices === false) throw indexNotFound(name);
  } else if (!options.ignoreUnavailable) {
    checkIndexName(name);
    throw indexNotFound(name);
  }
}

function namesOf(
  cluster: Cluster,
  pattern: string,
  options: ResolveOptions,
): string[] {
  const test = patternTest(pattern);
  const names = new Set([
    ...cluster.indices.keys(),
    ...cluster.streams.keys(),
    ...[...cluster.indices.values()].flatMap((index) => [
      ...index.aliases.keys(),
    ]),
  ]);
  const matches = [...names].filter(test);
  if (!pattern.includes("*") || pattern.startsWith(".") || options.hidden) {
    return matches;
  }
  return matches.filter((name) => !isHidden(cluster, name));
}

function isHidden(cluster: Cluster, name: string): boolean {
  const index = cluster.indices.get(name);
  return name.startsWith(".") ||
    index?.settings.get("index.hidden") === "true";
}

function expand(cluster: Cluster, names: ReadonlySet<string>): Resolved {
  const indices = new Set<StoredIndex>();
  const resolved: Resolved = {
    indices: [],
    direct: [],
    aliases: [],
    streams: [],
  };
  for (const name of names) {
    const index = cluster.indices.get(name);
    const stream = cluster.streams.get(name);
    if (index !== undefined) {
      indices.add(index);
      resolved.direct.push(index);
    } else if (stream !== undefined) {
      resolved.streams.push(stream);
      for (const backing of stream.backing) {
        const member = cluster.indices.get(backing);
        if (member !== undefined) indices.add(member);
      }
    } else {
      resolved.aliases.push(name);
      for (const member of cluster.aliased(name)) indices.add(member);
    }
  }
  resolved.indices.push(...indices);
  return resolved;
}

/** What a write says about its target. */
export interface WriteIntent {
  readonly op: "index" | "create" | "update" | "delete";
  readonly requireAlias?: boolean;
  readonly requireDataStream?: boolean;
  /** The write names `if_seq_no` and `if_primary_term`. */
  readonly guarded?: boolean;
  /** The write carries an external version. */
  readonly external?: boolean;
}

/**
 * The concrete index that a write by this name goes to, created where the
 * cluster creates it.
 *
 * @throws {ElasticError} As the item of a bulk answer.
 */
export function writeTarget(
  cluster: Cluster,
  rawName: string,
  intent: WriteIntent,
): StoredIndex {
  const name = cluster.render(rawName);
  const stream = cluster.streams.get(name);
  const index = cluster.indices.get(name);
  const alias = index === undefined && stream === undefined &&
    cluster.aliased(name).length > 0;
  if (intent.requireAlias && !alias) {
    throw indexNotFound(
      name,
      ` and [require_alias] request flag is [true] and [${name}] is not an alias`,
    );
  }
  if (intent.requireDataStream && stream === undefined && index !== undefined) {
    throw indexNotFound(
      name,
      ` and the index is not a data stream, as [require_data_stream] demands`,
    );
  }
  if (stream !== undefined) return streamTarget(cluster, stream, intent);
  if (alias) return cluster.writeIndexOf(name);
  if (index === undefined) return createTarget(cluster, name, intent);
  refuseBackingWrite(index, intent);
  return index;
}

function streamTarget(
  cluster: Cluster,
  stream: DataStream,
  { op }: WriteIntent,
): StoredIndex {
  if (op !== "create") {
    throw illegalArgument(
      "only write ops with an op_type of create are allowed in data streams",
    );
  }
  const index = cluster.indices.get(stream.backing.at(-1) ?? "");
  if (index === undefined) throw indexNotFound(stream.name);
  return index;
}

function refuseBackingWrite(index: StoredIndex, intent: WriteIntent): void {
  if (index.dataStream === undefined) return;
  const instead = "targeting backing indices is disallowed, target " +
    `corresponding data stream [${index.dataStream}] instead`;
  if (intent.op === "create") {
    throw illegalArgument(`index request with op_type=create ${instead}`);
  }
  if (intent.op === "index" && !intent.guarded) {
    throw illegalArgument(
      "index request with op_type=index and no if_primary_term and if_seq_no " +
        `set ${instead}`,
    );
  }
}

function createTarget(
  cluster: Cluster,
  name: string,
  intent: WriteIntent,
): StoredIndex {
  checkIndexName(name);
  const template = cluster.templates.matching(name);
  const allowed = template?.body.allow_auto_create;
  // [TransportBulkAction] A delete creates a missing index only where it
  // carries an external version.
  if (intent.op === "delete" && !intent.external) throw indexNotFound(name);
  if (allowed === false) {
    throw indexNotFound(
      name,
      ` and composable template [${template?.name}] forbids index auto creation`,
    );
  }
  if (!cluster.autoCreate && allowed !== true) {
    throw indexNotFound(name, " and [action.auto_create_index] is [false]");
  }
  if (template?.dataStream) {
    return streamTarget(cluster, cluster.createDataStream(name), intent);
  }
  if (intent.requireDataStream) {
    throw indexNotFound(
      name,
      " and no data stream template matches, as [require_data_stream] demands",
    );
  }
  return cluster.createIndex(name);
}

/**
 * The one index that a read by id goes to.
 *
 * @throws {ElasticError} 404, or 400 for an alias with several indices.
 */
export function readTarget(cluster: Cluster, name: string): StoredIndex {
  const { indices } = resolve(cluster, name);
  const [index] = indices;
  if (index === undefined || name.includes("*")) throw indexNotFound(name);
  if (indices.length > 1) {
    const names = indices.map((member) => member.name).sort().join(", ");
    throw new ElasticError(
      400,
      "illegal_argument_exception",
      `alias [${name}] has more than one index associated with it ` +
        `[${names}], can't execute a single index op`,
    );
  }
  return index;
}
