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

/** Which alerts are read. */
export interface AlertQuery {
  readonly query: Json | undefined;
  /** `@timestamp`, milliseconds since 1970; the second one is excluded. */
  readonly from: number;
  readonly to: number;
}

/** The search for alerts, oldest first. */
export function toAlertSearch({ query, from, to }: AlertQuery): Json {
  const range = {
    gte: new Date(from).toISOString(),
    lt: new Date(to).toISOString(),
    format: "strict_date_optional_time",
  };
  return {
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
        filter: [query ?? MATCH_ALERTS, { range: { "@timestamp": range } }],
      },
    },
  };
}
