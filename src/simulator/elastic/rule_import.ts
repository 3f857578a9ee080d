import type { JsonObject } from "./json.ts";
import { isObject } from "./json.ts";
import { CoreError, type KibanaCall } from "./kibana_call.ts";
import { BodyError, RuleError } from "./rule_store.ts";

/**
 * `POST _import`: a multipart form with a `file` of one rule per line.
 *
 * @throws {CoreError} 400 for a form without such a file.
 */
export async function importRules(call: KibanaCall): Promise<JsonObject> {
  const file = await fileOf(call);
  const overwrite = call.query.get("overwrite") === "true";
  const lines = (await file.text()).split("\n").filter((line) =>
    line.trim() !== ""
  );
  const errors: JsonObject[] = [];
  for (const line of lines) {
    const error = importOne(call, line, overwrite);
    if (error !== undefined) errors.push(error);
  }
  return {
    success: errors.length === 0,
    success_count: lines.length - errors.length,
    rules_count: lines.length,
    errors,
    exceptions_errors: [],
    exceptions_success: true,
    exceptions_success_count: 0,
    action_connectors_success: true,
    action_connectors_success_count: 0,
    action_connectors_errors: [],
    action_connectors_warnings: [],
  };
}

async function fileOf({ request }: KibanaCall): Promise<File> {
  const type = request.headers["content-type"] ?? "";
  let form: FormData;
  try {
    const body = new Uint8Array(request.body);
    form = await new Response(body, { headers: { "content-type": type } })
      .formData();
  } catch {
    throw new CoreError(415, "Unsupported Media Type");
  }
  const file = form.get("file");
  if (!(file instanceof File)) {
    throw new CoreError(400, "[request body]: file: Required");
  }
  if (file.name.endsWith(".ndjson")) return file;
  const dot = file.name.lastIndexOf(".");
  const extension = dot === -1 ? "" : file.name.slice(dot);
  throw new CoreError(400, `Invalid file extension ${extension}`);
}

function importOne(
  { rules, principal }: KibanaCall,
  line: string,
  overwrite: boolean,
): JsonObject | undefined {
  let ruleId = "(unknown id)";
  try {
    const rule: unknown = JSON.parse(line);
    if (!isObject(rule)) throw new BodyError("Expected object");
    if (typeof rule.rule_id !== "string") {
      throw new BodyError("rule_id: Required");
    }
    ruleId = rule.rule_id;
    const known = rules.find({ rule_id: ruleId });
    if (known === undefined) rules.create(rule, principal.name);
    else if (overwrite) rules.replace(rule, principal.name);
    else throw new RuleError(409, `rule_id: "${ruleId}" already exists`);
    return undefined;
  } catch (error) {
    const status = error instanceof RuleError ? error.status : 400;
    const message = error instanceof Error ? error.message : String(error);
    return { rule_id: ruleId, error: { status_code: status, message } };
  }
}
