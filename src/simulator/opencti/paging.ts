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

/**
 * One page; `after` is the cursor of the last edge of the page before. Nodes
 * are made for that page alone.
 *
 * [OpenCTI] `buildPagination`: a page that is full has a next one, which may
 * turn out to be empty.
 */
export function connection<Item, Made = Item>(
  items: readonly Item[],
  page: PageArguments,
  toNode: (item: Item) => Made = (item) => item as unknown as Made,
): Connection<Made> {
  const start = page.after ? Number(decodeCursor(page.after)) || 0 : 0;
  const size = Math.max(0, page.first ?? DEFAULT_PAGE);
  const edges = items.slice(start, start + size).map((item, index) => ({
    cursor: btoa(`cursor:${start + index + 1}`),
    types: ["manual"],
    node: toNode(item),
  }));
  return {
    pageInfo: {
      startCursor: edges[0]?.cursor ?? "",
      endCursor: edges.at(-1)?.cursor ?? "",
      hasNextPage: edges.length === size,
      hasPreviousPage: start > 0,
      globalCount: items.length,
    },
    edges,
  };
}

/**
 * [OpenCTI] `paginateAllThings`: everything at once, whatever `first` and
 * `after` say, and no cursors.
 */
export function everything<Item, Made>(
  items: readonly Item[],
  _page: PageArguments,
  toNode: (item: Item) => Made,
): Connection<Made> {
  const all = connection(items, { first: items.length }, toNode);
  const edges = all.edges.map((edge) => ({ ...edge, cursor: "" }));
  const pageInfo = {
    ...all.pageInfo,
    startCursor: "",
    endCursor: "",
    hasNextPage: items.length === 0,
  };
  return { pageInfo, edges };
}

function decodeCursor(cursor: string): string {
  try {
    return atob(cursor).replace("cursor:", "");
  } catch {
    return "";
  }
}
