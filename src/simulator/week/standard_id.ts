import { deterministicId, type IdentifyingValue } from "../../stix/id.ts";
import {
  extension,
  isRecord,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";

/** Hash algorithms in the order in which the platform looks for one. */
const HASHES = ["MD5", "SHA-1", "SHA-256", "SHA-512", "SSDEEP"];

/** Ids that are fixed by the platform whatever their fields say. */
const FIXED_MARKINGS: Readonly<Record<string, string>> = {
  "TLP:CLEAR": "613f2e26-407d-48c7-9eca-b8e91df99dc9",
  "TLP:GREEN": "34098fce-860f-48ae-8e50-ebd3cc5e41da",
  "TLP:AMBER": "f88d31f6-486f-44da-b317-01333bde0b82",
  "TLP:AMBER+STRICT": "826578e1-40ad-459f-bc73-ede076f81f37",
  "TLP:RED": "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
};

type Identify = (object: StixObject) => Record<string, unknown>;

/**
 * The properties that identify an object, per STIX type, under the names that
 * the platform gives them. Types that are not listed go by `value`.
 * Source: OpenCTI 6.9 `schema/identifier.js` and `modules/*`.
 */
// deno-fmt-ignore
const IDENTIFYING: Readonly<Record<string, Identify>> = {
  "attack-pattern": byTechnique,
  "campaign": byName,
  "case-incident": byNameAnd("created"),
  "case-rfi": byNameAnd("created"),
  "case-rft": byNameAnd("created"),
  "course-of-action": byTechnique,
  "grouping": byNameAnd("context", "created"),
  "identity": (object) => ({ name: folded(object.name), identity_class: folded(object.identity_class) }),
  "incident": byNameAnd("created"),
  "indicator": only("pattern"),
  "infrastructure": byName,
  "intrusion-set": byName,
  "label": (object) => ({ value: folded(object.value) }),
  "location": (object) => ({ name: folded(object.name), x_opencti_location_type: octi(object).location_type }),
  "malware": byName,
  "marking-definition": (object) => ({ definition: upper(object.name), definition_type: upper(object.definition_type) }),
  "note": only("content", "created"),
  "observed-data": (object) => ({ objects: [...object.object_refs as string[]].sort() }),
  "opinion": only("opinion", "created"),
  "report": byNameAnd("published"),
  "threat-actor": (object) => ({ name: folded(object.name), opencti_type: octi(object).type }),
  "tool": byName,
  "vulnerability": byName,
  "relationship": only("relationship_type", "source_ref", "target_ref", "start_time", "stop_time"),
  "sighting": (object) => ({ type: "sighting", ...only("sighting_of_ref", "where_sighted_refs", "first_seen", "last_seen")(object) }),

  "artifact": firstOf(byHash, only("url")),
  "autonomous-system": only("number"),
  "bank-account": only("iban"),
  "directory": only("path"),
  "email-message": only("from_ref", "subject", "body"),
  "email-mime-part-type": (object) => ({ opencti_type: octi(object).type, ...only("content_type", "content_disposition", "body")(object) }),
  "file": firstOf(byHash, only("name")),
  "media-content": only("url"),
  "mutex": only("name"),
  "network-traffic": only("start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols"),
  "payment-card": only("card_number"),
  "persona": only("persona_name", "persona_type"),
  "process": only("pid", "command_line"),
  "software": only("name", "cpe", "swid", "vendor", "version"),
  "ssh-key": only("fingerprint_sha256"),
  "user-account": only("account_type", "user_id", "account_login"),
  "windows-registry-key": (object) => ({ attribute_key: object.key }),
  "windows-registry-value-type": (object) => ({ opencti_type: octi(object).type, ...only("name", "data", "data_type")(object) }),
  "x509-certificate": firstOf(byHash, only("serial_number"), only("subject")),
};

/**
 * The standard id that the platform gives an object: the type and a UUIDv5
 * over the canonical JSON of what identifies it. The id the object carries is
 * not looked at.
 */
export function standardId(object: StixObject): string {
  const fixed = object.type === "marking-definition"
    ? FIXED_MARKINGS[String(object.name)]
    : undefined;
  if (fixed !== undefined) return `${object.type}--${fixed}`;
  const identify = IDENTIFYING[object.type] ?? only("value");
  // The values are the generator's own: JSON, every one of them.
  return deterministicId(
    object.type,
    identify(object) as Readonly<Record<string, IdentifyingValue>>,
  );
}

function octi(object: StixObject): Readonly<Record<string, unknown>> {
  return extension(object, OCTI_EXTENSION);
}

function folded(value: unknown): string {
  return String(value).toLowerCase().trim();
}

function upper(value: unknown): string {
  return String(value).toUpperCase();
}

function only(...keys: string[]): Identify {
  return (object) =>
    Object.fromEntries(
      keys.filter((key) => object[key] !== undefined)
        .map((key) => [key, object[key]]),
    );
}

function byName(object: StixObject): Record<string, unknown> {
  return { name: folded(object.name) };
}

function byNameAnd(...keys: string[]): Identify {
  return (object) => ({ ...byName(object), ...only(...keys)(object) });
}

function byTechnique(object: StixObject): Record<string, unknown> {
  const id = extension(object, MITRE_EXTENSION).id;
  return id === undefined ? byName(object) : { x_mitre_id: id };
}

function byHash(object: StixObject): Record<string, unknown> {
  const hashes = isRecord(object.hashes) ? object.hashes : {};
  const algorithm = HASHES.find((name) => hashes[name] !== undefined);
  return algorithm === undefined
    ? {}
    : { hashes: { [algorithm]: hashes[algorithm] } };
}

function firstOf(...ways: Identify[]): Identify {
  return (object) =>
    ways.map((way) => way(object))
      .find((found) => Object.keys(found).length > 0) ?? {};
}
