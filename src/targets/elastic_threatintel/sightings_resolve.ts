import type { DocumentPlace } from "../_elastic/point_in_time.ts";
import type { Json } from "../_elastic/document.ts";
import type { SightingsOptions } from "./sightings_options.ts";
import { type Alert, fieldAt, type Match, textsAt } from "./sightings_alert.ts";
import { patternsOf } from "./sightings_pattern.ts";

/** What of a matched document names the indicator, ours and the old one's. */
const ID_FIELDS: readonly string[] = [
  "opencti.internal_id",
  "threat.indicator.id",
  "threatintel.opencti.internal_id",
  "threatintel.stix.id",
];
const FEED_FIELD = "threat.feed.name";

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** Internal id, or STIX id. */
const OPENCTI_ID = new RegExp(`^(?:[a-z][a-z0-9-]*--)?${UUID}$`);
/** `_id` of a document in `ecs` mode; further ones have a hash behind it. */
const DOCUMENT_ID = new RegExp(`^(${UUID})(?:-[0-9a-f]{16})?$`);

const DOCUMENTS_PER_READ = 100;
/** Answers kept from page to page. */
const MAX_ANSWERS = 20_000;

/** What is known of a match on the way to its indicator. */
interface Search {
  readonly alert: Alert;
  readonly match: Match;
  /** Ids that were stated somewhere. */
  stated: readonly string[];
  isOurs: boolean;
  found: readonly string[];
}

/**
 * Finds the indicators that alerts matched: by the id that the alert states,
 * by the id of the matched document, by what that document states, and for our
 * own feed by the value. Answers hold for one round.
 */
export class Resolver {
  /** Reason to number of matches, but for alerts without any. */
  readonly skipped = new Map<string, number>();
  readonly #options: SightingsOptions;
  readonly #ownIndex: RegExp;
  readonly #ids = new Map<string, string | undefined>();
  readonly #documents = new Map<string, Json | undefined>();
  readonly #values = new Map<string, readonly string[]>();

  constructor(options: SightingsOptions) {
    this.#options = options;
    this.#ownIndex = patternOf(options.settings.ownIndices);
  }

  /** Internal ids of the indicators of each alert, each once. */
  async resolve(
    alerts: readonly Alert[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Alert, readonly string[]>> {
    for (const answers of [this.#ids, this.#documents, this.#values]) {
      if (answers.size > MAX_ANSWERS) answers.clear();
    }
    const searches = alerts.flatMap((alert) => this.#searchesOf(alert));
    await this.#byStatedIds(searches, signal);
    const open = searches.filter(({ found }) => found.length === 0);
    await this.#readDocuments(open, signal);
    await this.#byStatedIds(open, signal);
    for (const search of open) {
      if (search.found.length === 0) await this.#last(search, signal);
    }
    const indicators = new Map<Alert, string[]>();
    for (const { alert, found } of searches) {
      const known = indicators.get(alert) ?? [];
      indicators.set(alert, [...new Set([...known, ...found])]);
    }
    return indicators;
  }

  #searchesOf(alert: Alert): Search[] {
    if (alert.matches.length === 0) this.#skip("alert without a match");
    const { feedName } = this.#options.settings;
    return alert.matches.map((match) => {
      const [, ofDocument] = DOCUMENT_ID.exec(match.document?.id ?? "") ?? [];
      return {
        alert,
        match,
        stated: [
          ...match.ids.filter((id) => OPENCTI_ID.test(id)),
          ...(ofDocument === undefined ? [] : [ofDocument]),
        ],
        isOurs: match.feed === undefined
          ? match.document !== undefined &&
            this.#ownIndex.test(match.document.index)
          : match.feed === feedName,
        found: [],
      };
    });
  }

  async #byStatedIds(
    searches: readonly Search[],
    signal: AbortSignal,
  ): Promise<void> {
    const wanted = new Set(searches.flatMap(({ stated }) => stated));
    const missing = [...wanted].filter((id) => !this.#ids.has(id));
    const known = await this.#options.opencti.idsOf(missing, signal);
    for (const id of missing) this.#ids.set(id, known.get(id));
    for (const search of searches) {
      // Several ids of one document are one object; the first counts.
      const id = search.stated.map((stated) => this.#ids.get(stated))
        .find((answer) => answer !== undefined);
      if (id !== undefined) search.found = [id];
    }
  }

  /** Adds what the matched documents state. */
  async #readDocuments(
    searches: readonly Search[],
    signal: AbortSignal,
  ): Promise<void> {
    const places = new Map<string, DocumentPlace>();
    for (const { match: { document } } of searches) {
      if (document === undefined) continue;
      const key = keyOf(document);
      if (!this.#documents.has(key)) places.set(key, document);
    }
    const entries = [...places];
    for (let start = 0; start < entries.length; start += DOCUMENTS_PER_READ) {
      const chunk = entries.slice(start, start + DOCUMENTS_PER_READ);
      const sources = await this.#options.elastic.readDocuments(
        chunk.map(([, place]) => place),
        [...ID_FIELDS, FEED_FIELD],
        signal,
      );
      for (const [at, [key]] of chunk.entries()) {
        this.#documents.set(key, sources[at]);
      }
    }
    for (const search of searches) {
      const { document } = search.match;
      const source = document && this.#documents.get(keyOf(document));
      if (source === undefined) continue;
      const ids = ID_FIELDS.flatMap((field) => textsAt(source, field));
      search.stated = [
        ...search.stated,
        ...ids.filter((id) => OPENCTI_ID.test(id)),
      ];
      search.isOurs ||=
        fieldAt(source, FEED_FIELD) === this.#options.settings.feedName ||
        fieldAt(source, "threatintel.opencti.internal_id") !== undefined;
    }
  }

  async #last(search: Search, signal: AbortSignal): Promise<void> {
    const { isOurs, match: { type, value }, stated } = search;
    if (!isOurs) return this.#skip("match of another feed");
    if (stated.length > 0) {
      return this.#skip("OpenCTI no longer has the indicator");
    }
    if (value !== undefined) {
      search.found = await this.#byValue({ type, value }, signal);
    }
    if (search.found.length === 0) this.#skip("no indicator with this value");
  }

  async #byValue(
    { type, value }: { type: string | undefined; value: string },
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const patterns = patternsOf(type, value);
    const key = JSON.stringify(patterns);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const found = await this.#options.opencti
      .indicatorsByPattern(patterns, signal);
    this.#values.set(key, found);
    return found;
  }

  #skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }
}

function keyOf({ index, id }: DocumentPlace): string {
  return JSON.stringify([index, id]);
}

/** A test for any of some names, in which `*` stands for anything. */
function patternOf(names: readonly string[]): RegExp {
  const parts = names.map((name) =>
    name.split("*").map((part) => part.replace(/[^a-z0-9]/gi, "\\$&"))
      .join(".*")
  );
  return new RegExp(`^(?:${parts.join("|")})$`, "s");
}
