import type { BackoffOptions } from "../../backoff.ts";
import type { Log } from "../../observability/log.ts";
import type {
  SightingPlace,
  SightingsClient,
} from "../../opencti/sightings.ts";
import type { Tlp } from "../../stix/marking.ts";
import type { PointInTimeClient } from "../_elastic/point_in_time.ts";
import type { Json } from "../_elastic/document.ts";
import type { TargetState } from "../target.ts";

/** The settings `elastic.signals.*`, `elastic.sightings_tlp` and the like. */
export interface SightingsSettings {
  /** `elastic.signals.query_interval`. */
  readonly intervalMs: number;
  /** `elastic.signals.lookback_interval`: how late an alert may appear. */
  readonly lookbackMs: number;
  /** `elastic.signals.signal_index`: names and patterns, comma-separated. */
  readonly alertIndex: string;
  /** The `query` of `elastic.signals.query`. Default: indicator matches. */
  readonly query?: Json | undefined;
  /** `connector.entity_name` and its description. */
  readonly place: SightingPlace;
  /** 0 to 100. */
  readonly confidence: number;
  /** `elastic.sightings_tlp`. */
  readonly tlp?: Tlp | undefined;
  /** `threat.feed.name` of our documents. */
  readonly feedName: string;
  /** Patterns with `*` for the indices of our documents. */
  readonly ownIndices: readonly string[];
}

/** What the poller works with. */
export interface SightingsOptions {
  readonly elastic: PointInTimeClient;
  readonly opencti: SightingsClient;
  /** Its rows are below `"sightings"`. */
  readonly state: TargetState;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
  readonly settings: SightingsSettings;
  /** Default 1 s to 60 s. */
  readonly backoff?: BackoffOptions;
  /**
   * How long a write whose answer was lost may still be under way at the
   * platform, before it is looked for. Default 30,000.
   */
  readonly readBackAfterMs?: number;
  /** Alerts per search. Default 500. */
  readonly pageSize?: number;
}
