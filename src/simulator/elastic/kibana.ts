import type { Answer, Request } from "../server/server.ts";
import { ElasticError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { CoreError } from "./kibana_call.ts";
import { handleRules } from "./kibana_rules.ts";
import { BodyError, RuleError, RuleStore } from "./rule_store.ts";
import type { Principal, Security } from "./security.ts";

/** What the simulated Kibana is told, changeable while it runs. */
export interface KibanaSettings {
  readonly version: string;
  /** `server.basePath` with `server.rewriteBasePath`: `/kibana`, or empty. */
  readonly basePath: string;
  /** Still starting: every route answers 503. */
  starting: boolean;
  /** Spaces beside `default`. */
  readonly spaces: Set<string>;
}

const API_VERSION = "2023-10-31";
const MAX_PAYLOAD_BYTES = 1_048_576;
const RULES = "/api/detection_engine/rules";

/** The state of a simulated Kibana: its rules, by space. */
export class Kibana {
  readonly settings: KibanaSettings;
  readonly #security: Security;
  readonly #now: () => number;
  readonly #spaces = new Map<string, RuleStore>();

  constructor(
    settings: KibanaSettings,
    security: Security,
    now: () => number,
  ) {
    this.settings = settings;
    this.#security = security;
    this.#now = now;
  }

  /** Rules of a space, made empty at its first use. */
  rules(space = "default"): RuleStore {
    const known = this.#spaces.get(space);
    if (known !== undefined) return known;
    const made = new RuleStore(this.#now);
    this.#spaces.set(space, made);
    return made;
  }

  /** Answers one request as Kibana would. */
  async handle(request: Request): Promise<Answer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      return failure(error);
    }
  }

  async #answer(request: Request): Promise<Answer> {
    if (this.settings.starting) throw new NotReady();
    const { space, path } = this.#route(request.path);
    if (path === "/api/status" && request.method === "GET") {
      this.#authenticate(request);
      return json(200, this.#status());
    }
    // [hapi] An unknown route answers before anybody is asked who he is.
    if (path !== RULES && !path.startsWith(`${RULES}/`)) {
      throw core(404, "Not Found");
    }
    checkXsrf(request);
    const principal = this.#authenticate(request);
    checkPayload(request);
    checkVersion(request, path);
    const call = {
      method: request.method,
      path: path.slice(RULES.length),
      query: request.query,
      request,
      rules: this.rules(space),
      principal,
    };
    return json(200, await handleRules(call));
  }

  #route(path: string): { space: string; path: string } {
    const { basePath, spaces } = this.settings;
    if (!path.startsWith(`${basePath}/`)) throw core(404, "Not Found");
    const inside = path.slice(basePath.length);
    const [, space, rest] = /^\/s\/([^/]+)(\/.*)$/.exec(inside) ?? [];
    if (space === undefined || rest === undefined) {
      return { space: "default", path: inside };
    }
    if (space !== "default" && !spaces.has(space)) throw core(404, "Not Found");
    return { space, path: rest };
  }

  #authenticate(request: Request): Principal {
    try {
      const { authorization } = request.headers;
      return this.#security.authenticate(
        authorization,
        "/_security/_authenticate",
      );
    } catch (error) {
      if (!(error instanceof ElasticError)) throw error;
      throw core(
        401,
        "[security_exception\n\tRoot causes:\n\t\tsecurity_exception: " +
          `${error.message}]: ${error.message}`,
      );
    }
  }

  #status(): JsonObject {
    const level = "available";
    return {
      name: "simulated-kibana",
      uuid: "00000000-0000-4000-8000-000000000000",
      version: {
        number: this.settings.version,
        build_hash: "0000000000000000000000000000000000000000",
        build_number: 1,
        build_snapshot: false,
        build_flavor: "traditional",
        build_date: "2025-01-01T00:00:00.000Z",
      },
      status: {
        overall: { level, summary: "All services and plugins are available" },
        core: {
          elasticsearch: { level, summary: "Elasticsearch is available" },
          savedObjects: { level, summary: "SavedObjects service is available" },
        },
        plugins: {},
      },
      metrics: {},
    };
  }
}

class NotReady extends Error {}

function core(status: number, message: string): CoreError {
  return new CoreError(status, message);
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
};

function json(status: number, body: unknown): Answer {
  return {
    status,
    body: JSON.stringify(body),
    headers: {
      "content-type": "application/json; charset=utf-8",
      "kbn-name": "simulated-kibana",
      "kbn-license-sig": "0".repeat(64),
      "elastic-api-version": API_VERSION,
    },
  };
}

function failure(error: unknown): Answer {
  if (error instanceof NotReady) {
    return {
      status: 503,
      body: "Kibana server is not ready yet",
      headers: {
        "content-type": "text/plain; charset=utf-8",
        "retry-after": "30",
      },
    };
  }
  if (error instanceof RuleError) {
    const message = error.list ?? error.message;
    return json(error.status, { message, status_code: error.status });
  }
  const known = error instanceof BodyError
    ? core(400, `[request body]: ${error.message}`)
    : error instanceof CoreError
    ? error
    : new CoreError(500, error instanceof Error ? `${error.stack}` : "bug");
  return json(known.status, {
    statusCode: known.status,
    error: STATUS_TEXTS[known.status] ?? "Internal Server Error",
    message: known.message,
  });
}

function checkXsrf({ method, headers }: Request): void {
  if (method === "GET" || method === "HEAD") return;
  if (headers["kbn-xsrf"] || headers["kbn-version"]) return;
  throw core(400, "Request must contain a kbn-xsrf header.");
}

function checkPayload({ headers, body, path }: Request): void {
  // [Kibana] Imports have a limit of their own.
  if (body.length > MAX_PAYLOAD_BYTES && !path.endsWith("/_import")) {
    throw core(
      413,
      "Payload content length greater than maximum allowed: " +
        MAX_PAYLOAD_BYTES,
    );
  }
  if (body.length === 0) return;
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim();
  if (type !== "application/json" && type !== "multipart/form-data") {
    throw core(415, "Unsupported Media Type");
  }
}

function checkVersion({ method, headers }: Request, path: string): void {
  const version = headers["elastic-api-version"];
  if (version === undefined || version === API_VERSION) return;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version)) {
    throw core(
      400,
      `Invalid version. Received "${version}", expected a valid date string ` +
        "formatted as YYYY-MM-DD.",
    );
  }
  throw core(
    400,
    `No version "${version}" available for [${method.toLowerCase()}] ` +
      `[${path}]. Available versions are: ${API_VERSION}`,
  );
}
