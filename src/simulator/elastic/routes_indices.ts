import { indexToJson } from "./index_json.ts";
import { concrete } from "./indices_of.ts";
import {
  ACK,
  type Call,
  EXPAND,
  MASTER,
  type Reply,
  type Route,
} from "./route.ts";
import { illegalArgument, indexNotFound } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { patternTest } from "./names.ts";
import { settingsToJson, toSettings } from "./settings.ts";
import type { StoredIndex } from "./stored_index.ts";
import { resolve } from "./targets.ts";

/** Indices, mappings, settings and data streams. */
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

function streamsOf({ cluster, vars }: Call) {
  const pattern = vars.name ?? "*";
  const tests = pattern.split(",").map(patternTest);
  const found = [...cluster.streams.values()].filter(({ name }) =>
    tests.some((test) => test(name))
  );
  if (found.length === 0 && !pattern.includes("*")) {
    throw indexNotFound(pattern);
  }
  return found;
}

function getStreams(call: Call): Reply {
  return {
    status: 200,
    body: {
      data_streams: streamsOf(call).map((stream) => ({
        name: stream.name,
        timestamp_field: { name: "@timestamp" },
        indices: stream.backing.map((name) => ({
          index_name: name,
          index_uuid: call.cluster.indices.get(name)?.uuid,
          prefer_ilm: true,
          managed_by: "Unmanaged",
        })),
        generation: stream.generation,
        status: "GREEN",
        template: stream.template,
        next_generation_managed_by: "Unmanaged",
        prefer_ilm: true,
        hidden: false,
        system: false,
        allow_custom_routing: false,
        replicated: false,
        rollover_on_write: false,
      })),
    },
  };
}
