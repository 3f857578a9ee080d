import { z } from "zod";
import { ConfigError } from "../errors.ts";
import {
  booleanField,
  commaList,
  duration,
  type Field,
  field,
  integer,
  quoted,
  scalarText,
  textFile,
} from "./fields.ts";

/** TLP levels as they are written here, the most open first. */
const TLP = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"] as const;

/** Most open level first; "TLP:" in front and WHITE for CLEAR are read too. */
export type TlpCeiling = typeof TLP[number];

/** What of its stream a target may carry. No key: all of it. */
export const FILTER_SCHEMA = z.strictObject({
  types: commaList().optional().describe(
    "Only these types, STIX's or OpenCTI's names: indicator, report, " +
      "domain-name, IPv4-Addr",
  ),
  pattern_types: commaList().optional().describe(
    "Indicators only of these pattern types: stix, sigma, yara",
  ),
  labels_any: commaList().optional().describe(
    "Only what has at least one of these labels",
  ),
  labels_none: commaList().optional().describe(
    "Nothing that has one of these labels",
  ),
  min_score: integer({ min: 0, max: 100 }).optional().describe(
    "Indicators and observables only with at least this score",
  ),
  min_confidence: integer({ min: 0, max: 100 }).optional().describe(
    "Only what has at least this confidence; observables have none and pass",
  ),
  authors: commaList().optional().describe(
    "Only what one of these authors made: names, or ids of identities",
  ),
  max_tlp: tlpCeiling().optional().describe(
    "Nothing marked above this: CLEAR, GREEN, AMBER, AMBER+STRICT or RED. " +
      "What has no TLP marking passes",
  ),
  max_age: duration().optional().describe(
    "Nothing that was last changed longer ago, when its event arrives",
  ),
  detection_only: booleanField().optional().describe(
    "Indicators only with OpenCTI's detection flag",
  ),
  exclude_values: commaList().optional().describe(
    "Nothing that names one of these values: a domain with its subdomains " +
      "(.example.org), an address or network (10.0.0.0/8), a hash, or " +
      "exactly this value",
  ),
  exclude_values_file: textFile().optional().describe(
    "File with more such values, one per line; # begins a comment",
  ),
});

/** How many deletes a target follows before a person is asked. */
export const DELETE_BUDGET_SCHEMA = z.strictObject({
  count: integer({ min: 0 }).optional().describe(
    "Deletes that are always followed. Default: 1000",
  ),
  share: integer({ min: 0, max: 100 }).optional().describe(
    "Percent of what the target holds that may be deleted beyond that; 100 " +
      "switches the budget off. Default: 25",
  ),
  window: duration().optional().describe(
    "Time within which deletes are counted. Default: 1h",
  ),
});

/** Both, as `connector` and each target have them. */
export const GUARD_SHAPE = {
  filter: FILTER_SCHEMA.optional().describe(
    "What may reach a target; what no longer matches is removed from it. " +
      "Default: everything",
  ),
  delete_budget: DELETE_BUDGET_SCHEMA.optional().describe(
    "More deletes than both limits pause the target until a person resumes it",
  ),
};

function tlpCeiling(): Field<TlpCeiling> {
  return field((value) => {
    const written = scalarText(value).toUpperCase().replace(/^TLP:/, "");
    const name = written === "WHITE" ? "CLEAR" : written;
    const level = TLP.find((known) => known === name.replace(/[-_ ]/g, "+"));
    if (level === undefined) {
      throw new ConfigError(
        `${quoted(scalarText(value))} is no TLP level; use ${TLP.join(", ")}`,
      );
    }
    return level;
  }, { type: "string" });
}
