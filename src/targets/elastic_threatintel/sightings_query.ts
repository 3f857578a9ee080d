import type { Json } from "../_elastic/document.ts";
import { ALERT_FIELDS } from "./sightings_alert.ts";

/** Alerts of indicator match rules, under the names of 8.x and of 7.x. */
const MATCH_ALERTS: Json = {
  bool: {
    minimum_should_match: 1,
    should: [
      { term: { "kibana.alert.rule.type": "threat_match" } },
      { term: { "signal.rule.type": "threat_match" } },
    ],
  },
};

/** How long a point in time lives without a search. */
export const KEEP_ALIVE = "2m";

/** A page of alerts. */
export interface PageQuery {
  readonly pit: string;
  readonly size: number;
  readonly query: Json | undefined;
  /** `@timestamp`, milliseconds since 1970; the second one is excluded. */
  readonly from: number;
  readonly to: number;
  /** Sort values of the last hit before. */
  readonly after: readonly unknown[] | undefined;
}

/** The body of `_search`. */
export function toSearchBody(page: PageQuery): Json {
  const range = {
    gte: new Date(page.from).toISOString(),
    lt: new Date(page.to).toISOString(),
    format: "strict_date_optional_time",
  };
  return {
    size: page.size,
    pit: { id: page.pit, keep_alive: KEEP_ALIVE },
    track_total_hits: false,
    sort: [{
      "@timestamp": {
        order: "asc",
        format: "strict_date_optional_time_nanos",
        // A pattern of one's own may reach an index that has no such field.
        unmapped_type: "date",
      },
    }],
    _source: [...ALERT_FIELDS],
    query: {
      bool: {
        filter: [
          page.query ?? MATCH_ALERTS,
          { range: { "@timestamp": range } },
        ],
      },
    },
    ...(page.after === undefined ? {} : { search_after: page.after }),
  };
}
