/** Work that no event asks for: time alone ends an indicator. */
import { sleep } from "../../backoff.ts";
import type { Batches } from "./batches.ts";
import { PATTERN } from "./steps.ts";

const HOUR_MS = 3_600_000;
/** So long it is remembered that an indicator is gone. */
const FORGET_AFTER_MS = 30 * 24 * HOUR_MS;
/** Indicators that are looked after at once, between two batches. */
const CHUNK = 100;

/** What upkeep works on. */
export interface Upkeep {
  readonly batches: Batches;
  readonly respectRevoked: boolean;
  now(): number;
}

/** Ends what has expired, now and every hour, until `signal` is aborted. */
export async function keepUp(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  try {
    while (!signal.aborted) {
      if (upkeep.respectRevoked) await endExpired(upkeep, signal);
      await forgetGone(upkeep);
      await sleep(HOUR_MS, signal);
    }
  } catch (error) {
    // Being stopped in the middle of a call is a proper end.
    if (!signal.aborted) throw error;
  }
}

/**
 * Removes or disables the rules of indicators whose `valid_until` has passed.
 *
 * @returns How many indicators have ended.
 */
export async function endExpired(
  { batches, now }: Upkeep,
  signal: AbortSignal,
): Promise<number> {
  const at = now();
  const isOver = (until: number | undefined) =>
    until !== undefined && until <= at;
  const expired = await batches.exclusively(async () => {
    const ids = new Set<string>();
    for await (const { id, props } of batches.rows.iocs.owners.list()) {
      if (isOver(props?.until)) ids.add(id);
    }
    for await (
      const { id, document } of batches.rows.documents.allDocuments()
    ) {
      if (isOver(document?.props.until)) ids.add(id);
    }
    return [...ids];
  });
  for (let start = 0; start < expired.length; start += CHUNK) {
    const chunk = expired.slice(start, start + CHUNK);
    await batches.exclusively(() => endAll(batches, chunk, { at, signal }));
  }
  return expired.length;
}

async function endAll(
  batches: Batches,
  ids: readonly string[],
  { at, signal }: { at: number; signal: AbortSignal },
): Promise<void> {
  const { documents, iocs, rows } = batches;
  await rows.documents.load();
  for (const id of ids) {
    // The row may have changed since it was found.
    const page = rows.iocs.page();
    await page.load([id], []);
    const owner = page.owner(id);
    const until = owner?.props?.until;
    if (owner !== undefined && until !== undefined && until <= at) {
      const { version } = owner;
      const end = { id, part: PATTERN, version, keys: [], props: null };
      const { dropped, kept } = page.apply(end, at);
      const keys = [...dropped, ...kept];
      const marked = await batches.secure(page, keys);
      for (const key of keys) {
        await iocs.keep(page, key, { signal, marked });
      }
      await page.stage();
    }
    const row = await rows.documents.document(id);
    const props = row?.document?.props;
    if (props?.until === undefined || props.until > at) continue;
    const event = { id, version: row!.version, props };
    await documents.apply(event, { signal, distrust: true });
  }
  await rows.flush();
}

/** Forgets indicators that are gone for long. */
async function forgetGone({ batches, now }: Upkeep): Promise<void> {
  const before = now() - FORGET_AFTER_MS;
  await batches.exclusively(async () => {
    const { documents, iocs } = batches.rows;
    for await (const { id, goneAt, props } of iocs.owners.list()) {
      if (props === undefined && goneAt !== undefined && goneAt < before) {
        await iocs.owners.setMany([[id, undefined]]);
      }
    }
    for await (const { id, goneAt } of documents.allDocuments()) {
      if (goneAt !== undefined && goneAt < before) {
        await documents.setDocument(id, undefined);
      }
    }
  });
}
