/** Answers in the form of the console's REST framework. */
import type { Answer } from "../server/server.ts";

/** An object of the API. */
export type Body = Record<string, unknown>;

/** What ends a request early: an error answer of the API. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly body: Body;

  constructor(status: number, body: Body) {
    super(JSON.stringify(body));
    this.status = status;
    this.body = body;
  }
}

/** A field that is not as it should be: `{"name": ["…"]}`. */
export function invalid(field: string, message: string): ApiError {
  return new ApiError(400, { [field]: [message] });
}

/** `{"detail": "…"}`, the form of everything that is no field's fault. */
export function refused(status: number, detail: string): ApiError {
  return new ApiError(status, { detail });
}

/** A JSON answer; no body at all for 204. */
export function answer(
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? "" : JSON.stringify(body),
  };
}

/** Text of a field that must have some. */
export function requiredText(body: Body, field: string, max = 65_536): string {
  const value = body[field];
  if (value === undefined) throw invalid(field, "This field is required.");
  if (value === null) throw invalid(field, "This field may not be null.");
  if (typeof value !== "string") throw invalid(field, "Not a valid string.");
  if (value.trim() === "") throw invalid(field, "This field may not be blank.");
  if (value.length > max) {
    throw invalid(
      field,
      `Ensure this field has no more than ${max} characters.`,
    );
  }
  return value;
}

/** Refuses fields of another type than the API's. */
export function checkTypes(body: Body): void {
  for (const field of ["comment", "description"]) {
    const value = body[field];
    const isText = typeof value === "string" ||
      (field === "comment" && value === null);
    if (value !== undefined && !isText) {
      throw invalid(field, "Not a valid string.");
    }
  }
  for (const field of ["enabled", "block_on_agent", "quarantine_on_agent"]) {
    if (body[field] !== undefined && typeof body[field] !== "boolean") {
      throw invalid(field, "Must be a valid boolean.");
    }
  }
  for (const [field, words] of Object.entries(CHOICES)) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (!words.includes(`${value}`)) {
      throw invalid(field, `"${value}" is not a valid choice.`);
    }
  }
  const { references } = body;
  const isList = Array.isArray(references) &&
    references.every((one) => typeof one === "string");
  if (references !== undefined && !isList) {
    throw invalid("references", "Expected a list of items.");
  }
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  hl_status: ["experimental", "stable", "testing"],
  global_state: ["alert", "backend_alert", "block", "disabled", "quarantine"],
  rule_level_override: ["critical", "high", "medium", "low", "informational"],
  rule_confidence_override: ["weak", "moderate", "strong"],
};
