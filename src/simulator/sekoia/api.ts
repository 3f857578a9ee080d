import type { Answer, Request } from "../server/server.ts";
import { ApiError, members, requiredText } from "./checks.ts";
import {
  collectionJson,
  jsonOf,
  paging,
  type Reply,
  toAnswer,
} from "./forms.ts";
import {
  createIndicators,
  deleteIndicator,
  importText,
  listIndicators,
  updateIndicator,
} from "./indicators.ts";
import type { Store, StoredCollection } from "./store.ts";

/** Who may do what; changes count at once. */
export interface Account {
  apiKey: string;
  /** "View IOC collections". */
  canView: boolean;
  /** "Manage IOC collections". */
  canManage: boolean;
}

/** Where the API is, such as `/api/v2/inthreat/ioc-collections`. */
const RESOURCE = "/v2/inthreat/ioc-collections";

/** Answers one request as the Intelligence Center does. */
export function handle(
  store: Store,
  account: Account,
  request: Request,
  basePath: string,
): Answer {
  store.settle();
  try {
    return toAnswer(route(store, account, request, basePath));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, code, message } = error;
    return toAnswer({ status, body: { message, code } });
  }
}

function route(
  store: Store,
  account: Account,
  request: Request,
  basePath: string,
): Reply {
  const { method, path, headers } = request;
  const prefix = basePath + RESOURCE;
  if (path !== prefix && !path.startsWith(`${prefix}/`)) {
    throw new ApiError(404, "T404", "Not found");
  }
  if (headers.authorization !== `Bearer ${account.apiKey}`) {
    throw new ApiError(401, "T300", "The token is invalid");
  }
  const isRead = method === "GET";
  if (isRead ? !account.canView : !account.canManage) {
    throw new ApiError(403, "T403", "The permission is missing");
  }
  const steps = path.slice(prefix.length).replace(/\/$/, "").split("/")
    .slice(1).map(decodeURIComponent);
  const [first, ...rest] = steps;
  if (first === undefined) {
    if (isRead) return listCollections(store, request);
    if (method === "POST") return createCollection(store, request);
    throw notAllowed();
  }
  // This route wins over a collection of that name.
  if (first === "count-total-iocs" && rest.length === 0 && isRead) {
    const { max } = store.settings;
    return { status: 200, body: { count: store.count(), max } };
  }
  const collection = store.collections.get(first);
  if (collection === undefined) {
    throw new ApiError(404, "INTHREAT2500", "IOC Collection not found");
  }
  return routeCollection(store, collection, request, rest);
}

/** What is below a collection. */
function routeCollection(
  store: Store,
  collection: StoredCollection,
  request: Request,
  [resource, id, ...more]: readonly string[],
): Reply {
  const { method } = request;
  if (resource === undefined) {
    if (method !== "GET") throw notAllowed();
    return { status: 200, body: collectionJson(collection) };
  }
  if (resource !== "indicators" || more.length > 0) {
    throw new ApiError(404, "T404", "Not found");
  }
  if (id === undefined) {
    if (method === "GET") return listIndicators(collection, request);
    if (method === "POST") return createIndicators(store, collection, request);
    throw notAllowed();
  }
  if (id === "text" && method === "POST") {
    return importText(store, collection, request);
  }
  const indicator = collection.indicators.get(id);
  if (indicator === undefined) {
    throw new ApiError(404, "INTHREAT2404", "Indicator not found");
  }
  if (method === "PUT") return updateIndicator(store, indicator, request);
  if (method === "DELETE") {
    return deleteIndicator(store, collection, indicator, request);
  }
  throw notAllowed();
}

function notAllowed(): ApiError {
  return new ApiError(405, "T405", "Method not allowed");
}

function listCollections(store: Store, { query }: Request): Reply {
  const term = query.get("term") ?? "";
  const found = [...store.collections.values()]
    .filter(({ name }) => name.includes(term));
  const counts = query.get("with_indicators_count") === "true";
  const { offset, limit } = paging(query);
  return {
    status: 200,
    body: {
      items: found.slice(offset, offset + limit).map((collection) => ({
        ...collectionJson(collection),
        ...(counts && { indicators_count: collection.indicators.size }),
      })),
      total: found.length,
    },
  };
}

function createCollection(store: Store, request: Request): Reply {
  const body = members(jsonOf(request), [
    "name",
    "description",
    "community_uuid",
    "available_for_sub_communities",
  ]);
  const { description, community_uuid, available_for_sub_communities } = body;
  const collection = store.createCollection({
    name: requiredText(body, "name"),
    ...(typeof description === "string" && { description }),
    ...(typeof community_uuid === "string" && {
      communityUuid: community_uuid,
    }),
    availableForSubCommunities: available_for_sub_communities === true,
  });
  return { status: 201, body: collectionJson(collection) };
}
