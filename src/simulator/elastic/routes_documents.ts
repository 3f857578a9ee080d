import { type BulkContext, runBulk, runSingle } from "./bulk.ts";
import { type BulkOp, type BulkOperation, parseBulk } from "./bulk_request.ts";
import type { Call, Reply, Route } from "./route.ts";
import { ElasticError, illegalArgument } from "./errors.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import { mayOnIndex, requireIndex } from "./security.ts";
import { selectSource } from "./source_filter.ts";
import { readTarget } from "./targets.ts";

const WRITE =
  "refresh routing timeout version version_type if_seq_no if_primary_term op_type pipeline require_alias require_data_stream wait_for_active_shards include_source_on_error";
const BULK =
  "refresh routing timeout pipeline require_alias require_data_stream wait_for_active_shards _source _source_includes _source_excludes list_executed_pipelines include_source_on_error";
const READ =
  "preference realtime refresh routing stored_fields version version_type _source _source_includes _source_excludes";

/** Writing and reading documents by id. */
export const DOCUMENT_ROUTES: readonly Route[] = [
  { methods: "POST PUT", path: "/_bulk", params: BULK, run: bulk },
  { methods: "POST PUT", path: "/{index}/_bulk", params: BULK, run: bulk },
  {
    methods: "POST",
    path: "/{index}/_doc",
    params: WRITE,
    run: (call) => writeOne(call, "index"),
  },
  {
    methods: "PUT POST",
    path: "/{index}/_doc/{id}",
    params: WRITE,
    run: (call) => writeOne(call, "index"),
  },
  {
    methods: "PUT POST",
    path: "/{index}/_create/{id}",
    params: WRITE,
    run: (call) => writeOne(call, "create"),
  },
  {
    methods: "POST",
    path: "/{index}/_update/{id}",
    params: `${WRITE} retry_on_conflict _source lang`,
    run: (call) => writeOne(call, "update"),
  },
  {
    methods: "DELETE",
    path: "/{index}/_doc/{id}",
    params: WRITE,
    run: deleteOne,
  },
  {
    methods: "GET HEAD",
    path: "/{index}/_doc/{id}",
    params: READ,
    index: "read",
    run: getOne,
  },
  {
    methods: "GET HEAD",
    path: "/{index}/_source/{id}",
    params: READ,
    index: "read",
    run: getSource,
  },
  { methods: "GET POST", path: "/_mget", params: READ, run: mget },
  {
    methods: "GET POST",
    path: "/{index}/_mget",
    params: READ,
    index: "read",
    run: mget,
  },
];

const PRIVILEGE_OF: Readonly<Record<BulkOp, string>> = {
  index: "index",
  create: "create_doc",
  update: "index",
  delete: "delete",
};

function bulkContext(call: Call): BulkContext {
  const allowed = new Set<string>();
  return {
    cluster: call.cluster,
    refresh: wantsRefresh(call),
    faultOf: (operation) => call.context.faults.takeItem(operation),
    authorize: (index, { op }) => {
      const key = `${op} ${index}`;
      if (allowed.has(key)) return;
      requireIndex(
        call.principal,
        call.cluster.render(index),
        PRIVILEGE_OF[op],
      );
      if (!exists(call, index) && op !== "delete") {
        requireAutoCreate(call, index);
      }
      allowed.add(key);
    },
  };
}

function exists({ cluster }: Call, index: string): boolean {
  const name = cluster.render(index);
  return cluster.indices.has(name) || cluster.streams.has(name) ||
    cluster.aliased(name).length > 0;
}

function requireAutoCreate({ principal, cluster }: Call, index: string): void {
  const name = cluster.render(index);
  if (mayOnIndex(principal, name, "auto_configure")) return;
  requireIndex(principal, name, "create_index");
}

/** `wait_for` is answered at once: a simulated clock may stand still. */
function wantsRefresh({ query }: Call): boolean {
  const value = query.get("refresh");
  if (value === null || value === "false") return false;
  if (value === "" || value === "true" || value === "wait_for") return true;
  throw illegalArgument(`Unknown value for refresh: [${value}].`);
}

function bulk(call: Call): Reply {
  const { principal, vars } = call;
  const operations = parseBulk(call.text, {
    index: vars.index,
    requireAlias: call.flag("require_alias"),
    requireDataStream: call.flag("require_data_stream"),
  });
  call.seen.items = operations.length;
  // [Elasticsearch] Without any right to write, the whole request is refused.
  const writes = principal.privileges.index.some(({ names }) =>
    ["create_doc", "delete"].some((wanted) =>
      names.some((name) => mayOnIndex(principal, name, wanted))
    )
  );
  if (!writes) {
    requireIndex(principal, operations[0]?.index ?? "", "create_doc");
  }
  return { status: 200, body: runBulk(operations, bulkContext(call)) };
}

