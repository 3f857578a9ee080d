import type { Answer, Request, SeenRequest } from "../server/server.ts";
import type { Cluster } from "./cluster.ts";
import { ElasticError, illegalArgument } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { checkMediaTypes, isMediaTypeRefusal } from "./media_types.ts";
import {
  type ElasticsearchContext,
  plain,
  type Reply,
  type Route,
} from "./route.ts";
import { ALIAS_ROUTES } from "./routes_aliases.ts";
import { CLUSTER_ROUTES } from "./routes_cluster.ts";
import { DOCUMENT_ROUTES } from "./routes_documents.ts";
import { INDEX_ROUTES } from "./routes_indices.ts";
import { SEARCH_ROUTES } from "./routes_search.ts";
import { type Principal, requireCluster, requireIndex } from "./security.ts";
import { refuseManagedSettings } from "./serverless.ts";
import { filterPath } from "./source_filter.ts";

const COMMON_PARAMS = [
  "pretty",
  "human",
  "error_trace",
  "filter_path",
  "format",
];

const ROUTES: readonly (Route & { segments: readonly string[] })[] = [
  ...CLUSTER_ROUTES,
  ...INDEX_ROUTES,
  ...ALIAS_ROUTES,
  ...DOCUMENT_ROUTES,
  ...SEARCH_ROUTES,
].map((route) => ({ ...route, segments: route.path.split("/").slice(1) }));

/** Answers one request as Elasticsearch would. */
export function handleElasticsearch(
  context: ElasticsearchContext,
  request: Request,
  seen: SeenRequest,
): Answer {
  try {
    const reply = answer(context, request, seen);
    const filter = request.query.get("filter_path");
    const body = filter === null ? reply.body : filterPath(reply.body, filter);
    return json(request, reply.status, body);
  } catch (error) {
    return failure(request, error);
  }
}

function failure(request: Request, error: unknown): Answer {
  if (!(error instanceof ElasticError)) {
    const reason = error instanceof Error ? `${error.stack}` : String(error);
    const bug = new ElasticError(500, "simulator_bug", reason);
    return json(request, 500, bug.toBody());
  }
  const body = error.type === "plain" || isMediaTypeRefusal(error)
    ? { error: error.message, status: error.status }
    : error.toBody();
  return json(request, error.status, body, error.headers);
}

function json(
  request: Request,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Answer {
  const accept = request.headers.accept ?? "";
  const vendor = /application\/vnd\.elasticsearch\+json[^,]*/.exec(accept);
  return {
    status,
    body: JSON.stringify(body),
    headers: {
      "x-elastic-product": "Elasticsearch",
      "content-type": vendor?.[0] ?? "application/json",
      ...headers,
    },
  };
}

function answer(
  context: ElasticsearchContext,
  request: Request,
  seen: SeenRequest,
): Reply {
  const { method, path, headers, query } = request;
  const principal = context.security.authenticate(headers.authorization, path);
  checkMediaTypes({
    accept: headers.accept,
    contentType: headers["content-type"],
    hasBody: request.body.length > 0,
    major: Number(context.version.split(".")[0]),
  });
  const { route, vars } = findRoute(method, path);
  if (context.serverless && route.notServerless) {
    throw notOnServerless(method, path);
  }
  checkParams(route, path, query);
  authorize(route, vars, { principal, cluster: context.cluster });
  if (
    context.serverless && /^\/(?:_index_template\/)?\{\w+\}$/.test(route.path)
  ) {
    refuseManagedSettings(parseBody(request.body.toString()));
  }
  return route.run({
    context,
    cluster: context.cluster,
    method,
    vars,
    query,
    text: request.body.toString(),
    principal,
    seen,
    json: () => parseBody(request.body.toString()),
    flag: (name, missing = false) => readFlag(query, name, missing),
  });
}

function findRoute(
  method: string,
  path: string,
): { route: Route; vars: Record<string, string> } {
  const segments = path.replace(/^\/+|\/+$/g, "").split("/").map(decode);
  const allowed = new Set<string>();
  for (const route of ROUTES) {
    const vars = match(route.segments, segments);
    if (vars === undefined) continue;
    if (route.methods.split(" ").includes(method)) return { route, vars };
    for (const name of route.methods.split(" ")) allowed.add(name);
  }
  if (allowed.size === 0) {
    throw plain(
      400,
      `no handler found for uri [${path}] and method [${method}]`,
    );
  }
  const list = [...allowed].sort().join(", ");
  throw plain(
    405,
    `Incorrect HTTP method for uri [${path}] and method [${method}], ` +
      `allowed: [${list}]`,
    { allow: list.replaceAll(" ", "") },
  );
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw illegalArgument(`unable to decode path segment [${segment}]`);
  }
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const vars: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] ?? "";
    if (!part.startsWith("{")) {
      if (part !== segment) return undefined;
      continue;
    }
    const name = part.slice(1, -1);
    if (segment === "") return undefined;
    if (name === "index" && segment.startsWith("_") && segment !== "_all") {
      return undefined;
    }
    vars[name] = segment;
  }
  return vars;
}

function notOnServerless(method: string, path: string): ElasticError {
  return new ElasticError(
    410,
    "api_not_available_exception",
    `Request for uri [${path}] with method [${method}] exists but is not ` +
      "available when running in serverless mode",
  );
}

function checkParams(route: Route, path: string, query: URLSearchParams): void {
  const known = new Set([...COMMON_PARAMS, ...(route.params ?? "").split(" ")]);
  const unknown = [...new Set(query.keys())].filter((name) => !known.has(name))
    .sort();
  if (unknown.length === 0) return;
  throw illegalArgument(
    `request [${path}] contains unrecognized parameter${
      unknown.length > 1 ? "s" : ""
    }: ${unknown.map((name) => `[${name}]`).join(", ")}`,
  );
}

function authorize(
  route: Route,
  vars: Readonly<Record<string, string>>,
  { principal, cluster }: { principal: Principal; cluster: Cluster },
): void {
  if (route.cluster !== undefined) requireCluster(principal, route.cluster);
  if (route.index === undefined) return;
  for (const name of (vars.index ?? vars.name ?? "*").split(",")) {
    requireIndex(principal, cluster.render(name), route.index);
  }
}

function parseBody(text: string): JsonObject {
  if (text.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ElasticError(
      400,
      "x_content_parse_exception",
      `[1:1] ${error instanceof Error ? error.message : "not JSON"}`,
    );
  }
  if (isObject(parsed)) return parsed;
  throw new ElasticError(
    400,
    "parsing_exception",
    "Expected [START_OBJECT] but found [VALUE]",
  );
}

function readFlag(
  query: URLSearchParams,
  name: string,
  missing: boolean,
): boolean {
  const value = query.get(name);
  if (value === null) return missing;
  if (value === "" || value === "true") return true;
  if (value === "false") return false;
  throw illegalArgument(
    `Failed to parse value [${value}] as only [true] or [false] are allowed.`,
  );
}
