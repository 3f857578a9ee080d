import {
  idsOf,
  isWorse,
  lost,
  type Page,
  type Rank,
  rankOfKey,
} from "./book.ts";
import { type RemoteOptions, revoke } from "./remote.ts";

const NO_RANK: Rank = [0, 0];

/**
 * Revokes what is worth less than what waits, the lowest score and the oldest
 * first; each waits in its turn.
 *
 * Whether revoked indicators count is not documented: the first one tells,
 * and if it makes no room, no other is revoked for nothing.
 *
 * @param waiting Keys of new values, best first.
 */
export async function makeRoom(
  options: RemoteOptions,
  page: Page,
  waiting: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { book, log, quota } = options;
  let given = 0;
  for await (const key of book.ranked()) {
    const next = waiting[given];
    if (next === undefined) break;
    await page.load([], [key]);
    const row = page.value(key);
    const rank = row?.more?.rank ?? NO_RANK;
    if (row?.remoteId === undefined) continue;
    if (!isWorse(rank, rankOfKey(page, next))) break;
    for (const id of idsOf(row)) await revoke(options, id, signal);
    book.setRow(page, key, { ...lost(row), more: { state: "parked", rank } });
    await page.stage();
    given++;
    if (given > 1) continue;
    const before = quota.count;
    await quota.read(signal);
    if (quota.count < before) continue;
    log.error(
      "revoking makes no room at Sekoia.io: revoked indicators count until " +
        'they are deleted; set delete_mode to "purge" and wait a day',
    );
    break;
  }
}
