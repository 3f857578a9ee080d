import type { Fields } from "./platform.ts";
import { observableType } from "./opencti_types.ts";

type Literal = string | number;

/** One comparison of a STIX pattern: `domain-name:value = 'c2.example'`. */
export interface Comparison {
  /** Object type and path: `file:hashes.'SHA-256'`. */
  readonly path: string;
  readonly operator: string;
  readonly value: Literal | readonly Literal[];
}

/** A STIX pattern, and what it compares. */
export interface Pattern {
  readonly text: string;
  readonly comparisons: readonly Comparison[];
}

/** Properties that identify an observable, by STIX type; else `value`. */
const IDENTIFYING: Readonly<Record<string, readonly string[]>> = {
  "artifact": ["hashes", "url"],
  "autonomous-system": ["number"],
  "bank-account": ["iban"],
  "directory": ["path"],
  "email-message": ["subject", "body"],
  "file": ["hashes", "name"],
  "media-content": ["url"],
  "mutex": ["name"],
  "network-traffic": ["src_port", "dst_port", "protocols", "start", "end"],
  "payment-card": ["card_number"],
  "process": ["pid", "command_line"],
  "software": ["name", "cpe", "swid", "vendor", "version"],
  "user-account": ["account_type", "user_id", "account_login"],
  "windows-registry-key": ["values"],
  "x509-certificate": ["hashes", "serial_number", "subject"],
};

/** `path = value`. */
export function equal(path: string, value: Literal): Comparison {
  return { path, operator: "=", value };
}

/** `path operator value`; a list for `IN`. */
export function compare(
  path: string,
  operator: string,
  value: Literal | readonly Literal[],
): Comparison {
  return { path, operator, value };
}

/** `[a AND b]`: comparisons of one observation. */
export function observation(
  comparisons: readonly Comparison[],
  joint: "AND" | "OR" = "AND",
): Pattern {
  return {
    text: `[${comparisons.map(toText).join(` ${joint} `)}]`,
    comparisons,
  };
}

/** `[a] FOLLOWEDBY [b]`, in parentheses where a qualifier follows. */
export function combination(
  patterns: readonly Pattern[],
  operator: "AND" | "OR" | "FOLLOWEDBY",
  qualifier?: string,
): Pattern {
  const text = patterns.map((pattern) => pattern.text).join(` ${operator} `);
  return {
    text: qualifier === undefined ? text : `(${text}) ${qualifier}`,
    comparisons: patterns.flatMap((pattern) => pattern.comparisons),
  };
}

/** A text literal of a pattern, quoted and escaped. */
function quoted(text: string): string {
  return `'${escaped(text)}'`;
}

/** OpenCTI type that the pattern is mainly about; `Unknown` for strange ones. */
export function mainObservableType(pattern: Pattern): string {
  const first = pattern.comparisons[0];
  return first === undefined ? "Unknown" : typeOf(first) ?? "Unknown";
}

/**
 * `observable_values` as the platform derives them: equality of identifying
 * properties alone, numbers as text, escapes not decoded.
 */
export function observableValues(pattern: Pattern): Fields[] {
  return pattern.comparisons.flatMap((comparison) => {
    const { operator, path, value } = comparison;
    const type = typeOf(comparison);
    const [stix = "", property = ""] = path.split(":");
    const [first = "", second] = property.split(".");
    const field = first.replace("[*]", "");
    const known = IDENTIFYING[stix] ?? ["value"];
    if (type === undefined || operator !== "=" || !known.includes(field)) {
      return [];
    }
    const text = escaped(String(value));
    return second === undefined
      ? [{ type, [field]: text }]
      : [{ type, [field]: { [second.replaceAll("'", "")]: text } }];
  });
}

function typeOf(comparison: Comparison): string | undefined {
  return observableType(comparison.path.split(":")[0] as string);
}

function toText({ path, operator, value }: Comparison): string {
  const literal = Array.isArray(value)
    ? `(${value.map(literalText).join(", ")})`
    : literalText(value as Literal);
  return `${path} ${operator} ${literal}`;
}

function literalText(value: Literal): string {
  return typeof value === "number" ? String(value) : quoted(value);
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
