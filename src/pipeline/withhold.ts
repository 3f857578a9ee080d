import type { StreamEvent } from "../opencti/event.ts";
import type { LedgerRow } from "../state/ledger.ts";
import type { ContentFilter } from "../targets/target.ts";

/** Events as the target's filter leaves them. */
export interface Withheld {
  /** What is delivered: with a delete for each object that may not stay. */
  readonly events: readonly StreamEvent[];
  /** By event as delivered: the event it stands for, and why. */
  readonly reasons: ReadonlyMap<
    StreamEvent,
    { readonly event: StreamEvent; readonly reason: string }
  >;
  /** What is not delivered at all, since the far side cannot hold it. */
  readonly dropped: ReadonlyMap<StreamEvent, string>;
}

/**
 * Puts the filter between the stream and a target. An object that does not
 * match, or no longer, is delivered as a delete, unless it cannot be there.
 *
 * @param former Rows of the ledger, as far as there are any.
 */
export async function withhold(
  events: readonly StreamEvent[],
  former: ReadonlyMap<StreamEvent, LedgerRow | undefined>,
  filter: ContentFilter,
  signal: AbortSignal,
): Promise<Withheld> {
  const delivered: StreamEvent[] = [];
  const reasons = new Map<
    StreamEvent,
    { event: StreamEvent; reason: string }
  >();
  const dropped = new Map<StreamEvent, string>();
  for (const event of events) {
    // What a container holds is the target's to judge, with `contents`.
    const reason = event.action === "delete" || event.outside === true
      ? undefined
      : await filter.reasonAgainst(event.object, signal);
    if (reason === undefined) delivered.push(event);
    else if (isSurelyAbsent(event, former.get(event))) {
      dropped.set(event, reason);
    } else {
      const { changed: _, reversePatch: __, ...rest } = event;
      const removal: StreamEvent = {
        ...rest,
        action: "delete",
        cause: "left-filter",
      };
      reasons.set(removal, { event, reason });
      delivered.push(removal);
    }
  }
  return { events: delivered, reasons, dropped };
}

/** Known not to be there, or just created and not settled before. */
function isSurelyAbsent(
  { cause }: StreamEvent,
  row: LedgerRow | undefined,
): boolean {
  return row === undefined
    ? cause === "created"
    : !row.isHeld && row.fate !== "rejected";
}
