/** From the alert indices to what the state holds of them. */
import { TransientError } from "../../errors.ts";
import { KEEP_ALIVE, Pages } from "../_elastic/pages.ts";
import type { SightingsOptions } from "./sightings_options.ts";
import { type Alert, toAlert } from "./sightings_alert.ts";
import { Ledger } from "./sightings_ledger.ts";
import { toAlertSearch } from "./sightings_query.ts";
import { Resolver } from "./sightings_resolve.ts";

/** What became of the alerts of one round. */
export interface ReadAlerts {
  /** Those that no earlier round had. */
  readonly alerts: number;
  /** Reason to number of matches. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** An alert is searchable this long after its `@timestamp`, at the earliest. */
const SETTLE_MS = 30_000;
/** Points in time that may expire one after the other without a new page. */
const MAX_EXPIRED = 5;

/**
 * Counts the alerts since the last round, and those that came late, into the
 * ledger, page by page.
 */
export async function readAlerts(
  options: SightingsOptions,
  signal: AbortSignal,
): Promise<ReadAlerts> {
  const { elastic, settings, state } = options;
  const { lookbackMs } = settings;
  const now = options.now();
  const ledger = await Ledger.open(state, { lookbackMs, now });
  const resolver = new Resolver(options);
  const to = now - SETTLE_MS;
  let { from } = ledger;
  let alerts = 0;
  for (let expired = 0; from < to;) {
    const pit = await elastic.openPointInTime(
      settings.alertIndex,
      KEEP_ALIVE,
      signal,
    );
    // No alert index yet: what it will hold is read from here on.
    if (pit === undefined) break;
    const search = toAlertSearch({ query: settings.query, from, to });
    const pages = new Pages({ ...options, search }, pit);
    try {
      for (
        let page = await pages.next(signal);
        page !== undefined && page.hits.length > 0;
        page = await pages.next(signal)
      ) {
        const read = page.hits.flatMap((hit) => toAlert(hit) ?? []);
        alerts += await record(read, { ledger, resolver, signal });
        const reached = read.at(-1)?.at ?? from;
        if (reached > from) expired = 0;
        from = reached;
      }
    } finally {
      await pages.close(signal);
    }
    if (pages.isComplete) {
      await ledger.advance(to);
      break;
    }
    // The next one goes on from the last page; its alerts are known by id.
    if (++expired > MAX_EXPIRED) {
      throw new TransientError(
        "Cannot read alerts: the point in time expires during the search",
      );
    }
  }
  return { alerts, skipped: resolver.skipped };
}

/** Counts those alerts of a page that are new. */
async function record(
  read: readonly Alert[],
  { ledger, resolver, signal }: {
    ledger: Ledger;
    resolver: Resolver;
    signal: AbortSignal;
  },
): Promise<number> {
  const fresh = new Map(
    read.filter(({ id }) => !ledger.has(id)).map((alert) => [alert.id, alert]),
  );
  const last = read.at(-1);
  if (fresh.size === 0 || last === undefined) return 0;
  const indicators = await resolver.resolve([...fresh.values()], signal);
  await ledger.record(
    [...fresh.values()].map((alert) => ({
      id: alert.id,
      at: alert.at,
      seenAt: alert.seenAt,
      indicators: indicators.get(alert) ?? [],
    })),
  );
  await ledger.advance(last.at);
  return fresh.size;
}
