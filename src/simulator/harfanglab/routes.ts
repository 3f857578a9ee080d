/** Requests to the console's API. */
import type { Answer, Request } from "../server/server.ts";
import { answer, ApiError, type Body, checkTypes, refused } from "./answer.ts";
import { createDocument, deleteDocument, patchDocument } from "./documents.ts";
import { createIocRule, patchIocRule } from "./ioc_rules.ts";
import { toPage } from "./page.ts";
import { type HarfanglabStore, RULE_KINDS, type RuleKind } from "./store.ts";

const ROOT = "/api/data/threat_intelligence/";

/** Answers one request as a console does. */
export function handleHarfanglab(
  store: HarfanglabStore,
  request: Request,
): Answer {
  try {
    return route(store, request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return answer(error.status, error.body);
  }
}

function route(store: HarfanglabStore, request: Request): Answer {
  const { method, path, headers } = request;
  if (headers.authorization !== `Token ${store.settings.token}`) {
    throw refused(401, "Invalid token.");
  }
  if (!path.endsWith("/")) {
    const query = request.query.size === 0 ? "" : `?${request.query}`;
    return answer(301, undefined, { location: `${path}/${query}` });
  }
  if (method !== "GET" && store.settings.readOnly) {
    throw refused(403, "You do not have permission to perform this action.");
  }
  if (method === "GET" && path === "/api/version/") {
    return answer(200, { version: "4.5.2" });
  }
  if (method === "GET" && path === "/api/auth/users/me/") {
    return answer(200, { id: 3, username: "opencti", is_superuser: false });
  }
  if (!path.startsWith(ROOT)) throw refused(404, "Not found.");
  const [name = "", id = "", ...rest] = path.slice(ROOT.length, -1).split("/");
  if (rest.length > 0) throw refused(404, "Not found.");
  const kind = RULE_KINDS.find((kind) => kind === name);
  if (kind !== undefined) {
    return onRules(store, kind, decodeURIComponent(id), request);
  }
  const sourceKind = RULE_KINDS.find((kind) => sourceName(kind) === name);
  if (sourceKind === undefined || id !== "") throw refused(404, "Not found.");
  return onSources(store, sourceKind, request);
}

/** `IOCSource`, `SigmaSource`, `YaraSource`. */
function sourceName(kind: RuleKind): string {
  return kind.replace(/(Rule|File)$/, "Source");
}

function onSources(
  store: HarfanglabStore,
  kind: RuleKind,
  request: Request,
): Answer {
  if (request.method === "GET") {
    return page(store, store.sources[kind].values(), request);
  }
  if (request.method !== "POST") throw notAllowed(request);
  const body = bodyOf(request);
  checkTypes(body);
  return answer(201, store.addSource(kind, body));
}

function onRules(
  store: HarfanglabStore,
  kind: RuleKind,
  id: string,
  request: Request,
): Answer {
  const { method } = request;
  if (id === "") {
    if (method === "GET") {
      return page(store, store.rules[kind].values(), request);
    }
    if (method !== "POST") throw notAllowed(request);
    const body = bodyOf(request);
    return answer(
      201,
      kind === "IOCRule"
        ? createIocRule(store, body)
        : createDocument(store, kind, body),
    );
  }
  switch (method) {
    case "GET":
      return answer(200, store.rule(kind, id));
    case "PATCH":
      return answer(
        200,
        kind === "IOCRule"
          ? patchIocRule(store, id, bodyOf(request))
          : patchDocument(store, kind, id, bodyOf(request)),
      );
    case "DELETE":
      if (kind !== "IOCRule") deleteDocument(store, kind, id);
      else {
        store.rule(kind, id);
        store.rules[kind].delete(id);
      }
      return answer(204);
    default:
      throw notAllowed(request);
  }
}

function page(
  store: HarfanglabStore,
  items: Parameters<typeof toPage>[0],
  { query, path, headers }: Request,
): Answer {
  const isAbsolute = store.settings.nextMode === "absolute";
  const origin = isAbsolute ? `http://${headers.host}` : "";
  return answer(200, toPage(items, query, { origin, path }));
}

function notAllowed({ method }: Request): ApiError {
  return refused(405, `Method "${method}" not allowed.`);
}

function bodyOf({ body, headers }: Request): Body {
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) {
    throw refused(
      415,
      `Unsupported media type "${headers["content-type"]}" in request.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw refused(400, "JSON parse error");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Body;
  }
  throw new ApiError(400, {
    non_field_errors: ["Invalid data. Expected a dictionary."],
  });
}
