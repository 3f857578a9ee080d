import { derivedId } from "../../../src/simulator/opencti/identifiers.ts";
import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
} from "../../../src/stix/object.ts";

export const AT = Date.parse("2026-03-02T09:15:00.000Z");

/** A small indicator; `octi` is merged into the platform's extension. */
export function indicator(
  name: string,
  members: Record<string, unknown> = {},
  octi: Record<string, unknown> = {},
): StixObject {
  const hex = derivedId("test", name).slice(-12);
  return {
    id: `indicator--00000000-0000-5000-8000-${hex}`,
    type: "indicator",
    spec_version: "2.1",
    extensions: {
      [OCTI_EXTENSION]: {
        extension_type: "property-extension",
        id: `00000000-0000-4000-8000-${hex}`,
        type: "Indicator",
        score: 50,
        ...octi,
      },
    },
    name,
    pattern: `[domain-name:value = '${name}']`,
    pattern_type: "stix",
    ...members,
  };
}

/** Any other object. */
export function entity(
  type: string,
  entityType: string,
  name: string,
  members: Record<string, unknown> = {},
): StixObject {
  const base = indicator(`${type}-${name}`);
  const octi = extension(base, OCTI_EXTENSION);
  return {
    id: base.id.replace("indicator--", `${type}--`),
    type,
    spec_version: "2.1",
    extensions: {
      [OCTI_EXTENSION]: {
        extension_type: "property-extension",
        id: octi.id,
        type: entityType,
      },
    },
    name,
    ...members,
  };
}

/** The payload of a frame's data line. */
export function payloadOf(data: string): {
  type?: string;
  origin: Record<string, unknown>;
  data: StixObject;
  context?: Record<string, unknown>;
} {
  const payload = JSON.parse(data);
  if (!isRecord(payload)) throw new Error("no object");
  // deno-lint-ignore no-explicit-any
  return payload as any;
}
