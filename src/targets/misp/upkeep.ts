/** Work that no event asks for: publishing, links that failed, old rows. */
import { sleep } from "../../backoff.ts";
import { publishDue, type Publisher } from "./publish.ts";
import type { ReferenceKeeper } from "./reference_keeper.ts";

/** What upkeep works on. */
export interface Upkeep extends Publisher {
  readonly references: ReferenceKeeper;
}

const ROUND_MS = 10_000;
/** Rounds between two tries of what OpenCTI refused. */
const ROUNDS_PER_RETRY = 30;
const ROUNDS_PER_DAY = 8_640;
/** As long as the ledger of all targets remembers what is gone. */
const GONE_MS = 30 * 86_400_000;
/** What a program that stops may still take for publishing. */
const LAST_MS = 10_000;

/**
 * Publishes changed events once they are quiet, and writes the links to them
 * that could not be written, until `signal` is aborted. Then it publishes what
 * still waits: nobody may start the program again for long.
 */
export async function keepUp(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let round = 0; !signal.aborted; round++) {
      if (round % ROUNDS_PER_RETRY === 0) {
        await retryReferences(upkeep, signal);
      }
      if (round % ROUNDS_PER_DAY === 0) {
        await upkeep.ledger.forgetGone(upkeep.now() - GONE_MS);
      }
      await publishDue(upkeep, { all: false, signal });
      await sleep(ROUND_MS, signal);
    }
  } catch (error) {
    // Being stopped in the middle of a call is a proper end.
    if (!signal.aborted) throw error;
  }
  const last = AbortSignal.timeout(LAST_MS);
  await publishDue(upkeep, { all: true, signal: last }).catch((error) => {
    if (!last.aborted) throw error;
    upkeep.log.warn("changed events are published at the next start");
  });
}

async function retryReferences(
  { ledger, references }: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  const open = await ledger.openReferences();
  if (open.length === 0) return;
  await references.retry(signal);
  await ledger.flush();
}
