import { illegalArgument } from "./errors.ts";
import { indexToJson } from "./index_json.ts";
import { isObject, type JsonObject } from "./json.ts";
import { ACK, type Call, concrete, type Reply, type Route } from "./route.ts";
import {
  aliasesMissing,
  changeAliases,
  getAlias,
  getStreams,
  streamsOf,
} from "./routes_aliases.ts";
import { settingsToJson, toSettings } from "./settings.ts";
import type { StoredIndex } from "./stored_index.ts";
import { resolve } from "./targets.ts";

const MASTER = "master_timeout timeout";

const EXPAND = "ignore_unavailable allow_no_indices expand_wildcards local";

/** Indices, aliases, mappings, settings and data streams. */
export const INDEX_ROUTES: readonly Route[] = [
  {
    methods: "PUT",
    path: "/_data_stream/{name}",
    params: MASTER,
    index: "create_index",
    run: ({ cluster, vars }) => {
      cluster.createDataStream(vars.name ?? "");
      return ACK;
    },
  },
  {
    methods: "GET",
    path: "/_data_stream/{name}",
    params: `${MASTER} ${EXPAND} include_defaults verbose`,
    index: "view_index_metadata",
    run: getStreams,
  },
  {
    methods: "DELETE",
    path: "/_data_stream/{name}",
    params: `${MASTER} expand_wildcards`,
    index: "delete_index",
    run: (call) => {
      for (const stream of streamsOf(call)) call.cluster.removeStream(stream);
      return ACK;
    },
  },
  {
    methods: "PUT",
    path: "/_data_stream/{name}/_lifecycle",
    params: `${MASTER} expand_wildcards`,
    index: "manage",
    run: (call) => {
      streamsOf(call);
      return ACK;
    },
  },
  {
    methods: "POST",
    path: "/_aliases",
    params: MASTER,
    index: "manage",
    run: changeAliases,
  },
  {
    methods: "GET HEAD",
    path: "/_alias/{alias}",
    params: EXPAND,
    run: getAlias,
  },
  { methods: "GET", path: "/_alias", params: EXPAND, run: getAlias },
  {
    methods: "GET HEAD",
    path: "/{index}/_alias/{alias}",
    params: EXPAND,
    index: "view_index_metadata",
    run: getAlias,
  },
  {
    methods: "GET",
    path: "/{index}/_alias",
    params: EXPAND,
    index: "view_index_metadata",
    run: getAlias,
  },
  {
    methods: "PUT POST",
    path: "/{index}/_alias/{alias}",
    params: MASTER,
    index: "manage",
    run: (call) => {
      for (const index of concrete(call)) {
        call.cluster.addAlias(index, call.vars.alias ?? "", call.json());
      }
      return ACK;
    },
  },
  {
    methods: "DELETE",
    path: "/{index}/_alias/{alias}",
    params: MASTER,
    index: "manage",
    run: (call) => {
      const alias = call.vars.alias ?? "";
      const held = concrete(call).filter((index) => index.aliases.has(alias));
      if (held.length === 0) throw aliasesMissing(alias);
      for (const index of held) index.aliases.delete(alias);
      return ACK;
    },
  },
  {
    methods: "GET",
    path: "/{index}/_mapping",
    params: `${EXPAND} ${MASTER}`,
    index: "view_index_metadata",
    run: (call) =>
      each(call, (index) => ({ mappings: index.mapping.toJson() })),
  },
  {
    methods: "PUT POST",
    path: "/{index}/_mapping",
    params: `${EXPAND} ${MASTER} write_index_only`,
    index: "manage",
    run: (call) => {
      for (const index of concrete(call)) index.mapping.merge(call.json());
      return ACK;
    },
  },
  {
    methods: "GET",
    path: "/{index}/_settings",
    params: `${EXPAND} ${MASTER} flat_settings include_defaults`,
    index: "view_index_metadata",
    run: (call) =>
      each(call, (index) => ({ settings: settingsToJson(index.settings) })),
  },
  {
    methods: "PUT",
    path: "/{index}/_settings",
    params: `${EXPAND} ${MASTER} preserve_existing reopen`,
    index: "manage",
    run: (call) => {
      const body = call.json();
      const changes = toSettings(
        isObject(body.settings) ? body.settings : body,
      );
      for (const index of concrete(call)) index.updateSettings(changes);
      return ACK;
    },
  },
  {
    methods: "POST GET",
    path: "/{index}/_refresh",
    params: EXPAND,
    index: "maintenance",
    run: (call) => refresh(concrete(call)),
  },
  {
    methods: "POST GET",
    path: "/_refresh",
    params: EXPAND,
    index: "maintenance",
    run: (call) => refresh([...call.cluster.indices.values()]),
  },
  {
    methods: "POST",
    path: "/{index}/_rollover",
    params: `${MASTER} dry_run wait_for_active_shards`,
    index: "manage",
    run: (call) => {
      const { from, to } = call.cluster.rollover(call.vars.index ?? "");
      return {
        status: 200,
        body: {
          acknowledged: true,
          shards_acknowledged: true,
          old_index: from,
          new_index: to,
          rolled_over: true,
          dry_run: false,
          conditions: {},
        },
      };
    },
  },
  {
    methods: "PUT",
    path: "/{index}",
    params: `${MASTER} wait_for_active_shards`,
    index: "create_index",
    run: (call) => {
      const body = call.json();
      const index = call.cluster.createIndex(call.vars.index ?? "", body);
      return {
        status: 200,
        body: {
          acknowledged: true,
          shards_acknowledged: true,
          index: index.name,
        },
      };
    },
  },
  {
    methods: "GET HEAD",
    path: "/{index}",
    params: `${EXPAND} ${MASTER} include_defaults flat_settings features`,
    index: "view_index_metadata",
    run: (call) => each(call, indexToJson),
  },
  {
    methods: "DELETE",
    path: "/{index}",
    params: `${EXPAND} ${MASTER}`,
    index: "delete_index",
    run: deleteIndices,
  },
];

