/**
 * Extension ids that OpenCTI puts into `extensions` of its STIX 2.1 objects.
 * Source: OpenCTI 6.9 `stix-2-1-converter.ts`.
 */
export const OCTI_EXTENSION =
  "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
/** Properties of observables: score, labels, description, author. */
export const SCO_EXTENSION =
  "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82";
/** MITRE ATT&CK properties; present on every indicator, even when empty. */
export const MITRE_EXTENSION =
  "extension-definition--322b8f77-262a-4cb8-a915-1e441e00329b";

/**
 * A STIX 2.1 object as OpenCTI publishes it: untrusted input. Only `id` and
 * `type` are known to be strings; everything else is checked where it is read.
 */
export interface StixObject {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

/** True for a JSON object: not null, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One extension of the object, or an empty record where it has none. */
export function extension(
  object: StixObject,
  id: string,
): Readonly<Record<string, unknown>> {
  const extensions = object.extensions;
  const found = isRecord(extensions) ? extensions[id] : undefined;
  return isRecord(found) ? found : {};
}

/**
 * The platform's own id (a UUID): never changes, survives every edit. Falls
 * back to the former top-level `x_opencti_id` and then to the STIX id.
 */
export function internalId(object: StixObject): string {
  const id = extension(object, OCTI_EXTENSION).id ?? object.x_opencti_id;
  return typeof id === "string" && id !== "" ? id : object.id;
}

/**
 * A property that OpenCTI keeps in the extension of STIX observables and at
 * the top level of its own observable types (`hostname`, `text`, ...).
 */
export function scoProperty(object: StixObject, name: string): unknown {
  return extension(object, SCO_EXTENSION)[name] ?? object[name] ??
    object[`x_opencti_${name}`];
}

/** The strings of a list; anything else in it, or no list, yields nothing. */
export function strings(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === "string")
    : [];
}

/** The value when it is a non-empty string. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
