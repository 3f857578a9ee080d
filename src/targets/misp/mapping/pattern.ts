/** Indicators of a container: their patterns as attributes and objects. */
import { type StixObject, text } from "../../../stix/object.ts";
import {
  type ComparisonExpression,
  type ObservationExpression,
  parsePattern,
  type Pattern,
  PatternError,
} from "../../../stix/pattern.ts";
import type { EventDraft } from "./draft.ts";
import type { Origin, WantedValue } from "./wanted.ts";
import { layerOf } from "./observable_rows.ts";
import { askedBy } from "./pattern_comparison.ts";
import { type Leaf, objectLists, observationsOf } from "./pattern_objects.ts";
import { endRelation, RULE_ROWS, valueType } from "./pattern_rows.ts";
import { labelsOf } from "./source.ts";

/** Comments of values whose type does not say what they are. */
const PATH_COMMENTS: ReadonlyMap<string, string> = new Map([
  ["directory:path", "directory"],
]);

/** Adds what stands for an indicator; `now` is Unix milliseconds. */
export function addIndicator(
  draft: EventDraft,
  { object, markings }: Pick<Origin, "object" | "markings">,
  now: number,
): void {
  const pattern = text(object.pattern);
  if (pattern === undefined) {
    draft.note(object, "indicator has no pattern");
    return;
  }
  const origin: Origin = {
    object,
    markings,
    tags: labelsOf(object),
    detects: isValid(object, now),
  };
  const language = text(object.pattern_type)?.trim().toLowerCase() ?? "stix";
  if (language === "stix") addStix(draft, origin, pattern);
  else addRule(draft, origin, { language, pattern });
}

/** True while the indicator is to be searched for. */
function isValid({ revoked, valid_until }: StixObject, now: number): boolean {
  // A date that is none ends nothing.
  return revoked !== true && !(Date.parse(text(valid_until) ?? "") <= now);
}

function addStix(draft: EventDraft, origin: Origin, pattern: string): void {
  const parsed = parse(draft, origin, pattern);
  const comment = commentOf(origin.object);
  const isWhole = parsed !== undefined &&
    addObservations(draft, origin, { pattern: parsed, comment });
  if (isWhole) return;
  draft.addAttribute({
    type: "stix2-pattern",
    category: "Payload installation",
    value: pattern,
    comment,
    toIds: false,
  }, origin);
}

function parse(
  draft: EventDraft,
  { object }: Origin,
  pattern: string,
): Pattern | undefined {
  try {
    return parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    draft.note(object, error.message);
    return undefined;
  }
}

/** False when something of the pattern could not be said in MISP. */
function addObservations(
  draft: EventDraft,
  origin: Origin,
  { pattern, comment }: { pattern: Pattern; comment: string },
): boolean {
  let isWhole = !isOrdered(pattern);
  let index = 0;
  for (const { comparison } of observationsOf(pattern)) {
    if (!addAttributes(draft, origin, { comparison, comment })) isWhole = false;
    for (const [at, list] of objectLists(comparison).entries()) {
      const place = at === 0 ? `${index}` : `${index}.${at}`;
      const key = `${origin.object.id}|${place}`;
      if (!addTogether(draft, origin, { list, key, comment })) isWhole = false;
    }
    index++;
  }
  return isWhole;
}

/** Time and number of observations have no place in MISP. */
function isOrdered(expression: ObservationExpression): boolean {
  switch (expression.kind) {
    case "observation":
      return false;
    case "qualified":
      return true;
    case "observations":
      return expression.operator === "FOLLOWEDBY" ||
        expression.operands.some(isOrdered);
  }
}

function addAttributes(
  draft: EventDraft,
  origin: Origin,
  { comparison, comment }: {
    comparison: ComparisonExpression;
    comment: string;
  },
): boolean {
  if (comparison.kind === "comparisons") {
    return comparison.operands.map((operand) =>
      addAttributes(draft, origin, { comparison: operand, comment })
    ).every((isWhole) => isWhole);
  }
  const asked = askedBy(comparison);
  if (asked === undefined) return false;
  const { attribute, values, isComplete } = asked;
  if (attribute === undefined) return isComplete;
  const kind = PATH_COMMENTS.get(attribute.path);
  for (const value of values) {
    draft.addAttribute({
      type: valueType(attribute.type, value),
      category: attribute.category,
      value,
      comment: kind === undefined ? comment : `${kind}: ${comment}`,
    }, origin);
  }
  return isComplete;
}

