/** How the API is asked and how it answers. */
import type { Answer, Request } from "../server/server.ts";
import { ApiError, badRequest } from "./checks.ts";
import type { StoredCollection, StoredIndicator } from "./store.ts";

/** What is answered: a status and a body that becomes JSON. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** The same as it is sent. */
export function toAnswer({ status, body }: Reply): Answer {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

const MAX_PAGE = 100;
const USUAL_PAGE = 20;

/** Which part of a list is asked for. */
export function paging(
  query: URLSearchParams,
): { offset: number; limit: number } {
  const limit = Number(query.get("limit") ?? USUAL_PAGE);
  const offset = Number(query.get("offset") ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw badRequest(`limit: 1 to ${MAX_PAGE}`);
  }
  if (!Number.isInteger(offset) || offset < 0) {
    throw badRequest("offset: Not a valid number");
  }
  return { offset, limit };
}

/** The body, which must say that it is JSON. */
export function jsonOf({ headers, body }: Request): unknown {
  if (!headers["content-type"]?.startsWith("application/json")) {
    throw new ApiError(415, "T415", "Expected application/json");
  }
  if (headers["content-encoding"] !== undefined) {
    throw badRequest("The body is packed");
  }
  try {
    return JSON.parse(body.toString());
  } catch {
    throw badRequest("The body is not JSON");
  }
}

/** A collection as it is shown. */
export function collectionJson(collection: StoredCollection) {
  return {
    id: collection.id,
    name: collection.name,
    description: collection.description,
    created: collection.created,
    modified: collection.created,
    created_by: "4b1f0000-0000-4000-8000-000000000000",
    modified_by: "4b1f0000-0000-4000-8000-000000000000",
    community_uuid: collection.communityUuid,
    available_for_sub_communities: collection.availableForSubCommunities,
  };
}

/** An indicator as it is shown. */
export function indicatorJson(
  indicator: StoredIndicator,
  collection?: StoredCollection,
) {
  const { id, value, type, pattern, properties } = indicator;
  return {
    id,
    type: "indicator",
    name: value,
    ...properties,
    pattern,
    pattern_type: "stix",
    revoked: indicator.revoked,
    created: indicator.created,
    modified: indicator.modified,
    x_ic_observable_types: [type],
    ...(collection && { x_ic_collection_ref: collection.id }),
  };
}
