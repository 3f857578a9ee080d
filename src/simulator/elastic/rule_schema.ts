import { z } from "zod";
import { isObject, type JsonObject } from "./json.ts";

/**
 * Bodies of detection rules, as Kibana 8.x and 9.x check them with API
 * version 2023-10-31. Stricter in one point: a field that no rule type has is
 * refused, so that a misspelt name cannot go unseen.
 *
 * @see {@link https://www.elastic.co/docs/api/doc/kibana/operation/operation-createrule}
 */

const text = z.string();
const required = z.string().min(1);
const texts = z.array(text);
const anything = z.array(z.looseObject({}));
const severity = z.enum(["low", "medium", "high", "critical"]);
const dateMath = z.string().refine(
  (value) =>
    /^now(?:[+-]\d+[yMwdhHms])*(?:\/[yMwdhHms])?$/.test(value) ||
    !Number.isNaN(Date.parse(value)),
  "Failed to parse date-math expression",
);
const reference = { id: text, name: text, reference: text };
const technique = z.strictObject({
  ...reference,
  subtechnique: z.array(z.strictObject(reference)).optional(),
});
const threat = z.strictObject({
  framework: text,
  tactic: z.strictObject(reference),
  technique: z.array(technique).optional(),
});

const NEEDED = {
  name: required,
  description: required,
  risk_score: z.int().min(0).max(100),
  severity,
};

const OPTIONAL = {
  rule_id: text,
  id: z.uuid(),
  enabled: z.boolean(),
  tags: texts,
  interval: z.string().regex(/^[1-9]\d*[smhd]$/, "Invalid"),
  from: dateMath,
  to: dateMath,
  max_signals: z.int().min(1),
  author: texts,
  license: text,
  false_positives: texts,
  references: texts,
  threat: z.array(threat),
  meta: z.looseObject({}),
  note: text,
  setup: text,
  version: z.int().min(1),
  rule_name_override: text,
  timestamp_override: text,
  timestamp_override_fallback_disabled: z.boolean(),
  timeline_id: text,
  timeline_title: text,
  building_block_type: text,
  output_index: text,
  namespace: text,
  outcome: text,
  alias_target_id: text,
  alias_purpose: text,
  investigation_fields: z.strictObject({
    field_names: z.array(required).min(1),
  }),
  risk_score_mapping: anything,
  severity_mapping: anything,
  actions: anything,
  response_actions: anything,
  exceptions_list: anything,
  related_integrations: anything,
  required_fields: anything,
  throttle: text,
};

const SEARCHED = {
  index: texts,
  data_view_id: text,
  filters: z.array(z.unknown()),
};
const SUPPRESSED = { alert_suppression: z.looseObject({}) };
const queryLanguage = z.enum(["kuery", "lucene"]);

interface TypeFields {
  readonly needed: z.ZodRawShape;
  readonly optional: z.ZodRawShape;
  readonly defaults?: JsonObject;
}

/** Fields that each rule type has beside the common ones. */
const TYPES: Readonly<Record<string, TypeFields>> = {
  eql: {
    needed: { query: text, language: z.literal("eql") },
    optional: {
      ...SEARCHED,
      ...SUPPRESSED,
      event_category_override: text,
      tiebreaker_field: text,
      timestamp_field: text,
    },
  },
  query: {
    needed: {},
    optional: {
      ...SEARCHED,
      ...SUPPRESSED,
      query: text,
      language: queryLanguage,
      saved_id: text,
    },
    defaults: { query: "", language: "kuery" },
  },
  saved_query: {
    needed: { saved_id: text },
    optional: {
      ...SEARCHED,
      ...SUPPRESSED,
      query: text,
      language: queryLanguage,
    },
    defaults: { language: "kuery" },
  },
  threshold: {
    needed: {
      query: text,
      threshold: z.looseObject({ value: z.int().min(1) }),
    },
    optional: {
      ...SEARCHED,
      ...SUPPRESSED,
      language: queryLanguage,
      saved_id: text,
    },
    defaults: { language: "kuery" },
  },
  threat_match: {
    needed: {
      query: text,
      threat_query: text,
      threat_mapping: z.array(z.looseObject({ entries: z.array(z.unknown()) }))
        .min(1),
      threat_index: z.array(text),
    },
    optional: {
      ...SEARCHED,
      ...SUPPRESSED,
      language: queryLanguage,
      saved_id: text,
      threat_filters: z.array(z.unknown()),
      threat_indicator_path: text,
      threat_language: queryLanguage,
      concurrent_searches: z.int().min(1),
      items_per_search: z.int().min(1),
    },
    defaults: { language: "kuery", threat_indicator_path: "threat.indicator" },
  },
  machine_learning: {
    needed: {
      anomaly_threshold: z.int().min(0),
      machine_learning_job_id: z.union([text, z.array(text)]),
    },
    optional: SUPPRESSED,
  },
  new_terms: {
    needed: {
      query: text,
      new_terms_fields: z.array(text).min(1).max(3),
      history_window_start: required,
    },
    optional: { ...SEARCHED, ...SUPPRESSED, language: queryLanguage },
    defaults: { language: "kuery" },
  },
  esql: {
    needed: { query: text, language: z.literal("esql") },
    optional: SUPPRESSED,
  },
};

