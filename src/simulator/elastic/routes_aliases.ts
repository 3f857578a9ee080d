import { ElasticError, illegalArgument } from "./errors.ts";
import { concrete } from "./indices_of.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import { patternTest } from "./names.ts";
import {
  ACK,
  type Call,
  EXPAND,
  MASTER,
  plain,
  type Reply,
  type Route,
} from "./route.ts";
import { resolve } from "./targets.ts";

/** Aliases. */
export const ALIAS_ROUTES: readonly Route[] = [
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
];

function getAlias(call: Call): Reply {
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

function aliasesMissing(alias: string): ElasticError {
  return new ElasticError(
    404,
    "aliases_not_found_exception",
    `aliases [${alias}] missing`,
  );
}

function changeAliases(call: Call): Reply {
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
