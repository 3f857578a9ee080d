import { ConfigError } from "../../errors.ts";

/** Which target writes to which list: two would undo one another's work. */
const CLAIMS = new Map<string, string>();

/**
 * Notes that a target writes to a list.
 *
 * @throws {ConfigError} Another target of this program does already.
 */
export function claimList(target: string, url: string, list: string): void {
  const key = `${url.replace(/\/api$/, "")} ${list}`;
  const holder = CLAIMS.get(key) ?? target;
  if (holder !== target) {
    throw new ConfigError(
      `The targets "${holder}" and "${target}" write to the same source list ` +
        `"${list}" of one HarfangLab: give each its own source_list_name`,
    );
  }
  CLAIMS.set(key, target);
}
