import {
  type ByQueryOptions,
  deleteByQuery,
  updateByQuery,
} from "./by_query.ts";
import type { Call, Reply, Route } from "./route.ts";
import { illegalArgument, validationFailed } from "./errors.ts";
import { concrete } from "./indices_of.ts";
import { requireIndex } from "./security.ts";
import { sourceParams } from "./routes_documents.ts";
import { matching, runSearch, scopesOf } from "./search.ts";

const EXPAND = "ignore_unavailable allow_no_indices expand_wildcards";
const SEARCH =
  `${EXPAND} size from sort track_total_hits _source _source_includes _source_excludes routing preference request_cache search_type timeout typed_keys seq_no_primary_term version batched_reduce_size ccs_minimize_roundtrips max_concurrent_shard_requests allow_partial_search_results rest_total_hits_as_int`;
const BY_QUERY =
  `${EXPAND} conflicts refresh max_docs scroll_size slices wait_for_completion requests_per_second timeout search_timeout wait_for_active_shards routing preference request_cache scroll search_type`;

/** Searching, and writing what a search finds. */
export const SEARCH_ROUTES: readonly Route[] = [
  { methods: "GET POST", path: "/_search", params: SEARCH, run: search },
  {
    methods: "GET POST",
    path: "/{index}/_search",
    params: SEARCH,
    index: "read",
    run: search,
  },
  {
    methods: "GET POST",
    path: "/_count",
    params: EXPAND,
    index: "read",
    run: count,
  },
  {
    methods: "GET POST",
    path: "/{index}/_count",
    params: `${EXPAND} routing preference`,
    index: "read",
    run: count,
  },
  {
    methods: "POST",
    path: "/{index}/_pit",
    params:
      `${EXPAND} keep_alive routing preference allow_partial_search_results`,
    index: "read",
    run: openPit,
  },
  { methods: "DELETE", path: "/_pit", run: closePit },
  {
    methods: "POST",
    path: "/{index}/_delete_by_query",
    params: BY_QUERY,
    index: "delete",
    run: (call) => {
      requireReadAnd(call);
      const indices = concrete(call);
      return deleteByQuery(call.cluster, indices, call.json(), optionsOf(call));
    },
  },
  {
    methods: "POST",
    path: "/{index}/_update_by_query",
    params: `${BY_QUERY} pipeline`,
    index: "index",
    run: (call) => {
      requireReadAnd(call);
      const indices = concrete(call);
      return updateByQuery(call.cluster, indices, call.json(), optionsOf(call));
    },
  },
];

function requireReadAnd(call: Call): void {
  for (const name of (call.vars.index ?? "").split(",")) {
    requireIndex(call.principal, call.cluster.render(name), "read");
  }
}

function search(call: Call): Reply {
  const body = call.json();
  for (const name of ["size", "from"]) {
    const value = call.query.get(name);
    if (value !== null) body[name] = Number(value);
  }
  if (call.query.has("track_total_hits")) {
    const value = call.query.get("track_total_hits");
    body.track_total_hits = /^\d+$/.test(value ?? "")
      ? Number(value)
      : value !== "false";
  }
  const sort = call.query.get("sort");
  if (sort !== null) body.sort = sort.split(",").map(toSort);
  body._source ??= sourceParams(call.query);
  if (body._source === undefined) delete body._source;
  const inPit = body.pit !== undefined && call.vars.index === undefined;
  if (!inPit && call.vars.index === undefined) {
    requireIndex(call.principal, "*", "read");
  }
  const indices = inPit ? undefined : concrete(call);
  return {
    status: 200,
    body: runSearch(call.cluster, call.context.pits, body, indices),
  };
}

function toSort(text: string): unknown {
  const [field = "", order] = text.split(":");
  return order === undefined ? field : { [field]: order };
}

function count(call: Call): Reply {
  const { query, ...rest } = call.json();
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw illegalArgument(`request does not support [${unknown}]`);
  }
  const indices = concrete(call);
  const now = call.cluster.now();
  let total = 0;
  for (const scope of scopesOf(indices, now)) {
    for (const _document of matching(scope, query, now)) total += 1;
  }
  const shards = {
    total: indices.length,
    successful: indices.length,
    skipped: 0,
    failed: 0,
  };
  return { status: 200, body: { count: total, _shards: shards } };
}

function openPit(call: Call): Reply {
  const keepAlive = call.query.get("keep_alive");
  if (keepAlive === null) {
    throw validationFailed("[keep_alive] is not specified");
  }
  const indices = concrete(call);
  const point = call.context.pits.open(indices, keepAlive, call.cluster.now());
  const shards = {
    total: indices.length,
    successful: indices.length,
    skipped: 0,
    failed: 0,
  };
  return { status: 200, body: { id: point.id, _shards: shards } };
}

function closePit(call: Call): Reply {
  const { id } = call.json();
  if (typeof id !== "string") throw illegalArgument("Required [id]");
  const closed = call.context.pits.close(id);
  return {
    status: closed ? 200 : 404,
    body: { succeeded: true, num_freed: closed ? 1 : 0 },
  };
}

function optionsOf(call: Call): ByQueryOptions {
  const conflicts = call.query.get("conflicts") ?? "abort";
  if (conflicts !== "abort" && conflicts !== "proceed") {
    throw illegalArgument(
      `conflicts may only be "proceed" or "abort" but was [${conflicts}]`,
    );
  }
  if (!call.flag("wait_for_completion", true)) {
    throw illegalArgument(
      "[wait_for_completion=false] is not simulated: there are no tasks",
    );
  }
  const number = (name: string): number | undefined => {
    const value = call.query.get(name);
    if (value === null) return undefined;
    if (/^[1-9]\d*$/.test(value)) return Number(value);
    throw illegalArgument(
      `Failed to parse int parameter [${name}] with value [${value}]`,
    );
  };
  return {
    conflicts,
    refresh: call.flag("refresh"),
    scrollSize: number("scroll_size") ?? 1000,
    maxDocs: number("max_docs"),
  };
}
