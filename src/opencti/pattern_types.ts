import { LoginError, RejectedError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { GraphqlClient } from "./graphql.ts";
import { ADD_PATTERN_TYPE, PATTERN_TYPES } from "./operations.ts";

/**
 * Adds what the platform's list of pattern types (`pattern_type_ov`) lacks.
 * Compares without case. Lacking the right is logged, not thrown: the types
 * may be added by hand, and what exists works without.
 *
 * @param types Name to description.
 */
export async function ensurePatternTypes(
  types: ReadonlyMap<string, string>,
  graphql: GraphqlClient,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<void> {
  try {
    const known = await readPatternTypes(graphql, signal);
    for (const [name, description] of types) {
      if (known.has(name.toLowerCase())) continue;
      await graphql.query(ADD_PATTERN_TYPE, {
        input: { name, description, category: "pattern_type_ov" },
      }, signal);
      log.info("added a pattern type to OpenCTI", { name });
    }
  } catch (error) {
    const refused = error instanceof RejectedError ||
      (error instanceof LoginError && error.status === 403);
    if (!refused) throw error;
    log.warn(
      "cannot add pattern types to OpenCTI: give the token's role the right " +
        "to manage vocabularies, or add them by hand",
      { types: [...types.keys()].join(", "), reason: error.message },
    );
  }
}

interface VocabularyPage {
  readonly vocabularies: {
    readonly pageInfo: { hasNextPage: boolean; endCursor: string };
    readonly edges: {
      node: { name: string; aliases?: string[] | null };
    }[];
  };
}

/** Names and aliases, in lower case. */
async function readPatternTypes(
  graphql: GraphqlClient,
  signal: AbortSignal,
): Promise<Set<string>> {
  const names = new Set<string>();
  let after: string | null = null;
  do {
    const page: VocabularyPage = await graphql.query<VocabularyPage>(
      PATTERN_TYPES,
      { first: 100, after },
      signal,
    );
    for (const { node } of page.vocabularies.edges) {
      for (const name of [node.name, ...node.aliases ?? []]) {
        names.add(name.toLowerCase());
      }
    }
    const { hasNextPage, endCursor } = page.vocabularies.pageInfo;
    after = hasNextPage ? endCursor : null;
  } while (after !== null);
  return names;
}