/** The values of one object. */
interface Together {
  readonly list: readonly Leaf[];
  readonly key: string;
  readonly comment: string;
}

/** False when something of it could not be said. */
function addTogether(
  draft: EventDraft,
  origin: Origin,
  together: Together,
): boolean {
  switch (together.list[0]?.template) {
    case undefined:
      return true;
    case "registry-key":
      return addRegistry(draft, origin, together);
    case "network-connection":
      addConnection(draft, origin, together);
      return true;
    default:
      addObject(draft, origin, {
        ...together,
        values: together.list.map(({ relation, value }) => [relation, value]),
      });
      return true;
  }
}

/** A key alone is an attribute; with its data it is one, too, if it can be. */
function addRegistry(
  draft: EventDraft,
  origin: Origin,
  together: Together,
): boolean {
  const part = new Map(
    together.list.map(({ relation, value }) => [relation, value]),
  );
  const key = part.get("key");
  const name = part.get("name");
  const data = part.get("data");
  if (part.size === 1 && key !== undefined) return true;
  const path = name === undefined ? key : `${key}\\${name}`;
  const isPair = key !== undefined && data !== undefined &&
    !/[|\r\n]/.test(`${path}${data}`);
  if (!isPair) {
    addObject(draft, origin, { ...together, values: [...part] });
    return true;
  }
  draft.addAttribute({
    type: "regkey|value",
    category: "Artifacts dropped",
    value: `${path}|${data}`,
    comment: together.comment,
  }, origin);
  return !part.has("data-type");
}

/** Ends and ports are attributes already; protocols need an object. */
function addConnection(
  draft: EventDraft,
  origin: Origin,
  together: Together,
): void {
  const { list, comment } = together;
  const protocols = list.filter(({ relation }) => relation === "protocol");
  if (protocols.length === 0) return;
  if (protocols.length < list.length) {
    const values = list.map(({ relation, value }): [string, WantedValue] => {
      if (relation === "protocol") return [layerOf(value), value.toUpperCase()];
      return relation === "source" || relation === "destination"
        ? [endRelation(relation, value), value]
        : [relation, value];
    });
    addObject(draft, origin, { ...together, values });
    return;
  }
  for (const { value } of protocols) {
    draft.addAttribute({
      type: "text",
      category: "Network activity",
      value,
      comment: `protocol: ${comment}`,
    }, origin);
  }
}

function addObject(
  draft: EventDraft,
  origin: Origin,
  { list, key, comment, values }: Together & {
    values: readonly (readonly [string, WantedValue])[];
  },
): void {
  const template = list[0]?.template;
  if (template === undefined) return;
  draft.addObject({ template, key, comment, about: comment, values }, origin);
}

/** A rule in another language is the value of one attribute. */
function addRule(
  draft: EventDraft,
  origin: Origin,
  { language, pattern }: { language: string; pattern: string },
): void {
  const comment = commentOf(origin.object);
  const row = RULE_ROWS.find(([name]) => name === language);
  if (row === undefined) {
    draft.addAttribute({
      type: "text",
      category: "External analysis",
      value: pattern,
      comment: `${language}: ${comment}`,
    }, origin);
    return;
  }
  const [, type, category] = row;
  draft.addAttribute({
    type: type === "suricata" && !draft.knows(type) ? "snort" : type,
    category,
    value: pattern,
    comment,
  }, origin);
}

/** Name and validity of the indicator. */
function commentOf({ name, id, valid_from, valid_until }: StixObject): string {
  const parts = [text(name) ?? id];
  const [from, until] = [text(valid_from), text(valid_until)];
  if (from !== undefined) parts.push(`Valid from: ${from}`);
  if (until !== undefined) parts.push(`Valid until: ${until}`);
  return parts.join(" | ");
}
