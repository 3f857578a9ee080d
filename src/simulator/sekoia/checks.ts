/** What the API takes in a body; everything else is a 400. */
import type { Properties, Settings } from "./store.ts";

/** An answer that refuses. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A body that is not as it has to be. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, "INTHREAT2400", message);
}

type Json = Record<string, unknown>;

/** The members of a JSON object, all of them known. */
export function members(value: unknown, known: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("Expected a JSON object");
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw badRequest(`Unknown field: ${name}`);
  }
  return value as Json;
}

/** Text, where it must be there. */
export function requiredText(body: Json, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "") {
    throw badRequest(`${name}: Missing data for required field`);
  }
  return value;
}

/** Members of `default_fields`, of a text import and of an update. */
export const PROPERTY_NAMES = [
  "description",
  "valid_from",
  "valid_until",
  "kill_chain_phases",
  "x_ic_related_threat_refs",
];

const MAX_DESCRIPTION_CHARS = 500;

/** Takes the properties out of a body that may hold more. */
export function toProperties(body: Json, settings: Settings): Properties {
  const { description, valid_from, valid_until } = body;
  if (description !== undefined) {
    if (typeof description !== "string") {
      throw badRequest("description: Not a valid string");
    }
    if ([...description].length > MAX_DESCRIPTION_CHARS) {
      throw badRequest("description: Longer than maximum length 500");
    }
  }
  const from = toTime("valid_from", valid_from);
  const until = toTime("valid_until", valid_until);
  if (from !== undefined && until !== undefined && until <= from) {
    throw badRequest("valid_until: Must be later than valid_from");
  }
  checkPhases(body.kill_chain_phases, settings);
  checkRefs(body.x_ic_related_threat_refs);
  return Object.fromEntries(
    PROPERTY_NAMES.filter((name) => body[name] !== undefined)
      .map((name) => [name, body[name]]),
  );
}

/** RFC 3339 in milliseconds. */
export function toTime(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const isTime = typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const ms = isTime ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) throw badRequest(`${name}: Not a valid datetime`);
  return ms;
}

function checkPhases(value: unknown, settings: Settings): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    throw badRequest("kill_chain_phases: Not a valid list");
  }
  for (const phase of value) {
    const names = ["kill_chain_name", "phase_name"];
    const known = settings.toleratesPhaseMembers
      ? [...names, ...Object.keys(phase ?? {})]
      : names;
    const body = members(phase, known);
    for (const name of names) requiredText(body, name);
  }
  if (settings.refusesPhases && value.length > 0) {
    throw badRequest("kill_chain_phases: Unknown phase");
  }
}

function checkRefs(value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    throw badRequest("x_ic_related_threat_refs: Not a valid list");
  }
  // Nothing of OpenCTI's is in the vendor's knowledge base.
  if (value.length > 0) {
    throw badRequest("x_ic_related_threat_refs: Unknown object");
  }
}
