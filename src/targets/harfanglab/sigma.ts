/** What has to be known of a Sigma rule before it is sent. */
import { isMap, parseAllDocuments, parseDocument } from "@std/yaml";
import { deterministicUuid } from "../../stix/id.ts";
import { isRecord, text } from "../../stix/object.ts";

/** A rule that can be sent. */
export interface SigmaRule {
  /** The id in the document; it is the rule's identity for good. */
  readonly id: string;
  /** The document, with an id. */
  readonly content: string;
}

/** Longest id that is taken; UUIDs have 36. */
const MAX_ID_CHARS = 100;

/**
 * Reads a Sigma rule: a mapping with `title`, `logsource` and
 * `detection.condition`. A rule without an id is given one made of
 * `internalId`, so that it stays the same through every change.
 *
 * @returns The rule, or why there is none.
 * @see {@link https://sigmahq.io/sigma-specification/}
 */
export function toSigmaRule(
  pattern: string,
  internalId: string,
): SigmaRule | string {
  let read: Record<string, unknown> | string;
  try {
    read = readDocument(pattern);
  } catch (error) {
    // Aliases without end, nesting beyond the stack.
    return `no YAML that can be read: ${
      error instanceof Error ? error.message.slice(0, 200) : error
    }`;
  }
  if (typeof read === "string") return read;
  const problem = problemOf(read);
  if (problem !== undefined) return problem;
  const id = read.id ?? "";
  if (id !== "" && typeof id !== "string") return "an id that is no text";
  if (id === "") return withId(pattern, deterministicUuid({ internalId }));
  // deno-lint-ignore no-control-regex
  const isFit = id.length <= MAX_ID_CHARS && !/[\u0000-\u0020\u007f]/.test(id);
  return isFit ? { id, content: pattern } : "an id that is none";
}

function readDocument(pattern: string): Record<string, unknown> | string {
  const documents = parseAllDocuments(pattern, OPTIONS);
  if (!Array.isArray(documents) || documents.length === 0) return "no rule";
  const [document] = documents;
  if (documents.length > 1) return "several documents in one";
  const [error] = document?.errors ?? [];
  if (error !== undefined) {
    return `no YAML: ${error.message.split("\n")[0]?.slice(0, 200)}`;
  }
  const value: unknown = document?.toJS({ maxAliasCount: 100 });
  return isRecord(value) ? value : "no mapping";
}

const OPTIONS = { logLevel: "silent", prettyErrors: true } as const;

function problemOf(rule: Record<string, unknown>): string | undefined {
  if ("correlation" in rule) return "a correlation, which needs other rules";
  if (text(rule.title) === undefined) return "no title";
  if (!isRecord(rule.logsource)) return "no logsource";
  if (!isRecord(rule.detection)) return "no detection";
  const { condition } = rule.detection;
  const isCondition = text(condition) !== undefined ||
    (Array.isArray(condition) && condition.length > 0);
  return isCondition ? undefined : "no detection.condition";
}

/** Puts the id before everything else of the document. */
function withId(pattern: string, id: string): SigmaRule | string {
  const document = parseDocument(pattern, OPTIONS);
  const { contents, range } = document;
  if (!isMap(contents)) return "no mapping";
  const start = contents.range?.[0] ?? range?.[0] ?? 0;
  const isBlock = contents.flow !== true && !contents.has("id");
  // At the indentation of the first member, which is where the mapping starts.
  const lineStart = pattern.lastIndexOf("\n", start - 1) + 1;
  const indent = pattern.slice(lineStart, start);
  if (isBlock && /^ *$/.test(indent)) {
    const content = `${pattern.slice(0, start)}id: ${id}\n${indent}${
      pattern.slice(start)
    }`;
    if (hasId(content, id)) return { id, content };
  }
  contents.delete("id");
  contents.items.unshift(document.createPair("id", id) as never);
  return { id, content: document.toString() };
}

function hasId(content: string, id: string): boolean {
  const read = readDocument(content);
  return isRecord(read) && read.id === id && problemOf(read) === undefined;
}
