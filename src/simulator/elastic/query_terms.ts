import { type AddressRange, parseAddress, parseCidr } from "./addresses.ts";
import { valuesAt } from "./document_values.ts";
import type { Term } from "./field_type.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import type { FieldNode } from "./mapping_tree.ts";
import {
  type CompiledQuery,
  compileWith,
  type QueryScope,
  queryTerm,
} from "./query_parts.ts";

/** `ids`. */
export function compileIds(body: JsonObject, scope: QueryScope): CompiledQuery {
  const ids = new Set(asList(body.values).map(String));
  return {
    test: (document) => ids.has(document.id),
    *candidates() {
      const documents = scope.index.searchable(scope.now);
      for (const id of ids) {
        const document = documents.get(id);
        if (document !== undefined) yield document;
      }
    },
  };
}

/** `term` and `terms`; addresses also match networks. */
export function compileTerms(
  field: string,
  values: readonly unknown[],
  scope: QueryScope,
): CompiledQuery {
  if (field === "_id") return compileIds({ values }, scope);
  if (field === "_index") {
    return { test: (document) => values.includes(document.index) };
  }
  const node = scope.index.mapping.find(field);
  if (node === undefined) return { test: () => false, candidates: () => [] };
  if (node.type.name === "ip_range") return containsAny(node, values, scope);
  const ranges = node.type.name === "ip" ? cidrs(values) : [];
  if (ranges.length > 0) {
    return compileWith(
      node,
      scope,
      (term) =>
        ranges.some(({ from, to }) =>
          typeof term === "bigint" && term >= from && term <= to
        ),
    );
  }
  const terms = values.map((value) => queryTerm(node, value, scope));
  const set = new Set<Term>(terms);
  return {
    ...compileWith(node, scope, (term) => set.has(term)),
    candidates: () => scope.index.withTerms(field, terms, scope.now),
  };
}

function cidrs(values: readonly unknown[]): AddressRange[] {
  return values.map((value) => parseCidr(String(value)))
    .filter((range) => range !== undefined);
}

function containsAny(
  node: FieldNode,
  values: readonly unknown[],
  scope: QueryScope,
): CompiledQuery {
  const terms = values.map((value) => queryTerm(node, value, scope));
  const from = scope.index.mapping.sourcePath(node.path);
  return {
    test: ({ source }) =>
      valuesAt(source ?? {}, from).some((value) => {
        const range = rangeOf(value);
        return range !== undefined &&
          terms.some((term) =>
            typeof term === "bigint" && term >= range.from && term <= range.to
          );
      }),
  };
}

function rangeOf(value: unknown): AddressRange | undefined {
  if (!isObject(value)) return parseCidr(String(value));
  const from = parseAddress(String(value.gte ?? value.gt ?? "::")) ?? 0n;
  const to = parseAddress(String(value.lte ?? value.lt ?? "ffff::")) ?? 0n;
  return {
    from: value.gt === undefined ? from : from + 1n,
    to: value.lt === undefined ? to : to - 1n,
  };
}