function writeOne(call: Call, op: BulkOp): Reply {
  const opType = call.query.get("op_type");
  const operation = operationOf(call, opType === "create" ? "create" : op);
  const { status, ...body } = runSingle(operation, bulkContext(call));
  return { status: Number(status), body };
}

function deleteOne(call: Call): Reply {
  const { status, ...body } = runSingle(
    operationOf(call, "delete"),
    bulkContext(call),
  );
  return { status: Number(status), body };
}

function operationOf(call: Call, op: BulkOp): BulkOperation {
  const meta: JsonObject = { _index: call.vars.index };
  if (call.vars.id !== undefined) meta._id = call.vars.id;
  for (
    const name of ["version", "version_type", "if_seq_no", "if_primary_term"]
  ) {
    const value = call.query.get(name);
    if (value !== null) meta[name] = value;
  }
  meta.require_alias = call.flag("require_alias");
  meta.require_data_stream = call.flag("require_data_stream");
  if (op !== "delete" && call.text === "") {
    throw new ElasticError(400, "parse_exception", "request body is required");
  }
  const lines = [JSON.stringify({ [op]: meta })];
  // A document of several lines is one line to the parser of bulk requests.
  if (op !== "delete") lines.push(call.text.replaceAll(/[\r\n]+/g, " "));
  const [operation] = parseBulk(`${lines.join("\n")}\n`);
  if (operation === undefined) throw illegalArgument("no operation");
  return operation;
}

function found(
  call: Call,
  index: string,
  id: string,
  filter: unknown,
): JsonObject {
  const stored = readTarget(call.cluster, index);
  const document = stored.get(id);
  if (document === undefined) {
    return { _index: stored.name, _id: id, found: false };
  }
  return {
    _index: stored.name,
    _id: id,
    _version: document.version,
    _seq_no: document.seqNo,
    _primary_term: 1,
    found: true,
    ...(filter !== false &&
      { _source: selectSource(document.source ?? {}, filter) }),
  };
}

/** The `_source*` parameters of a read as the filter of a search body. */
export function sourceParams(query: URLSearchParams): unknown {
  const plain = query.get("_source");
  if (plain === "false") return false;
  const list = (name: string) => query.get(name)?.split(",");
  const includes = list("_source_includes") ??
    (plain === null || plain === "true" || plain === ""
      ? undefined
      : plain.split(","));
  const excludes = list("_source_excludes");
  if (includes === undefined && excludes === undefined) return undefined;
  return { includes, excludes };
}

function getOne(call: Call): Reply {
  const { index = "", id = "" } = call.vars;
  const body = found(call, index, id, sourceParams(call.query));
  return { status: body.found === true ? 200 : 404, body };
}

function getSource(call: Call): Reply {
  const { index = "", id = "" } = call.vars;
  const body = found(call, index, id, sourceParams(call.query));
  if (body.found === true) return { status: 200, body: body._source };
  throw new ElasticError(
    404,
    "resource_not_found_exception",
    `Document not found [${index}]/[${id}]`,
  );
}

function mget(call: Call): Reply {
  const { docs, ids, ...rest } = call.json();
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new ElasticError(
      400,
      "parsing_exception",
      `unknown key [${unknown}] for a START_ARRAY, expected [docs] or [ids]`,
    );
  }
  const wanted = asList(docs).filter(isObject);
  wanted.push(...asList(ids).map((id) => ({ _id: id })));
  if (wanted.length === 0) {
    throw new ElasticError(
      400,
      "action_request_validation_exception",
      "Validation Failed: 1: no documents to get;",
    );
  }
  return {
    status: 200,
    body: { docs: wanted.map((one) => readOne(call, one)) },
  };
}

function readOne(call: Call, wanted: JsonObject): JsonObject {
  const index = String(wanted._index ?? call.vars.index ?? "");
  const id = String(wanted._id ?? "");
  try {
    requireIndex(call.principal, index, "read");
    const filter = wanted._source ?? sourceParams(call.query);
    return found(call, index, id, filter);
  } catch (error) {
    if (!(error instanceof ElasticError)) throw error;
    return {
      _index: index,
      _id: id,
      error: { root_cause: [error.toItem()], ...error.toItem() },
    };
  }
}
