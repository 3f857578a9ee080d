/** How the indices of this target are set up. */
import { OCTI_EXTENSION } from "../../stix/object.ts";
import type { Json } from "../_elastic/document.ts";
import { indexBody, toProperties } from "../_elastic/template.ts";
import { type ThreatintelConfig, usesAlias } from "./config.ts";
import { LEGACY_TYPES } from "./legacy_rows.ts";

/**
 * Above Elastic's built-in templates (100) and Fleet's (200), and not that of
 * the other target, whose pattern may overlap.
 */
const PRIORITY = 502;

/** `_meta.managed_by` of our templates. */
export const MANAGED_BY = "opencti-relay";

/**
 * Body of the lifecycle policy. It deletes nothing: indicators live for years,
 * and those that expire are removed one by one.
 */
export const LIFECYCLE_POLICY = {
  phases: {
    hot: {
      actions: {
        rollover: { max_age: "30d", max_primary_shard_size: "50gb" },
      },
    },
  },
};

/**
 * Settings and mappings of an index.
 *
 * @param hasLifecycle Whether the cluster has ILM.
 */
export function bodyOf(config: ThreatintelConfig, hasLifecycle: boolean): Json {
  if (config.mode === "stix") return STIX_BODY;
  const { settings, mappings } = indexBody("index", LEGACY_TYPES);
  return {
    settings: {
      index: {
        ...(settings as { index: Json }).index,
        ...(usesAlias(config) && hasLifecycle
          ? {
            lifecycle: {
              name: config.ilm_policy_name,
              rollover_alias: config.ilm_rollover_alias,
            },
          }
          : {}),
      },
    },
    mappings,
  };
}

/**
 * Body of the index template. It names no alias: with one in it, every index
 * that ILM makes would be in the alias before its time, and ILM would stop.
 */
export function templateOf(
  config: ThreatintelConfig,
  hasLifecycle: boolean,
): Json {
  return {
    index_patterns: config.template_pattern.split(","),
    priority: PRIORITY,
    _meta: { managed_by: MANAGED_BY },
    template: bodyOf(config, hasLifecycle),
  };
}

const KEYWORD = { type: "keyword", ignore_above: 1024 };
// A value that is no date costs that field, not the document.
const DATE = { type: "date", ignore_malformed: true };
const LONG = { type: "long", ignore_malformed: true };

/** What of raw STIX can be searched. */
// deno-fmt-ignore
const STIX_TYPES: Readonly<Record<string, Json>> = {
  "@timestamp":          { type: "date" },
  "id":                  KEYWORD,
  "type":                KEYWORD,
  "spec_version":        KEYWORD,
  "name":                KEYWORD,
  "value":               KEYWORD,
  "description":         { type: "text" },
  "labels":              KEYWORD,
  "pattern":             KEYWORD,
  "pattern_type":        KEYWORD,
  "relationship_type":   KEYWORD,
  "source_ref":          KEYWORD,
  "target_ref":          KEYWORD,
  "sighting_of_ref":     KEYWORD,
  "where_sighted_refs":  KEYWORD,
  "object_refs":         KEYWORD,
  "created_by_ref":      KEYWORD,
  "object_marking_refs": KEYWORD,
  "confidence":          LONG,
  "created":             DATE,
  "modified":            DATE,
  "valid_from":          DATE,
  "valid_until":         DATE,
  [`extensions.${OCTI_EXTENSION}.id`]:   KEYWORD,
  [`extensions.${OCTI_EXTENSION}.type`]: KEYWORD,
};

/**
 * Raw STIX has keys of any name (hashes, extensions): a mapping that grew with
 * them would reach the limit of 1,000 fields, and one entity's text would be
 * another's number. Hence what is not listed is kept, and not searchable.
 */
const STIX_BODY: Json = {
  settings: { index: { refresh_interval: "5s" } },
  mappings: { dynamic: false, properties: toProperties(STIX_TYPES) },
};
