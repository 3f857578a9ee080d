import { ElasticError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { Mapping } from "./mapping.ts";
import type { ObjectNode } from "./mapping_tree.ts";

/** One document on its way through the mapping. */
export interface Walk {
  readonly mapping: Mapping;
  readonly id: string;
  readonly text: string | undefined;
  /** Undoes the fields this document added, newest last. */
  readonly undo: (() => void)[];
}

/** A document that breaks a rule of its index. */
export function failedToParse(walk: Walk, why: string): ElasticError {
  return parsingProblem(walk, undefined, `failed to parse: ${why}`, {
    type: "illegal_argument_exception",
    reason: why,
  });
}

/**
 * Refuses names that no field may have.
 *
 * @throws {ElasticError} 400.
 */
export function checkName(walk: Walk, key: string): void {
  if (key === "") {
    throw parsingProblem(
      walk,
      undefined,
      "field name cannot be an empty string",
    );
  }
  if (key.trim() === "") {
    throw parsingProblem(
      walk,
      key,
      "field name cannot contain only whitespace",
    );
  }
  if (key.startsWith(".") || key.endsWith(".") || key.includes("..")) {
    throw failedToParse(
      walk,
      "field name starting or ending with a [.] makes object resolution " +
        `ambiguous: [${key}]`,
    );
  }
}

/** A new field where the mapping is strict. */
export function strictProblem(
  walk: Walk,
  node: ObjectNode,
  key: string,
): ElasticError {
  const within = node.path === "" ? "_doc" : node.path;
  return new ElasticError(
    400,
    "strict_dynamic_mapping_exception",
    `[${positionOf(walk, key)}] mapping set to strict, dynamic introduction ` +
      `of [${key}] within [${within}] is not allowed`,
  );
}

/** A value that does not fit, with its place in the document. */
export function parsingProblem(
  walk: Walk,
  near: unknown,
  reason: string,
  causedBy?: JsonObject,
): ElasticError {
  return new ElasticError(
    400,
    "document_parsing_exception",
    `[${positionOf(walk, near)}] ${reason}`,
    causedBy === undefined ? {} : { causedBy },
  );
}

/** Line and column of the value in the document; a document is one line. */
function positionOf(walk: Walk, near: unknown): string {
  if (walk.text === undefined || near === undefined) return "1:2";
  const at = walk.text.indexOf(JSON.stringify(near));
  return `1:${at === -1 ? 2 : at + 1}`;
}
