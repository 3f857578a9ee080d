import { z } from "zod";

/** A body that Kibana refuses; the text after `[request body]: `. */
export interface RuleProblem {
  readonly problem: string;
}

/** What a schema finds wrong with a body, in Kibana's words. */
export function problemOf(
  schema: z.ZodType,
  body: unknown,
): RuleProblem | undefined {
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

/** What Kibana calls a value of the wrong type. */
export function receivedOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && !Number.isInteger(value)) return "float";
  return typeof value;
}
