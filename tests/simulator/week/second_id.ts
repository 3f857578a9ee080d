/**
 * Standard ids, written a second time and in another way than the generator:
 * the identifying text is put together by hand, the digest by `node:crypto`.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  extension,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  type StixObject,
} from "../../../src/stix/object.ts";

const NAMESPACE = "00abedb4aa42466c9c01fed23315a9b7";

const TLP: Readonly<Record<string, string>> = {
  "TLP:CLEAR": "613f2e26-407d-48c7-9eca-b8e91df99dc9",
  "TLP:GREEN": "34098fce-860f-48ae-8e50-ebd3cc5e41da",
  "TLP:AMBER": "f88d31f6-486f-44da-b317-01333bde0b82",
  "TLP:AMBER+STRICT": "826578e1-40ad-459f-bc73-ede076f81f37",
  "TLP:RED": "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
};

/** Members in alphabetical order; those that are absent are left out. */
// deno-fmt-ignore
const MEMBERS: Readonly<Record<string, string>> = {
  "autonomous-system": "number",
  "bank-account": "iban",
  "directory": "path",
  "email-message": "body from_ref subject",
  "email-mime-part-type": "body content_disposition content_type opencti_type",
  "indicator": "pattern",
  "media-content": "url",
  "mutex": "name",
  "network-traffic": "dst_port dst_ref end protocols src_port src_ref start",
  "note": "content created",
  "opinion": "created opinion",
  "payment-card": "card_number",
  "persona": "persona_name persona_type",
  "process": "command_line pid",
  "relationship": "relationship_type source_ref start_time stop_time target_ref",
  "sighting": "first_seen last_seen sighting_of_ref type where_sighted_refs",
  "software": "cpe name swid vendor version",
  "ssh-key": "fingerprint_sha256",
  "user-account": "account_login account_type user_id",
  "windows-registry-value-type": "data data_type name opencti_type",
};

/** Entities that go by their name in lower case, and what else. */
const NAMED: Readonly<Record<string, string>> = {
  "campaign": "name",
  "case-incident": "created name",
  "case-rfi": "created name",
  "case-rft": "created name",
  "grouping": "context created name",
  "identity": "identity_class name",
  "incident": "created name",
  "infrastructure": "name",
  "intrusion-set": "name",
  "location": "name x_opencti_location_type",
  "malware": "name",
  "report": "name published",
  "threat-actor": "name opencti_type",
  "tool": "name",
  "vulnerability": "name",
};

export function secondStandardId(object: StixObject): string {
  return `${object.type}--${uuid(object)}`;
}

function uuid(object: StixObject): string {
  const octi = extension(object, OCTI_EXTENSION);
  const all: Record<string, unknown> = {
    ...object,
    opencti_type: octi.type,
    x_opencti_location_type: octi.location_type,
  };
  const named = NAMED[object.type];
  if (named !== undefined) {
    return digest(members(named, {
      ...all,
      name: String(object.name).toLowerCase().trim(),
      identity_class: String(object.identity_class).toLowerCase(),
    }));
  }
  switch (object.type) {
    case "marking-definition":
      return TLP[String(object.name)] ??
        digest(
          `{"definition":"${object.name}","definition_type":"${object.definition_type}"}`,
        );
    case "label":
      return digest(`{"value":${JSON.stringify(String(object.value))}}`);
    case "attack-pattern":
    case "course-of-action": {
      const id = extension(object, MITRE_EXTENSION).id;
      return digest(
        id === undefined
          ? `{"name":${JSON.stringify(String(object.name).toLowerCase())}}`
          : `{"x_mitre_id":"${id}"}`,
      );
    }
    case "observed-data":
      return digest(
        `{"objects":[${
          [...object.object_refs as string[]].sort()
            .map((id) => `"${id}"`).join(",")
        }]}`,
      );
    case "windows-registry-key":
      return digest(`{"attribute_key":${JSON.stringify(object.key)}}`);
    case "file":
      return digest(hashed(object) ?? members("name", all));
    case "artifact":
      return digest(hashed(object) ?? members("url", all));
    case "x509-certificate":
      return digest(
        hashed(object) ??
          members(object.serial_number ? "serial_number" : "subject", all),
      );
    default:
      return digest(members(MEMBERS[object.type] ?? "value", all));
  }
}

function hashed(object: StixObject): string | undefined {
  const hashes = (object.hashes ?? {}) as Record<string, string>;
  for (const name of ["MD5", "SHA-1", "SHA-256", "SHA-512", "SSDEEP"]) {
    if (hashes[name] !== undefined) {
      return `{"hashes":{"${name}":${JSON.stringify(hashes[name])}}}`;
    }
  }
  return undefined;
}

function members(names: string, all: Record<string, unknown>): string {
  const present = names.split(" ").filter((name) => all[name] !== undefined);
  return `{${
    present.map((name) => `"${name}":${JSON.stringify(all[name])}`).join(",")
  }}`;
}

function digest(text: string): string {
  const bytes = createHash("sha1").update(Buffer.from(NAMESPACE, "hex"))
    .update(text, "utf8").digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