const TYPE_NAMES = Object.keys(TYPES);

/** A body that Kibana refuses; the text after `[request body]: `. */
export interface RuleProblem {
  readonly problem: string;
}

/** What a create, an update or an import must look like. */
export function checkRule(body: unknown): RuleProblem | undefined {
  if (!isObject(body)) {
    return { problem: `Expected object, received ${receivedOf(body)}` };
  }
  const fields =
    typeof body.type === "string" && Object.hasOwn(TYPES, body.type)
      ? TYPES[body.type]
      : undefined;
  if (fields === undefined) return { problem: typeProblem() };
  const schema = z.strictObject({
    type: text,
    ...NEEDED,
    ...optional(OPTIONAL),
    ...fields.needed,
    ...optional(fields.optional),
  });
  return problemOf(schema, body);
}

function typeProblem(): string {
  const names = TYPE_NAMES.map((name) => `'${name}'`).join(" | ");
  return `type: Invalid discriminator value. Expected ${names}`;
}

/** What a `PATCH` must look like on a rule of this type. */
export function checkPatch(
  body: unknown,
  type: string,
): RuleProblem | undefined {
  if (!isObject(body)) {
    return { problem: `Expected object, received ${receivedOf(body)}` };
  }
  const fields = TYPES[type] ?? { needed: {}, optional: {} };
  const schema = z.strictObject(optional({
    type: z.literal(type),
    ...NEEDED,
    ...OPTIONAL,
    ...fields.needed,
    ...fields.optional,
  }));
  return problemOf(schema, body);
}

function optional(shape: z.ZodRawShape): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(shape).map(([key, type]) => [key, z.optional(type)]),
  );
}

function problemOf(schema: z.ZodType, body: unknown): RuleProblem | undefined {
  const result = schema.safeParse(body);
  if (result.success) return undefined;
  const issues = result.error.issues.map((issue) => {
    const path = issue.path.map(String).join(".");
    const message = messageOf(issue, body);
    return path === "" ? message : `${path}: ${message}`;
  });
  const shown = issues.slice(0, 3).join(", ");
  return {
    problem: issues.length > 3
      ? `${shown}, and ${issues.length - 3} more`
      : shown,
  };
}

/** The message of zod 3, which Kibana's answers are made of. */
function messageOf(issue: z.core.$ZodIssue, body: unknown): string {
  const value = valueAt(body, issue.path);
  if (issue.code === "unrecognized_keys") {
    return `Unrecognized key(s) in object: ${
      issue.keys.map((key) => `'${key}'`).join(", ")
    }`;
  }
  if (value === undefined) return "Required";
  if (issue.code === "invalid_type") {
    return `Expected ${
      issue.expected === "int" ? "integer" : issue.expected
    }, ` +
      `received ${receivedOf(value)}`;
  }
  if (issue.code === "invalid_value") return valueMessage(issue.values, value);
  if (issue.code === "too_small") {
    return issue.origin === "string"
      ? `String must contain at least ${issue.minimum} character(s)`
      : issue.origin === "array"
      ? `Array must contain at least ${issue.minimum} element(s)`
      : `Number must be greater than or equal to ${issue.minimum}`;
  }
  if (issue.code === "too_big") {
    return issue.origin === "array"
      ? `Array must contain at most ${issue.maximum} element(s)`
      : `Number must be less than or equal to ${issue.maximum}`;
  }
  return issue.message;
}

function valueMessage(values: readonly unknown[], value: unknown): string {
  if (values.length === 1) {
    return `Invalid literal value, expected ${JSON.stringify(values[0])}`;
  }
  const names = values.map((name) => `'${name}'`).join(" | ");
  return typeof value === "string"
    ? `Invalid enum value. Expected ${names}, received '${value}'`
    : `Expected ${names}, received ${receivedOf(value)}`;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = body;
  for (const key of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  return value;
}

function receivedOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && !Number.isInteger(value)) return "float";
  return typeof value;
}

/** Fields a rule of this type has when its body leaves them out. */
export function ruleDefaults(type: string): JsonObject {
  return {
    enabled: true,
    tags: [],
    interval: "5m",
    from: "now-6m",
    to: "now",
    max_signals: 100,
    author: [],
    false_positives: [],
    references: [],
    threat: [],
    risk_score_mapping: [],
    severity_mapping: [],
    actions: [],
    exceptions_list: [],
    related_integrations: [],
    required_fields: [],
    setup: "",
    output_index: "",
    version: 1,
    ...(TYPES[type]?.defaults ?? {}),
  };
}
