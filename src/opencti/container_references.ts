import { scoProperty, type StixObject, strings } from "../stix/object.ts";

/**
 * Properties whose objects are needed to understand an object: who says it,
 * under which marking, and what a composed observable is composed of.
 * Source: STIX 2.1 §3.2 and §6; `contains_refs` is OpenCTI's.
 */
const SINGLE = [
  "created_by_ref",
  "from_ref",
  "sender_ref",
  "src_ref",
  "dst_ref",
  "parent_ref",
  "parent_directory_ref",
  "image_ref",
  "content_ref",
  "body_raw_ref",
  "raw_email_ref",
  "creator_user_ref",
  "sighting_of_ref",
];
const LISTS = [
  "object_marking_refs",
  "to_refs",
  "cc_refs",
  "bcc_refs",
  "where_sighted_refs",
  "observed_data_refs",
];

/** STIX ids of what the object refers to, with repetitions. */
export function referencesIn(object: StixObject): string[] {
  const found = [
    ...strings(SINGLE.map((name) => scoProperty(object, name))),
    ...LISTS.flatMap((name) => strings(scoProperty(object, name))),
  ];
  // What a container holds is read with it; what observed data hold is not.
  if (object.type === "observed-data") {
    found.push(...strings(object.object_refs));
  }
  return found.filter((ref) => /^[a-z0-9-]{1,100}--[\w-]{1,100}$/.test(ref));
}
