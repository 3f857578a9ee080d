import type { Request } from "../server/server.ts";
import type { RuleStore } from "./rule_store.ts";
import type { Principal } from "./security.ts";

/** One call of a Kibana route. */
export interface KibanaCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: Request;
  readonly rules: RuleStore;
  readonly principal: Principal;
}

/** An error of Kibana's core: `{statusCode, error, message}`. */
export class CoreError extends Error {
  override name = "CoreError";
  constructor(readonly status: number, message: string) {
    super(message);
  }
}
