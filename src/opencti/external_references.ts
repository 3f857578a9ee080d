import type { GraphqlClient } from "./graphql.ts";
import {
  ADD_EXTERNAL_REFERENCE,
  ENTITY_REFERENCES,
  LINK_EXTERNAL_REFERENCE,
  UNLINK_EXTERNAL_REFERENCE,
} from "./operations.ts";

/** An external reference that an object holds. */
export interface HeldReference {
  /** The reference's own internal id. */
  readonly id: string;
  readonly sourceName: string;
  readonly externalId: string | undefined;
  readonly url: string | undefined;
}

/** An external reference to add. */
export interface NewReference {
  readonly sourceName: string;
  readonly externalId: string;
  /** What makes it this reference: the platform keeps one for each url. */
  readonly url: string;
  readonly description: string;
}

/** What a target may do with the external references of objects. */
export interface ExternalReferencesClient {
  /**
   * The references of a domain object; `null` where the platform does not
   * have it, or not show it. Any failure is an error, never `null`.
   */
  of(id: string, signal: AbortSignal): Promise<HeldReference[] | null>;
  /** Adds a reference, or finds the one with this url, and attaches it. */
  attach(
    id: string,
    reference: NewReference,
    signal: AbortSignal,
  ): Promise<void>;
  /** Detaches a reference; other objects that hold it keep it. */
  detach(id: string, referenceId: string, signal: AbortSignal): Promise<void>;
}

/** External references over GraphQL. */
export class PlatformExternalReferences implements ExternalReferencesClient {
  readonly #graphql: GraphqlClient;

  constructor(graphql: GraphqlClient) {
    this.#graphql = graphql;
  }

  async of(id: string, signal: AbortSignal): Promise<HeldReference[] | null> {
    const { stixDomainObject } = await this.#graphql.query<{
      stixDomainObject: {
        externalReferences?: {
          edges: {
            node: {
              id: string;
              source_name?: string | null;
              external_id?: string | null;
              url?: string | null;
            };
          }[];
        } | null;
      } | null;
    }>(ENTITY_REFERENCES, { id }, signal);
    if (stixDomainObject === null) return null;
    const { edges } = stixDomainObject.externalReferences ?? { edges: [] };
    return edges.map(({ node }) => ({
      id: node.id,
      sourceName: node.source_name ?? "",
      externalId: node.external_id ?? undefined,
      url: node.url ?? undefined,
    }));
  }

  async attach(
    id: string,
    reference: NewReference,
    signal: AbortSignal,
  ): Promise<void> {
    const { externalReferenceAdd } = await this.#graphql.query<{
      externalReferenceAdd: { id: string };
    }>(ADD_EXTERNAL_REFERENCE, {
      input: {
        source_name: reference.sourceName,
        external_id: reference.externalId,
        url: reference.url,
        description: reference.description,
        update: true,
      },
    }, signal);
    await this.#graphql.query(LINK_EXTERNAL_REFERENCE, {
      id,
      input: {
        toId: externalReferenceAdd.id,
        relationship_type: "external-reference",
      },
    }, signal);
  }

  async detach(
    id: string,
    referenceId: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#graphql.query(
      UNLINK_EXTERNAL_REFERENCE,
      { id, toId: referenceId },
      signal,
    );
  }
}
