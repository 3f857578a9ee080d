/** How the index of threat documents is set up. */
import { isRecord } from "../../stix/object.ts";
import type { Json } from "./document.ts";

/** How documents are kept. */
export type IndexMode = "index" | "data_stream" | "lookup";

/**
 * Above Elastic's built-in templates (100), Fleet's (200) and that of the
 * former Python connector (500).
 */
const PRIORITY = 501;

const DATE = { type: "date" };
const LONG = { type: "long" };
const KEYWORD = { type: "keyword" };
const WILDCARD = { type: "wildcard" };
const BOOLEAN = { type: "boolean" };

/** Types of the fields that are not plain keywords; the rest are keywords. */
// deno-fmt-ignore
const FIELD_TYPES: Readonly<Record<string, Json>> = {
  "@timestamp":                                   DATE,
  "opencti_doc_id":                               KEYWORD,
  "event.created":                                DATE,
  "event.ingested":                               DATE,
  "event.risk_score":                             { type: "float" },
  "threat.indicator.ip":                          { type: "ip" },
  "threat.indicator.port":                        LONG,
  "threat.indicator.confidence":                  KEYWORD,
  "threat.indicator.query":                       { type: "text" },
  "threat.indicator.first_seen":                  DATE,
  "threat.indicator.last_seen":                   DATE,
  "threat.indicator.modified_at":                 DATE,
  "threat.indicator.as.number":                   LONG,
  "threat.indicator.url.full":                    WILDCARD,
  "threat.indicator.url.original":                WILDCARD,
  "threat.indicator.url.path":                    WILDCARD,
  "threat.indicator.url.port":                    LONG,
  "threat.indicator.file.size":                   LONG,
  "threat.indicator.file.created":                DATE,
  "threat.indicator.file.mtime":                  DATE,
  "threat.indicator.file.accessed":               DATE,
  "threat.indicator.registry.data.strings":       WILDCARD,
  "threat.indicator.x509.not_before":             DATE,
  "threat.indicator.x509.not_after":              DATE,
  "threat.indicator.x509.public_key_exponent":    LONG,
  "related.ip":                                   { type: "ip" },
  "opencti.valid_from":                           DATE,
  "opencti.valid_until":                          DATE,
  "opencti.expires_at":                           DATE,
  "opencti.cidr":                                 { type: "ip_range" },
  "opencti.score":                                LONG,
  "opencti.confidence":                           LONG,
  "opencti.event_version":                        LONG,
  "opencti.pid":                                  LONG,
  "opencti.revoked":                              BOOLEAN,
  "opencti.detection":                            BOOLEAN,
  "opencti.pattern_complete":                     BOOLEAN,
  // The raw object: kept, not searchable.
  "stix":                                         { type: "object", enabled: false },
};

/**
 * Settings and mappings of the index itself.
 *
 * @param more Types of further fields.
 */
export function indexBody(
  mode: IndexMode,
  more: Readonly<Record<string, Json>> = {},
): Json {
  return {
    settings: {
      index: {
        // No number_of_shards: it is 1 by default, as a lookup index demands,
        // and serverless refuses the setting.
        refresh_interval: "5s",
        ...(mode === "lookup" ? { mode: "lookup" } : {}),
      },
    },
    mappings: {
      date_detection: false,
      // Lucene refuses keywords above 32,766 bytes, hence `ignore_above`.
      dynamic_templates: [{
        strings: {
          match_mapping_type: "string",
          mapping: { type: "keyword", ignore_above: 1024 },
        },
      }],
      properties: toProperties({ ...FIELD_TYPES, ...more }),
    },
  };
}

/**
 * The index template for a name: body of `PUT /_index_template/<name>`.
 * Changes to it never reach indices that exist.
 */
export function indexTemplate(name: string, mode: IndexMode): Json {
  return {
    index_patterns: [name, `${name}-*`],
    priority: PRIORITY,
    _meta: { managed_by: "opencti-relay" },
    ...(mode === "data_stream" ? { data_stream: {} } : {}),
    template: indexBody(mode),
  };
}

/**
 * Name of the index template. For the default index it is the name that the
 * former Python connector used, so that its template is replaced.
 */
export function templateName(index: string): string {
  return index.replace(/\.indicator$/, "");
}

/**
 * True where the stored template says what ours says. Elasticsearch gives
 * settings back as text and adds defaults of its own, which do not count.
 */
export function isSameTemplate(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(stored) && stored.length === wanted.length &&
      wanted.every((item, at) => isSameTemplate(stored[at], item));
  }
  if (isRecord(wanted)) {
    return isRecord(stored) &&
      Object.entries(wanted).every(([name, value]) =>
        isSameTemplate(stored[name], value)
      );
  }
  return `${stored}` === `${wanted}`;
}

/** Types by full path → `properties` of a mapping. */
export function toProperties(types: Readonly<Record<string, Json>>): Json {
  const root: Json = {};
  for (const [path, type] of Object.entries(types)) {
    const names = path.split(".");
    const last = names.pop() as string;
    let place = root;
    for (const name of names) {
      place[name] ??= { properties: {} };
      place = (place[name] as { properties: Json }).properties;
    }
    place[last] = type;
  }
  return root;
}
