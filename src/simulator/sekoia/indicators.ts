/** What the API does with the indicators of one collection. */
import type { Request } from "../server/server.ts";
import {
  ApiError,
  badRequest,
  members,
  PROPERTY_NAMES,
  requiredText,
  toProperties,
  toTime,
} from "./checks.ts";
import { detect, TEXT_FORMATS } from "./detect.ts";
import { indicatorJson, jsonOf, paging, type Reply } from "./forms.ts";
import type { Store, StoredCollection, StoredIndicator } from "./store.ts";

const MAX_VALUES = 100;

/** The synchronous importer. */
export function createIndicators(
  store: Store,
  collection: StoredCollection,
  request: Request,
): Reply {
  const body = members(jsonOf(request), ["indicators", "default_fields"]);
  const { indicators, default_fields } = body;
  if (!Array.isArray(indicators) || default_fields === undefined) {
    throw badRequest("indicators, default_fields: required");
  }
  if (indicators.length === 0 || indicators.length > MAX_VALUES) {
    throw badRequest(`indicators: 1 to ${MAX_VALUES} items`);
  }
  const shared = toProperties(
    members(default_fields, PROPERTY_NAMES),
    store.settings,
  );
  const wanted = indicators.map((item) => {
    const one = members(item, ["value", "valid_from"]);
    toTime("valid_from", one.valid_from);
    const from = one.valid_from as string | undefined;
    return { value: requiredText(one, "value"), from };
  });
  checkValues(store, collection, wanted.map(({ value }) => value));
  const items = wanted.flatMap(({ value, from }) =>
    store.add(collection, value, {
      ...shared,
      ...(from !== undefined && { valid_from: from }),
    }) ?? []
  );
  return {
    status: 200,
    body: {
      items: items.map((item) => indicatorJson(item, collection)),
      total: items.length,
    },
  };
}

/** Nothing is stored when one value, or the quota, forbids it. */
function checkValues(
  store: Store,
  collection: StoredCollection,
  values: readonly string[],
): void {
  const { max, refusedValues } = store.settings;
  const bad = values.find((value) => refusedValues.has(value));
  if (bad !== undefined) throw badRequest("indicators: Invalid value");
  const valid = values.filter((value) => detect(value) !== undefined);
  if (store.count() + store.growth(collection, valid) > max) {
    throw new ApiError(
      400,
      "INTHREAT2510",
      "Maximum number of indicators reached",
    );
  }
}

/** The asynchronous importer. */
export function importText(
  store: Store,
  collection: StoredCollection,
  request: Request,
): Reply {
  const body = members(jsonOf(request), [
    "format",
    "indicators",
    ...PROPERTY_NAMES,
  ]);
  const format = requiredText(body, "format");
  if (!TEXT_FORMATS.has(format)) throw badRequest("format: Unknown");
  const type = TEXT_FORMATS.get(format);
  const values = requiredText(body, "indicators").split("\n")
    .map((line) => line.trim())
    .filter((line) => {
      const found = detect(line);
      return found !== undefined && (type === undefined || type === found.type);
    });
  checkValues(store, collection, values);
  store.importLater(collection, values, toProperties(body, store.settings));
  return { status: 202, body: { task_id: crypto.randomUUID() } };
}

/** Revoked ones too. */
export function listIndicators(
  collection: StoredCollection,
  { query }: Request,
): Reply {
  const term = query.get("term") ?? "";
  const { offset, limit } = paging(query);
  const found = [...collection.indicators.values()]
    .filter(({ pattern }) => pattern.includes(term));
  return {
    status: 200,
    body: {
      items: found.slice(offset, offset + limit)
        .map((indicator) => indicatorJson(indicator, collection)),
      total: found.length,
      has_more: found.length > offset + limit,
    },
  };
}

/** The value cannot be changed. */
export function updateIndicator(
  store: Store,
  indicator: StoredIndicator,
  request: Request,
): Reply {
  const body = members(jsonOf(request), PROPERTY_NAMES);
  store.update(indicator, toProperties(body, store.settings));
  return { status: 200, body: indicatorJson(indicator) };
}

/** Revokes; for good only after a day, and when asked for. */
export function deleteIndicator(
  store: Store,
  collection: StoredCollection,
  indicator: StoredIndicator,
  request: Request,
): Reply {
  const { earlyStatus, forceIn } = store.settings;
  const body = request.body.length === 0
    ? {}
    : members(jsonOf(request), ["force_deletion"]);
  if ("force_deletion" in body && forceIn === "query") {
    throw badRequest("Unexpected body");
  }
  const isForced = body.force_deletion === true ||
    (forceIn !== "body" && request.query.get("force_deletion") === "true");
  if (!isForced) store.revoke(collection, indicator);
  else if (!store.purge(collection, indicator)) {
    throw new ApiError(
      earlyStatus,
      "INTHREAT2520",
      "The indicator must be revoked for 24 hours",
    );
  }
  return { status: 200, body: indicatorJson(indicator, collection) };
}
