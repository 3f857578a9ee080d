import { RejectedError, TransientError } from "../errors.ts";
import { isRecord, type StixObject } from "../stix/object.ts";

/** Objects of one page, at first; halved where the platform fails at it. */
export const PAGE_SIZE = 500;
const LEAST_PAGE_SIZE = 10;

/** A page of a GraphQL connection whose nodes are told as STIX. */
export interface Page {
  readonly pageInfo?: {
    readonly hasNextPage: boolean;
    readonly endCursor?: string | null;
  };
  readonly edges: readonly {
    readonly node: { readonly toStix?: string | null } | null;
  }[];
}

/**
 * All pages of a list. A page that the platform fails at is asked for again
 * with half as many objects, and the following ones too.
 */
export async function* pages(
  read: (
    first: number,
    after: string | undefined,
  ) => Promise<Page | null | undefined>,
): AsyncGenerator<Page | null> {
  let after: string | undefined;
  for (let first = PAGE_SIZE;;) {
    let page: Page | null | undefined;
    try {
      page = await read(first, after);
    } catch (error) {
      const next = Math.floor(first / 2);
      if (!isTooMuch(error) || next < LEAST_PAGE_SIZE) throw error;
      first = next;
      continue;
    }
    yield page ?? null;
    const { hasNextPage, endCursor } = page?.pageInfo ?? {};
    if (hasNextPage !== true || !endCursor || endCursor === after) return;
    after = endCursor;
  }
}

/** Fewer objects may succeed: the platform's failure, or an answer too large. */
function isTooMuch(error: unknown): boolean {
  if (error instanceof TransientError) return error.status !== 429;
  return error instanceof RejectedError;
}

/** The objects of a page; those not told as STIX are left out. */
export function objectsOf(page: Page | null | undefined): StixObject[] {
  return (page?.edges ?? []).flatMap(({ node }) =>
    toObject(node?.toStix) ?? []
  );
}

/** @throws {TransientError} The platform's text is no JSON. */
export function toObject(
  stix: string | null | undefined,
): StixObject | undefined {
  if (!stix) return undefined;
  let object: unknown;
  try {
    object = JSON.parse(stix);
  } catch {
    throw new TransientError("Cannot read an object of OpenCTI: it is no JSON");
  }
  const isObject = isRecord(object) && typeof object.id === "string" &&
    typeof object.type === "string";
  return isObject ? object as StixObject : undefined;
}
