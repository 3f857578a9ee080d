import type { TargetRows } from "./target_store.ts";

/** State for targets that must not write: dry runs and checks. */
export function emptyState(): TargetRows {
  return {
    get: () => Promise.resolve(undefined),
    getMany: (keys) => Promise.resolve(keys.map(() => undefined)),
    async *list() {},
    set: () => {},
    delete: () => {},
    flush: () => Promise.resolve(),
  };
}
