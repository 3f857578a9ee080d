/**
 * What Elasticsearch and Kibana must hold after a stream, from the independent
 * model, and what they do hold. The mapping of one object alone is the
 * program's own: it has its tests elsewhere.
 */
import { isDeepStrictEqual } from "node:util";
import type { Marking } from "../../src/opencti/client.ts";
import type { SimulatedElastic } from "../../src/simulator/elastic/mod.ts";
import { isRecord, type StixObject, text } from "../../src/stix/object.ts";
import { toPlan } from "../../src/targets/elastic_security/mapping.ts";
import type { Replay } from "../model/replay.ts";
import { NOW } from "./recording.ts";

/** The index that is configured by default. */
export const INDEX = "logs-ti_custom_opencti.indicator";

/** One document without the time of its writing. */
export interface HeldDocument {
  readonly version: number;
  readonly source: Readonly<Record<string, unknown>>;
}

/** All that the far side holds of us. */
export interface FarSide {
  /** By `_id`. */
  readonly documents: ReadonlyMap<string, HeldDocument>;
  /** By `rule_id`. */
  readonly rules: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

const RULE_INDICES = [
  "logs-*",
  "filebeat-*",
  "packetbeat-*",
  "winlogbeat-*",
  "-logs-ti_*",
];

/**
 * What must be there, with default settings.
 *
 * @param externalUrl The platform's URL, which documents link to.
 */
export function expectedFarSide(model: Replay, externalUrl: string): FarSide {
  const documents = new Map<string, HeldDocument>();
  const rules = new Map<string, Readonly<Record<string, unknown>>>();
  const context = {
    now: NOW,
    externalUrl,
    expireDays: 90,
    rulesEnabled: true,
    ruleIndexPatterns: RULE_INDICES,
    ...namesIn(model),
  };
  for (const [internalId, { object, eventId }] of model.objects) {
    const version = versionOf(eventId);
    const plan = toPlan({
      id: eventId,
      version,
      action: "update",
      cause: "changed",
      internalId,
      object,
      bytes: 0,
    }, context);
    if (typeof plan === "string") continue;
    for (const { id, source } of plan.documents) {
      documents.set(id, { version, source: withoutTimes(asJson(source)) });
    }
    if (plan.rule.do === "write") {
      rules.set(plan.rule.rule.rule_id, asJson(plan.rule.rule));
    }
  }
  return { documents, rules };
}

/** `<milliseconds> * 1000 + <sequence>`. */
export function versionOf(eventId: string): number {
  const [ms = "0", sequence = "0"] = eventId.split("-");
  return Number(ms) * 1000 + Number(sequence);
}

/** What is there now. */
export function heldFarSide(elastic: SimulatedElastic, index = INDEX): FarSide {
  return {
    documents: new Map(
      [...elastic.cluster.documents(index)].map(([id, document]) => [id, {
        version: document.version,
        source: withoutTimes(document.source),
      }]),
    ),
    rules: new Map(elastic.rules().map((rule) => [rule.rule_id, rule])),
  };
}

/** What a test wants to be left out of the comparison. */
export interface Leniency {
  /** Versions come from elsewhere, as after a recovery. */
  readonly versions?: boolean;
}

/**
 * What is missing, too much or different, one line each; empty: nothing. Of a
 * rule, what Kibana adds to it does not count.
 */
export function differences(
  held: FarSide,
  expected: FarSide,
  { versions = true }: Leniency = {},
): string[] {
  const found: string[] = [];
  compareKeys("document", held.documents, expected.documents, found);
  compareKeys("rule", held.rules, expected.rules, found);
  for (const [id, wanted] of expected.documents) {
    const document = held.documents.get(id);
    if (document === undefined) continue;
    const version = versions ? {} : { event_version: 0 };
    const left = withOpencti(document.source, version);
    const right = withOpencti(wanted.source, version);
    if (!isDeepStrictEqual(left, right)) {
      found.push(`document ${id} differs in ${fieldsApart(left, right)}`);
    }
    if (versions && document.version !== wanted.version) {
      found.push(
        `document ${id} has version ${document.version}, not ` +
          `${wanted.version}`,
      );
    }
  }
  for (const [id, wanted] of expected.rules) {
    const rule = held.rules.get(id);
    if (rule === undefined) continue;
    for (const [name, value] of Object.entries(wanted)) {
      if (!isDeepStrictEqual(rule[name], value)) {
        found.push(`rule ${id} differs in ${name}`);
      }
    }
  }
  return found;
}

function compareKeys(
  what: string,
  held: ReadonlyMap<string, unknown>,
  expected: ReadonlyMap<string, unknown>,
  found: string[],
): void {
  for (const id of expected.keys()) {
    if (!held.has(id)) found.push(`${what} ${id} is missing`);
  }
  for (const id of held.keys()) {
    if (!expected.has(id)) found.push(`${what} ${id} is too much`);
  }
}

function withOpencti(
  source: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { ...source, opencti: { ...source.opencti as object, ...more } };
}

/** Paths of the members that differ, two levels deep. */
function fieldsApart(left: unknown, right: unknown): string {
  const apart = (a: unknown, b: unknown, depth: number): string[] => {
    if (isDeepStrictEqual(a, b)) return [];
    if (depth === 0 || !isRecord(a) || !isRecord(b)) return [""];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap(
      (name) => apart(a[name], b[name], depth - 1).map((p) => `${name}.${p}`),
    );
  };
  return apart(left, right, 2).join(" ");
}

/** `@timestamp` and `event.ingested` are when it was written. */
function withoutTimes(
  source: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { "@timestamp": _written, event, ...rest } = source;
  const { ingested: _ingested, ...others } = event as Record<string, unknown>;
  return { ...rest, event: others };
}

function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

/** Authors and markings, which a stream carries as context alone. */
function namesIn({ context }: Replay): {
  names: ReadonlyMap<string, string>;
  markings: ReadonlyMap<string, Marking>;
} {
  const names = new Map<string, string>();
  const markings = new Map<string, Marking>();
  for (const object of context.values()) {
    if (object.type === "identity") names.set(object.id, `${object.name}`);
    if (object.type !== "marking-definition") continue;
    const definitionType = `${object.definition_type}`;
    const definition = markingText(object, definitionType);
    markings.set(object.id, { definitionType, definition });
  }
  return { names, markings };
}

function markingText(object: StixObject, definitionType: string): string {
  const { name, definition } = object;
  const inner = isRecord(definition) ? definition[definitionType] : definition;
  return text(name) ?? `${inner}`;
}
