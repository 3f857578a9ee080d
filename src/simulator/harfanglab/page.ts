/** `GET` of a collection: filters, order and pages. */
import type { Body } from "./answer.ts";
import type { Item } from "./store.ts";

/** Filters that compare a field with the text as it is. */
// deno-fmt-ignore
const EXACT: readonly (readonly [filter: string, field: string])[] = [
  ["source_id",        "source_id"],
  ["type",             "type"],
  ["value",            "value"],
  ["value__exact",     "value"],
  ["name__exact",      "name"],
  ["rule_name__exact", "rule_name"],
];

const SEARCHED = ["name", "value", "content", "comment"];
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

/** Where a collection is, for the addresses of its pages. */
export interface PageAddress {
  /** `http://host` for absolute addresses, else empty. */
  readonly origin: string;
  readonly path: string;
}

/** One page: `{count, next, previous, results}`. Unknown filters count not. */
export function toPage(
  items: Iterable<Item>,
  query: URLSearchParams,
  address: PageAddress,
): Body {
  const found = ordered(
    [...items].filter((item) => matches(item, query)),
    query.get("ordering"),
  );
  const limit = Math.min(number(query.get("limit"), DEFAULT_LIMIT), MAX_LIMIT);
  const offset = number(query.get("offset"), 0);
  const link = (at: number) => {
    const parameters = new URLSearchParams(query);
    parameters.set("limit", `${limit}`);
    parameters.set("offset", `${at}`);
    return `${address.origin}${address.path}?${parameters}`;
  };
  return {
    count: found.length,
    next: offset + limit < found.length ? link(offset + limit) : null,
    previous: offset > 0 ? link(Math.max(offset - limit, 0)) : null,
    results: found.slice(offset, offset + limit),
  };
}

function matches(item: Item, query: URLSearchParams): boolean {
  for (const [filter, field] of EXACT) {
    const wanted = query.get(filter);
    if (wanted !== null && item[field] !== wanted) return false;
  }
  const words = query.get("search")?.toLowerCase();
  return words === undefined ||
    SEARCHED.some((field) =>
      `${item[field] ?? ""}`.toLowerCase().includes(words)
    );
}

function ordered(items: Item[], ordering: string | null): Item[] {
  if (ordering === null || ordering === "") return items;
  const descending = ordering.startsWith("-");
  const field = ordering.replace(/^-/, "");
  const sorted = items.toSorted((a, b) =>
    `${a[field]}` < `${b[field]}` ? -1 : 1
  );
  return descending ? sorted.reverse() : sorted;
}

function number(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
