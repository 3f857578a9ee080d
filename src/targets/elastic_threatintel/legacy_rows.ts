/**
 * The fields of the former connector, for rules that still use them. They were
 * never ECS.
 */
import {
  extension,
  isRecord,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  strings,
} from "../../stix/object.ts";
import type { Json } from "../_elastic/document.ts";
import {
  authorOf,
  descriptionOf,
  type Entity,
  type EntityRow,
  isDetection,
  isRevoked,
  labelsOf,
  scoreOf,
} from "../_elastic/entity_rows.ts";
import { tlpOf } from "../../stix/marking.ts";
import {
  confidenceWord,
  instant,
  keyword,
  number,
} from "../_elastic/values.ts";

const DATE = { type: "date" };
const KEYWORD = { type: "keyword", ignore_above: 1024 };
const LONG = { type: "long" };

/** Types of the fields below, as far as they are no keywords. */
// deno-fmt-ignore
export const LEGACY_TYPES: Readonly<Record<string, Json>> = {
  "threatintel.opencti.internal_id":  KEYWORD,
  "threatintel.opencti.valid_from":   DATE,
  "threatintel.opencti.valid_until":  DATE,
  "threatintel.opencti.created_at":   DATE,
  "threatintel.opencti.updated_at":   DATE,
  "threatintel.confidence":           LONG,
  "threatintel.indicator.ip":         { type: "ip" },
  "threatintel.indicator.as.number":  LONG,
  "threatintel.indicator.file.size":  LONG,
  "threatintel.indicator.port":       LONG,
};

/** Of the entity. */
// deno-fmt-ignore
const LEGACY_ENTITY_ROWS: readonly EntityRow[] = [
  // STIX 2.1 / OpenCTI      former connector                       how
  ["OCTI.score",             "event.risk_score_norm",               ({ object }) => confidenceWord(scoreOf(object))],
  ["labels",                 "labels",                              ({ object, context }) => context.labels === false ? undefined : nonEmpty(labelsOf(object))],
  ["confidence",             "threatintel.confidence",              ({ object }) => number(object.confidence)],
  ["confidence",             "threatintel.confidence_norm",         ({ object }) => confidenceWord(object.confidence)],
  ["valid_from",             "threatintel.opencti.valid_from",      ({ object }) => instant(object.valid_from)],
  ["valid_until",            "threatintel.opencti.valid_until",     ({ object }) => instant(object.valid_until)],
  ["OCTI.detection",         "threatintel.opencti.enable_detection", ({ object }) => isDetection(object)],
  ["pattern",                "threatintel.opencti.original_pattern", ({ object }) => keyword(object.pattern)],
  ["pattern_type",           "threatintel.opencti.pattern_type",    ({ object }) => keyword(object.pattern_type)],
  ["OCTI.created_at",        "threatintel.opencti.created_at",      ({ object }) => instant(extension(object, OCTI_EXTENSION).created_at ?? object.created)],
  ["OCTI.updated_at",        "threatintel.opencti.updated_at",      ({ object }) => instant(extension(object, OCTI_EXTENSION).updated_at ?? object.modified)],
  ["revoked",                "threatintel.opencti.revoked",         ({ object }) => isRevoked(object)],
  ["kill_chain_phases",      "threatintel.opencti.killchain_phases", killChain],
  ["MITRE.platforms",        "threatintel.opencti.mitre.platforms", ({ object }) => nonEmpty(strings(extension(object, MITRE_EXTENSION).platforms))],
  ["id",                     "threatintel.stix.id",                 ({ object }) => object.id],
  ["description",            "threatintel.indicator.description",   ({ object }) => descriptionOf(object)],
  ["created_by_ref",         "threatintel.indicator.provider",      ({ object, context }) => authorOf(object, context.names)],
  ["object_marking_refs",    "threatintel.indicator.marking.tlp",   tlp],
];

/**
 * Of one value. All but the type were lists, because one document held all
 * values of a pattern; here each has a document of its own.
 */
// deno-fmt-ignore
const LEGACY_VALUE_ROWS: readonly (readonly [from: string, to: string])[] = [
  // ECS                                    former connector
  ["threat.indicator.ip",                   "threatintel.indicator.ip"],
  ["threat.indicator.port",                 "threatintel.indicator.port"],
  ["threat.indicator.mac",                  "threatintel.indicator.mac"],
  ["threat.indicator.url.full",             "threatintel.indicator.url.full"],
  ["threat.indicator.email.address",        "threatintel.indicator.email.address"],
  ["opencti.display_name",                  "threatintel.indicator.email.display_name"],
  ["threat.indicator.file.hash.md5",        "threatintel.indicator.file.hash.md5"],
  ["threat.indicator.file.hash.sha1",       "threatintel.indicator.file.hash.sha1"],
  ["threat.indicator.file.hash.sha256",     "threatintel.indicator.file.hash.sha256"],
  ["threat.indicator.file.hash.sha384",     "threatintel.indicator.file.hash.sha384"],
  ["threat.indicator.file.hash.sha512",     "threatintel.indicator.file.hash.sha512"],
  ["threat.indicator.file.hash.ssdeep",     "threatintel.indicator.file.hash.ssdeep"],
  ["threat.indicator.file.hash.tlsh",       "threatintel.indicator.file.hash.tlsh"],
  ["threat.indicator.file.name",            "threatintel.indicator.file.name"],
  ["threat.indicator.file.size",            "threatintel.indicator.file.size"],
  ["threat.indicator.file.mime_type",       "threatintel.indicator.file.mime_type"],
  ["threat.indicator.as.number",            "threatintel.indicator.as.number"],
  ["threat.indicator.as.organization.name", "threatintel.indicator.as.organization.name"],
  ["opencti.rir",                           "threatintel.indicator.as.regional_internet_registry"],
];

/** All former fields of one ECS document, by full path. */
export function* legacyFields(
  entity: Entity,
  document: Json,
): Generator<[path: string, value: unknown]> {
  for (const [, to, how] of LEGACY_ENTITY_ROWS) yield [to, how(entity)];
  const type = fieldAt(document, "threat.indicator.type");
  yield ["threatintel.indicator.type", type];
  for (const [from, to] of LEGACY_VALUE_ROWS) {
    const value = fieldAt(document, from);
    if (value !== undefined) yield [to, [value].flat()];
  }
  // `domain` was for names alone, not for the host of a URL.
  const domain = fieldAt(document, "threat.indicator.url.domain");
  if (domain !== undefined && type === "domain-name") {
    yield ["threatintel.indicator.domain", [domain]];
  }
}

function fieldAt(document: Json, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split(".")) {
    value = isRecord(value) ? value[name] : undefined;
  }
  return value;
}

function killChain({ object }: Entity): unknown {
  const { kill_chain_phases: phases } = object;
  if (!Array.isArray(phases)) return undefined;
  return nonEmpty(
    phases.filter(isRecord).map((phase) => ({
      killchain_name: keyword(phase.kill_chain_name),
      phase_name: keyword(phase.phase_name),
      opencti_phase_order: number(phase.x_opencti_order),
    })),
  );
}

function tlp({ object, context }: Entity): string[] | undefined {
  const level = tlpOf(
    strings(object.object_marking_refs).map((id) => ({
      id,
      definition: context.markings.get(id),
    })),
  );
  return level === undefined ? undefined : [`tlp:${level}`.toLowerCase()];
}

function nonEmpty<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length === 0 ? undefined : list;
}
