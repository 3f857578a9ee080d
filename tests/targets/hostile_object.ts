/** Objects as nobody should send them, for property tests. */
import fc from "fast-check";
import {
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../src/stix/object.ts";
import { WEEK } from "./sample_events.ts";

/** A JSON object where any member may be of any type. */
export function hostileObject(): fc.Arbitrary<StixObject> {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const json = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
    text,
    fc.constantFrom(-1, 1e308, "9".repeat(400), "2026-02-30T00:00:00Z", [[[]]]),
  );
  const members = (names: readonly string[]) =>
    fc.record(
      Object.fromEntries(names.map((name) => [name, json])),
      { requiredKeys: [] },
    );
  return fc.record({
    id: text.map((end) => `indicator--${end}`),
    type: fc.constantFrom(
      ...WEEK.map(({ object }) => object.type),
      "constructor",
      "__proto__",
    ),
    extensions: fc.oneof(
      json,
      fc.record({
        [OCTI_EXTENSION]: fc.oneof(json, members(OCTI_MEMBERS)),
        [SCO_EXTENSION]: fc.oneof(json, members(SCO_MEMBERS)),
      }),
    ),
    members: members(MEMBERS),
    // A sound object with some members spoilt reaches further.
    sound: fc.option(fc.constantFrom(...WEEK).map(({ object }) => object)),
    language: fc.option(
      fc.constantFrom("stix", "kql", "lucene", "eql", "esql", "sigma", "yara"),
    ),
  }).map(({ id, type, extensions, members, sound, language }) => ({
    ...(sound ?? { extensions }),
    ...members,
    ...(language === null ? {} : { pattern_type: language }),
    id: sound?.id ?? id,
    type: sound?.type ?? type,
  }));
}

// deno-fmt-ignore
const MEMBERS = [
  "name", "description", "pattern", "pattern_type", "pattern_version", "labels", "created", "modified",
  "valid_from", "valid_until", "revoked", "confidence", "created_by_ref", "object_marking_refs",
  "external_references", "kill_chain_phases", "value", "values", "key", "hashes", "path", "number", "rir",
  "serial_number", "issuer", "subject", "x509_v3_extensions", "validity_not_before", "protocols", "src_port",
  "dst_port", "account_login", "user_id", "command_line", "pid", "cpe", "vendor", "version", "size",
  "mime_type", "payload_bin", "url", "message_id", "display_name", "ctime", "mtime", "atime", "iban",
  "extensions", "__proto__", "constructor", "toString", "hasOwnProperty",
];
// deno-fmt-ignore
const OCTI_MEMBERS = [
  "id", "type", "score", "detection", "observable_values", "main_observable_type", "created_at", "updated_at",
  "labels", "is_inferred", "opencti_upsert_operations",
];
// deno-fmt-ignore
const SCO_MEMBERS = ["labels", "score", "description", "created_by_ref", "external_references", "additional_names"];
