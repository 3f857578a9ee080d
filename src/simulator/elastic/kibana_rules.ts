import { isObject, type JsonObject } from "./json.ts";
import { CoreError, type KibanaCall } from "./kibana_call.ts";
import { compileKql, KqlError } from "./kql.ts";
import { importRules } from "./rule_import.ts";
import { type Rule, RuleError, type RuleName } from "./rule_store.ts";

type Handler = (call: KibanaCall) => unknown;

/** Method and path below `/api/detection_engine/rules` → what it does. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  "POST ": (call) => call.rules.create(bodyOf(call), call.principal.name),
  "PUT ": (call) => call.rules.replace(bodyOf(call), call.principal.name),
  "PATCH ": (call) => call.rules.patch(bodyOf(call), call.principal.name),
  "GET ": (call) => call.rules.get(nameOf(call)),
  "DELETE ": (call) => call.rules.delete(nameOf(call)),
  "GET /_find": find,
  "POST /_import": importRules,
};

/**
 * Answers a call of the detection engine's rule routes.
 *
 * @throws {RuleError} {BodyError} {CoreError} As Kibana refuses it.
 */
export function handleRules(call: KibanaCall): unknown {
  const key = `${call.method} ${call.path}`;
  const handler = Object.hasOwn(HANDLERS, key) ? HANDLERS[key] : undefined;
  if (handler === undefined) throw new CoreError(404, "Not Found");
  authorize(call);
  return handler(call);
}

function authorize({ method, path, principal }: KibanaCall): void {
  const { rules } = principal.privileges;
  if (rules === "all" || (rules === "read" && method === "GET")) return;
  throw new CoreError(
    403,
    `API [${method} /api/detection_engine/rules${path}] is unauthorized for ` +
      "user, this action is granted by the Kibana privileges [securitySolution]",
  );
}

function bodyOf({ request }: KibanaCall): unknown {
  const text = request.body.toString();
  if (text === "") {
    throw new CoreError(400, "[request body]: Expected object, received null");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new CoreError(400, "Invalid request payload JSON format");
  }
}

function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw new CoreError(
        400,
        `[request query]: Unrecognized key(s) in object: '${name}'`,
      );
    }
  }
}

function nameOf({ query }: KibanaCall): RuleName {
  checkQuery(query, ["id", "rule_id"]);
  return {
    id: query.get("id") ?? undefined,
    rule_id: query.get("rule_id") ?? undefined,
  };
}

const FIND_PARAMS = [
  "fields",
  "filter",
  "sort_field",
  "sort_order",
  "page",
  "per_page",
  "gaps_range_start",
  "gaps_range_end",
];
const RESULT_WINDOW = 10_000;

function find({ query, rules }: KibanaCall): JsonObject {
  checkQuery(query, FIND_PARAMS);
  const page = count(query, "page", 1, 1);
  const perPage = count(query, "per_page", 20, 0);
  if (page * perPage > RESULT_WINDOW) {
    throw new RuleError(
      400,
      "Result window is too large, from + size must be less than or equal to: " +
        `[${RESULT_WINDOW}]`,
    );
  }
  const found = sorted(rules.all().filter(filterOf(query)), query);
  return {
    page,
    perPage,
    total: found.length,
    data: found.slice((page - 1) * perPage, page * perPage),
  };
}

function filterOf(query: URLSearchParams): (rule: Rule) => boolean {
  const filter = query.get("filter");
  if (filter === null || filter.trim() === "") return () => true;
  try {
    return compileKql(filter);
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    throw new RuleError(400, error.message);
  }
}

function count(
  query: URLSearchParams,
  name: string,
  missing: number,
  least: number,
): number {
  const text = query.get(name);
  if (text === null) return missing;
  const number = Number(text);
  if (!Number.isInteger(number)) {
    throw new CoreError(
      400,
      `[request query]: ${name}: Expected number, received nan`,
    );
  }
  if (number >= least) return number;
  throw new CoreError(
    400,
    `[request query]: ${name}: Number must be greater than or equal to ${least}`,
  );
}

const SORT_FIELDS: ReadonlySet<string> = new Set([
  "created_at",
  "createdAt",
  "enabled",
  "name",
  "risk_score",
  "riskScore",
  "severity",
  "updated_at",
  "updatedAt",
]);

function sorted(rules: Rule[], query: URLSearchParams): Rule[] {
  const field = query.get("sort_field");
  const order = query.get("sort_order");
  if ((field === null) !== (order === null)) {
    throw new RuleError(400, [
      'when "sort_order" and "sort_field" must exist together or not at all',
    ]);
  }
  if (field === null) return rules;
  if (!SORT_FIELDS.has(field)) {
    throw new CoreError(
      400,
      `[request query]: sort_field: Invalid enum value, received '${field}'`,
    );
  }
  const key = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const sign = order === "desc" ? -1 : 1;
  return rules.toSorted((one, two) => {
    const [left, right] = [text(one[key]), text(two[key])];
    return left === right ? 0 : left < right ? -sign : sign;
  });
}

function text(value: unknown): string {
  if (typeof value === "number") return String(value).padStart(10, "0");
  return isObject(value) ? JSON.stringify(value) : String(value);
}
