import { ConfigError } from "../errors.ts";
import type { RelayStatus, TargetStatus } from "../observability/status.ts";
import { Guard } from "./guard.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { PAGE_FILES } from "./page.ts";

/** Who may look, and under which names. */
export interface Access {
  /** Further names that the Host header may hold. */
  readonly hosts: readonly string[];
  /** What must be shown; absent: nothing. */
  readonly token: string | undefined;
}

/** What is served, where, and to whom. */
export interface StatusServerOptions {
  /** "127.0.0.1:8686"; port 0 is any free one. */
  readonly address: string;
  /** Who may look, as it is now. */
  access(): Access;
  /** The status as it is now. */
  status(): Promise<RelayStatus>;
}

/** The status over HTTP, being served. */
export interface StatusServer {
  /** "http://127.0.0.1:8686": address and port that are listened on. */
  readonly url: string;
  /** Answers in hand are finished. */
  stop(): Promise<void>;
}

/** What every answer carries. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; script-src 'self'; " +
    "style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** How long an answer in hand may take to end. */
const STOP_MS = 2_000;

/**
 * Serves `/live`, `/ready`, `/metrics`, `/status` and the page.
 *
 * @throws {ConfigError} The address cannot be listened on.
 */
export function startStatusServer(options: StatusServerOptions): StatusServer {
  const [, hostname = "", port = "0"] =
    /^\[?(.*?)\]?:(\d+)$/.exec(options.address) ?? [];
  const closing = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname,
      port: Number(port),
      signal: closing.signal,
      onListen: () => {},
      onError: () => answer(500, "cannot answer: see the log\n"),
    }, (request) => {
      const { address } = options;
      return respond(
        request,
        new Guard({ address, ...options.access() }),
        options,
      );
    });
  } catch (error) {
    throw listenError(options.address, error);
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `http://${host}:${server.addr.port}`,
    async stop() {
      const timer = setTimeout(() => closing.abort(), STOP_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

function listenError(address: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const remedy = error instanceof Deno.errors.AddrInUse
    ? "another program uses this port; stop it, or set http.address " +
      "(RELAY_HTTP) to another"
    : error instanceof Deno.errors.AddrNotAvailable
    ? "this machine has no such address; correct http.address (RELAY_HTTP)"
    : error instanceof Deno.errors.PermissionDenied
    ? "ports below 1024 need a right; set http.address (RELAY_HTTP) to a " +
      "higher one"
    : `${error.message}; correct http.address (RELAY_HTTP)`;
  return new ConfigError(`Cannot serve the status on "${address}": ${remedy}`, {
    cause: error,
  });
}

async function respond(
  request: Request,
  guard: Guard,
  options: StatusServerOptions,
): Promise<Response> {
  if (!guard.knowsHost(request.headers.get("host"))) {
    return answer(
      421,
      "this is not the name of this server; where it is, list it in " +
        "http.hosts (RELAY_HTTP_HOSTS)\n",
    );
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return answer(405, "only GET and HEAD\n", { allow: "GET, HEAD" });
  }
  const { pathname } = new URL(request.url);
  const file = PAGE_FILES.get(pathname);
  if (file !== undefined) {
    return answer(200, file.text, { "content-type": file.type });
  }
  const route = Object.hasOwn(ROUTES, pathname) ? ROUTES[pathname] : undefined;
  return route === undefined
    ? answer(404, "not found\n")
    : await route(request.headers, guard, options);
}

type Route = (
  headers: Headers,
  guard: Guard,
  options: StatusServerOptions,
) => Response | Promise<Response>;

/** The paths beside those of the page. */
const ROUTES: Readonly<Record<string, Route>> = {
  // Nothing is told but that the program answers.
  "/live": () => answer(200, "live\n"),
  "/ready": ready,
  "/login": (headers, guard) =>
    guard.showsToken(headers)
      ? answer(
        204,
        "",
        guard.asksForToken ? { "set-cookie": guard.cookie } : {},
      )
      : refused(),
  "/metrics": admitted(async ({ status }) =>
    answer(200, metricsText(await status()), {
      "content-type": METRICS_TYPE,
    })
  ),
  "/status": admitted(async ({ status }) => json(200, await status())),
};

/** A route for those alone who show the token. */
function admitted(
  route: (options: StatusServerOptions) => Promise<Response>,
): Route {
  return (headers, guard, options) =>
    guard.admits(headers) ? route(options) : refused();
}

/** Without the token, the code alone: enough for a probe. */
async function ready(
  headers: Headers,
  guard: Guard,
  { status }: StatusServerOptions,
): Promise<Response> {
  const { targets } = await status();
  const code = targets.every(isReady) ? 200 : 503;
  if (!guard.admits(headers)) {
    return answer(code, code === 200 ? "ready\n" : "not ready\n");
  }
  return json(code, {
    ready: code === 200,
    targets: targets.map((target) => {
      const { name, phase, reason, since } = target;
      return { name, ready: isReady(target), phase, reason, since };
    }),
  });
}

function isReady({ phase }: TargetStatus): boolean {
  return phase === "running";
}

function refused(): Response {
  return answer(401, "show the token: authorization: Bearer ...\n", {
    "www-authenticate": 'Bearer realm="opencti-relay"',
  });
}

function json(code: number, value: unknown): Response {
  return answer(code, `${JSON.stringify(value)}\n`, {
    "content-type": "application/json",
  });
}

function answer(
  code: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(code === 204 ? null : text, {
    status: code,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      ...HEADERS,
      ...headers,
    },
  });
}
