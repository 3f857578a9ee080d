import type { StixObject } from "../../stix/object.ts";

/** Members that name an object, the best first. */
const NAMES = [
  "name",
  "value",
  "relationship_type",
  "path",
  "key",
  "subject",
  "command_line",
  "account_login",
  "serial_number",
  "iban",
  "card_number",
  "persona_name",
  "title",
  "fingerprint_sha256",
  "url",
];

/** The text by which the platform shows an object. */
export function representative(object: StixObject): string {
  const hashes = object.hashes as Record<string, string> | undefined;
  if (hashes !== undefined) return Object.values(hashes).at(-1) as string;
  const key = NAMES.find((name) => typeof object[name] === "string");
  return key === undefined ? object.id : String(object[key]);
}