function each(
  call: Call,
  show: (index: StoredIndex) => JsonObject,
): Reply {
  const shown = concrete(call).map((index) => [index.name, show(index)]);
  return { status: 200, body: Object.fromEntries(shown) };
}

function refresh(indices: readonly StoredIndex[]): Reply {
  for (const index of indices) index.refresh();
  const total = indices.length * 2;
  return {
    status: 200,
    body: { _shards: { total, successful: indices.length, failed: 0 } },
  };
}

function deleteIndices(call: Call): Reply {
  const name = call.vars.index ?? "";
  if (/[*]|^_all$/.test(name)) {
    throw illegalArgument(
      "Wildcard expressions or all indices are not allowed",
    );
  }
  const found = resolve(call.cluster, name, {
    ignoreUnavailable: call.flag("ignore_unavailable"),
  });
  const [alias] = found.aliases;
  if (alias !== undefined) {
    throw illegalArgument(
      `The provided expression [${alias}] matches an alias, specify the ` +
        "corresponding concrete indices instead.",
    );
  }
  const [stream] = found.streams;
  if (stream !== undefined) {
    throw illegalArgument(
      `The provided expression [${stream.name}] matches a data stream, ` +
        "specify the corresponding concrete indices instead or use the " +
        "delete data stream api.",
    );
  }
  for (const index of found.direct) removeDirect(call, index);
  return ACK;
}

function removeDirect({ cluster }: Call, index: StoredIndex): void {
  const stream = cluster.streams.get(index.dataStream ?? "");
  if (stream?.backing.at(-1) === index.name) {
    throw illegalArgument(
      `index [${index.name}] is the write index for data stream ` +
        `[${stream.name}] and cannot be deleted`,
    );
  }
  stream?.backing.splice(stream.backing.indexOf(index.name), 1);
  cluster.removeIndex(index.name);
}
