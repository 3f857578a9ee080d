import type { Call } from "./route.ts";
import type { StoredIndex } from "./stored_index.ts";
import { resolve } from "./targets.ts";

/**
 * The concrete indices that a call's `{index}` means, by its
 * `ignore_unavailable`, `allow_no_indices` and `expand_wildcards`.
 *
 * @throws {ElasticError} 404 `index_not_found_exception`.
 */
export function concrete(call: Call): StoredIndex[] {
  return resolve(call.cluster, call.vars.index ?? "*", {
    ignoreUnavailable: call.flag("ignore_unavailable"),
    allowNoIndices: call.flag("allow_no_indices", true),
    hidden: /hidden|all/.test(call.query.get("expand_wildcards") ?? ""),
  }).indices;
}
