import { z } from "zod";
import { printableKey } from "./problems.ts";

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a block of settings",
  record: "a block of settings",
};

/** A schema's complaint in our words; it never quotes the value. */
export function issueText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must be at least ${issue.minimum}${lengthWord(issue.origin)}`;
    case "too_big":
      return `must be at most ${issue.maximum}${lengthWord(issue.origin)}`;
    case "invalid_format":
      return `does not have the form of ${formatWord(issue.format)}`;
    case "unrecognized_keys":
      return `unknown key "${issue.keys.map(printableKey).join('", "')}"`;
    case "invalid_union":
      return "has none of the accepted forms";
    default:
      return issue.message;
  }
}

function formatWord(format: string): string {
  return format === "regex" ? "this setting" : `a ${format}`;
}

function lengthWord(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}
