/** Arguments of every connection. */
export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A page of a list, in the shape of a GraphQL connection. */
export interface Connection<Item> {
  readonly pageInfo: {
    readonly startCursor: string;
    readonly endCursor: string;
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly globalCount: number;
  };
  readonly edges: readonly {
    readonly cursor: string;
    readonly types: readonly string[];
    readonly node: Item;
  }[];
}

/** Source: OpenCTI `elasticsearch:default_pagination_result`. */
const DEFAULT_PAGE = 500;

/** One page; `after` is the cursor of the last edge of the page before. */
export function connection<Item>(
  items: readonly Item[],
  page: PageArguments,
): Connection<Item> {
  const start = page.after ? Number(decodeCursor(page.after)) || 0 : 0;
  const size = Math.max(0, page.first ?? DEFAULT_PAGE);
  const edges = items.slice(start, start + size).map((node, index) => ({
    cursor: btoa(`cursor:${start + index + 1}`),
    types: ["manual"],
    node,
  }));
  return {
    pageInfo: {
      startCursor: edges[0]?.cursor ?? "",
      endCursor: edges.at(-1)?.cursor ?? "",
      hasNextPage: start + edges.length < items.length,
      hasPreviousPage: start > 0,
      globalCount: items.length,
    },
    edges,
  };
}

function decodeCursor(cursor: string): string {
  try {
    return atob(cursor).replace("cursor:", "");
  } catch {
    return "";
  }
}
