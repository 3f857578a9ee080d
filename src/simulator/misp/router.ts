import { isRecord } from "../../stix/object.ts";
import type { Instance, KeyState, User } from "./instance.ts";
import {
  type Answer,
  MispError,
  redirect,
  roleRefused,
  thrown,
} from "./misp_error.ts";
import { type Call, ok, type Route } from "./route.ts";
import { ELEMENT_ROUTES } from "./routes_elements.ts";
import { EVENT_ROUTES } from "./routes_events.ts";
import { INSTANCE_ROUTES } from "./routes_instance.ts";
import { TAG_ROUTES } from "./routes_tags.ts";

/** A request that has arrived whole. */
export interface Request {
  readonly method: string;
  /** Without query string, the sub-path taken off. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** Scheme, host and sub-path. */
  readonly base: string;
}

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...EVENT_ROUTES, ...ELEMENT_ROUTES, ...TAG_ROUTES, ...INSTANCE_ROUTES].map(
    (route) => [key(route.path), route],
  ),
);

const CONTROLLERS: ReadonlySet<string> = new Set(
  [...ROUTES.keys()].map((path) => path.split("/").at(-2) ?? ""),
);

const BAD_LOGIN =
  "Authentication failed. Please make sure you pass the API key of an API " +
  "enabled user along in the Authorization header.";
const BAD_KEYS: Readonly<Record<Exclude<KeyState, "valid">, string>> = {
  expired: "Auth key is expired",
  "other-address":
    "It is not possible to use this Auth key from your IP address",
};
const BAD_JSON =
  "Invalid JSON input. Make sure that the JSON input is a correctly formatted " +
  "JSON string. This request has been blocked to avoid an unfiltered request.";

/** Answers one request, in MISP's order: route, login, role, then the call. */
export function handle(instance: Instance, request: Request): Answer {
  try {
    const { route, segments } = find(request.path);
    const user = login(instance, request);
    if (route === undefined) throw thrown(404, "Not Found");
    return run(route, callOf(instance, user, request, segments));
  } catch (error) {
    if (error instanceof MispError) return error.answer(request.path);
    throw error;
  }
}

function run(route: Route, call: Call): Answer {
  const { needs, describes } = route;
  if (needs !== undefined && !call.user.role[needs]) throw roleRefused();
  if (route.methods.split(" ").includes(call.method)) return route.run(call);
  if (describes !== undefined && call.method === "GET") {
    return ok({
      name: `/${route.path} API description`,
      description: describes.text,
      mandatory_fields: describes.mandatory,
      optional_fields: [],
      url: `/${route.path}`,
    });
  }
  throw thrown(405, "This function is only accessible via POST requests.");
}

/** @throws {MispError} 404 for a controller that MISP does not have. */
function find(
  path: string,
): { route: Route | undefined; segments: readonly string[] } {
  const segments = path.split("/").filter((segment) => segment !== "");
  const depth = segments[0] === "admin" ? 3 : 2;
  const controller = segments[depth - 2] ?? "";
  if (!CONTROLLERS.has(key(controller))) {
    throw thrown(
      404,
      `Controller class ${controller}Controller could not be found.`,
    );
  }
  const action = segments[depth - 1] ?? "index";
  // [CakePHP] /events/42 is /events/view/42.
  if (/^(\d+|[0-9a-f-]{36})$/i.test(action) && depth === 2) {
    const route = ROUTES.get(key(`${controller}/view`));
    return { route, segments: segments.slice(1) };
  }
  const name = segments.slice(0, depth - 1).concat(action).join("/");
  return { route: ROUTES.get(key(name)), segments: segments.slice(depth) };
}

/** `eventBlocklists` and `event_blocklists` are one controller. */
function key(path: string): string {
  return path.replaceAll("_", "").toLowerCase();
}

/** [MISP] Another `Accept` is taken for a browser, which has to log in. */
function login(instance: Instance, { headers, base }: Request): User {
  if (headers.accept !== "application/json") {
    throw redirect(`${base}/users/login`);
  }
  const sent = headers.authorization ?? headers["x-misp-auth"] ?? "";
  const user = /^[a-zA-Z0-9]{40}$/.test(sent)
    ? instance.users.find((user) => user.key === sent)
    : undefined;
  if (user === undefined) throw thrown(403, BAD_LOGIN);
  if (user.keyState !== "valid") throw thrown(403, BAD_KEYS[user.keyState]);
  return user;
}

function callOf(
  instance: Instance,
  user: User,
  request: Request,
  segments: readonly string[],
): Call {
  const json = jsonOf(request);
  const isNamed = (segment: string) => /^\w+:/.test(segment);
  return {
    instance,
    user,
    method: request.method,
    args: segments.filter((segment) => !isNamed(segment)).map(decode),
    named: Object.fromEntries(
      segments.filter(isNamed).map((segment) => {
        const colon = segment.indexOf(":");
        return [segment.slice(0, colon), decode(segment.slice(colon + 1))];
      }),
    ),
    body: isRecord(json) ? json : {},
    list: Array.isArray(json) ? json : undefined,
    url: request.path,
    base: request.base,
  };
}

/** [MISP] Only a body that is called JSON is read. */
function jsonOf({ method, headers, body }: Request): unknown {
  const isJson = /^application\/json\b/.test(headers["content-type"] ?? "");
  if (method === "GET" || method === "HEAD" || body === "" || !isJson) {
    return undefined;
  }
  try {
    return JSON.parse(body);
  } catch {
    throw thrown(405, BAD_JSON);
  }
}

/** [PyMISP] A space is written `+`; `%20` stays as it is. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(
      segment.replaceAll("%20", "%2520").replaceAll("+", " "),
    );
  } catch {
    return segment;
  }
}
