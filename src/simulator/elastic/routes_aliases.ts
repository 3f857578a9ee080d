import { ElasticError, illegalArgument, indexNotFound } from "./errors.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import { patternTest } from "./names.ts";
import { ACK, type Call, concrete, plain, type Reply } from "./route.ts";
import { resolve } from "./targets.ts";

/** `GET /_alias`. */
export function getAlias(call: Call): Reply {
  const pattern = call.vars.alias ?? "*";
  const tests = pattern.split(",").map(patternTest);
  const body: Record<string, JsonObject> = {};
  for (const index of concrete(call)) {
    const held = [...index.aliases].filter(([name]) =>
      tests.some((test) => test(name))
    );
    if (held.length > 0 || call.vars.alias === undefined) {
      body[index.name] = { aliases: Object.fromEntries(held) };
    }
  }
  if (Object.keys(body).length === 0 && !pattern.includes("*")) {
    throw plain(404, `alias [${pattern}] missing`);
  }
  return { status: 200, body };
}

/** The answer for an alias that is not there. */
export function aliasesMissing(alias: string): ElasticError {
  return new ElasticError(
    404,
    "aliases_not_found_exception",
    `aliases [${alias}] missing`,
  );
}

/** `POST /_aliases`. */
export function changeAliases(call: Call): Reply {
  for (const action of asList(call.json().actions)) {
    const [name, given] = isObject(action)
      ? Object.entries(action)[0] ?? []
      : [];
    if (!isObject(given) || (name !== "add" && name !== "remove")) {
      throw illegalArgument(`[aliases] unknown field [${name}]`);
    }
    const { index, indices, alias, aliases, ...options } = given;
    for (const expression of asList(indices ?? index).map(String)) {
      for (const target of resolve(call.cluster, expression).indices) {
        for (const each of asList(aliases ?? alias).map(String)) {
          if (name === "add") call.cluster.addAlias(target, each, options);
          else if (!target.aliases.delete(each)) throw aliasesMissing(each);
        }
      }
    }
  }
  return ACK;
}

/** Data streams that `{name}` means. */
export function streamsOf({ cluster, vars }: Call) {
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

/** `GET /_data_stream`. */
export function getStreams(call: Call): Reply {
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
