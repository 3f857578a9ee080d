import type { SightedSpan } from "../../opencti/sightings.ts";
import type { StateKey, TargetState } from "../target.ts";

/**
 * What the poller remembers, so that each alert counts once across crashes.
 *
 * | key below `sightings`  | value                                            |
 * | ---------------------- | ------------------------------------------------ |
 * | `cursor`               | how far alerts were read                         |
 * | `page`, number         | ids of alerts, and what they count for           |
 * | `count`, indicator     | what is not yet, or perhaps not yet, in OpenCTI  |
 * | `place`                | the identity that sees                           |
 *
 * Alerts and what they count for are one row, so they are remembered together
 * or not at all. A page is then added to the counts; each count knows the
 * last page in it, so this may be done again after a crash. Only when all
 * counts are on disk the page forgets what it counted for.
 */
export const keys = {
  cursor: ["sightings", "cursor"] as StateKey,
  place: ["sightings", "place"] as StateKey,
  pages: ["sightings", "page"] as StateKey,
  counts: ["sightings", "count"] as StateKey,
  page: (number: number): StateKey => ["sightings", "page", number],
  count: (indicator: string): StateKey => ["sightings", "count", indicator],
};

/** An alert and the indicators it counts for. */
export interface CountedAlert {
  readonly id: string;
  readonly at: number;
  readonly seenAt: number;
  readonly indicators: readonly string[];
}

/** What is to be sent about one indicator. */
export interface CountRow {
  /** The last page that is in `open`. */
  readonly page: number;
  /** Not sent yet. */
  readonly open?: SightedSpan | undefined;
  /** Sent at `at`, or about to be; OpenCTI may have it or not. */
  readonly sent?: (SightedSpan & { readonly at: number }) | undefined;
}

interface CursorRow {
  /** Alerts before this time were read, but for late ones. */
  readonly at: number;
  /** From here on the ids of all alerts that were read are remembered. */
  readonly floor: number;
  /** The highest page there was. */
  readonly page: number;
}

interface PageRow {
  /** `@timestamp` of the newest alert. */
  readonly until: number;
  readonly alerts: readonly string[];
  /** Gone when it was added to the counts. */
  readonly counted?: readonly (readonly [indicator: string, SightedSpan])[];
}

/** A row may have 64 KiB; what V8 adds to the texts is below the rest. */
const PAGE_CHARS = 24_000;
/** What a span and the frame of an entry take. */
const SPAN_CHARS = 50;

/** How far alerts were read, and which ones. */
export class Ledger {
  readonly #state: TargetState;
  readonly #lookbackMs: number;
  readonly #pages = new Map<number, PageRow>();
  readonly #seen = new Set<string>();
  #cursor: CursorRow;

  private constructor(
    state: TargetState,
    { lookbackMs, cursor }: { lookbackMs: number; cursor: CursorRow },
  ) {
    this.#state = state;
    this.#lookbackMs = lookbackMs;
    this.#cursor = cursor;
  }

  /** Loads what is remembered and finishes what a crash interrupted. */
  static async open(
    state: TargetState,
    { lookbackMs, now }: { lookbackMs: number; now: number },
  ): Promise<Ledger> {
    const saved = await state.get<CursorRow>(keys.cursor);
    const at = now - lookbackMs;
    const cursor = saved ?? { at, floor: at - lookbackMs, page: 0 };
    const ledger = new Ledger(state, { lookbackMs, cursor });
    for await (const { key, value } of state.list<PageRow>(keys.pages)) {
      ledger.#remember(Number(key.at(-1)), value);
    }
    for (const [number, page] of ledger.#pages) {
      if (page.counted !== undefined) await ledger.#count(number, page);
    }
    if (saved === undefined) {
      state.set(keys.cursor, ledger.#cursor);
      await state.flush();
    }
    return ledger;
  }

  /** `@timestamp` from which alerts are read, so that late ones are found. */
  get from(): number {
    // A look-back that grew reaches alerts whose ids were forgotten.
    return Math.max(this.#cursor.at - this.#lookbackMs, this.#cursor.floor);
  }

  /** True for an alert that was counted. */
  has(alert: string): boolean {
    return this.#seen.has(alert);
  }

  /** Counts alerts. They are on disk when this resolves. */
  async record(alerts: readonly CountedAlert[]): Promise<void> {
    for (const page of inPages(alerts)) {
      const number = this.#cursor.page + 1;
      this.#state.set(keys.page(number), page);
      await this.#state.flush();
      this.#remember(number, page);
      await this.#count(number, page);
    }
  }

  /** Alerts before `at` were read: older ids than needed are forgotten. */
  async advance(at: number): Promise<void> {
    if (at <= this.#cursor.at) return;
    const floor = Math.max(at - this.#lookbackMs, this.#cursor.floor);
    this.#cursor = { ...this.#cursor, at, floor };
    this.#state.set(keys.cursor, this.#cursor);
    // Committed in this order: no id goes before the cursor has passed it.
    for (const [number, page] of this.#pages) {
      if (page.until >= floor) continue;
      this.#pages.delete(number);
      for (const alert of page.alerts) this.#seen.delete(alert);
      this.#state.delete(keys.page(number));
    }
    await this.#state.flush();
  }

  #remember(number: number, page: PageRow): void {
    this.#pages.set(number, page);
    for (const alert of page.alerts) this.#seen.add(alert);
    const newest = Math.max(this.#cursor.page, number);
    this.#cursor = { ...this.#cursor, page: newest };
  }

  /** Adds a page to the counts, where it is not in them yet. */
  async #count(number: number, page: PageRow): Promise<void> {
    const { counted = [], ...rest } = page;
    const rowKeys = counted.map(([indicator]) => keys.count(indicator));
    const rows = await this.#state.getMany<CountRow>(rowKeys);
    for (const [at, [indicator, span]] of counted.entries()) {
      const row = rows[at];
      if (row !== undefined && row.page >= number) continue;
      const open = row?.open === undefined ? span : together(row.open, span);
      this.#state.set(keys.count(indicator), { ...row, page: number, open });
    }
    // Committed in this order: the page is last.
    this.#state.set(keys.page(number), rest);
    await this.#state.flush();
    this.#pages.set(number, rest);
  }
}

/** Both counted, from the first to the last moment. */
export function together(a: SightedSpan, b: SightedSpan): SightedSpan {
  return {
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
    count: a.count + b.count,
  };
}

/** As many alerts to a page as one row can hold. */
function* inPages(alerts: readonly CountedAlert[]): Generator<PageRow> {
  let taken: CountedAlert[] = [];
  let chars = 0;
  for (const alert of alerts) {
    const more = alert.id.length + alert.indicators.reduce(
      (sum, indicator) => sum + indicator.length + SPAN_CHARS,
      SPAN_CHARS,
    );
    if (taken.length > 0 && chars + more > PAGE_CHARS) {
      yield toPage(taken);
      taken = [];
      chars = 0;
    }
    taken.push(alert);
    chars += more;
  }
  if (taken.length > 0) yield toPage(taken);
}

function toPage(alerts: readonly CountedAlert[]): PageRow {
  const counted = new Map<string, SightedSpan>();
  for (const { seenAt, indicators } of alerts) {
    const span = { first: seenAt, last: seenAt, count: 1 };
    for (const indicator of new Set(indicators)) {
      const known = counted.get(indicator);
      counted.set(indicator, known ? together(known, span) : span);
    }
  }
  return {
    until: alerts.reduce((newest, { at }) => Math.max(newest, at), 0),
    alerts: alerts.map(({ id }) => id),
    counted: [...counted],
  };
}
