import type { SeenRequest } from "../server/server.ts";
import type { Cluster } from "./cluster.ts";
import { ElasticError } from "./errors.ts";
import type { ElasticFaults } from "./faults.ts";
import type { JsonObject } from "./json.ts";
import type { PitStore } from "./pit.ts";
import type { Principal, Security } from "./security.ts";

/** What every route works on. */
export interface ElasticsearchContext {
  readonly cluster: Cluster;
  readonly pits: PitStore;
  readonly security: Security;
  readonly faults: ElasticFaults;
  /** `8.17.0`. */
  readonly version: string;
  readonly serverless: boolean;
}

/** One call of a route. */
export interface Call {
  readonly context: ElasticsearchContext;
  readonly cluster: Cluster;
  readonly method: string;
  /** Path variables, percent-decoded. */
  readonly vars: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly text: string;
  readonly principal: Principal;
  readonly seen: SeenRequest;
  /** The body as an object; `{}` if there is none. */
  json(): JsonObject;
  /** True for `?name`, `?name=true`. @throws {ElasticError} 400 otherwise. */
  flag(name: string, missing?: boolean): boolean;
}

/** What a route answers: a body with 200, or with another status. */
export type Reply = { status: number; body: unknown };

/** One method and path. */
export interface Route {
  /** `GET POST`. */
  readonly methods: string;
  /** `/{index}/_doc/{id}`. */
  readonly path: string;
  /** Query parameters beside the common ones. */
  readonly params?: string;
  /** Cluster privilege. */
  readonly cluster?: string;
  /** Index privilege on `{index}`, or on `*` where the path has none. */
  readonly index?: string;
  /** Not there on serverless. */
  readonly notServerless?: boolean;
  run(call: Call): Reply;
}

/** An error whose body is a text and a status alone. */
export function plain(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): ElasticError {
  return new ElasticError(status, "plain", message, { headers });
}

/** "Done", as most changes of the cluster are answered. */
export const ACK = { status: 200, body: { acknowledged: true } };

/** Query parameters of calls that the master node answers. */
export const MASTER = "master_timeout timeout";

/** Query parameters of calls that name indices. */
export const EXPAND =
  "ignore_unavailable allow_no_indices expand_wildcards local";
