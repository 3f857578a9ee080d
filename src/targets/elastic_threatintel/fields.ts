/** Kinds of setting that only this target has. */
import { ConfigError } from "../../errors.ts";
import {
  type Field,
  field,
  isoDate,
  quoted,
  scalarText,
} from "../../config/fields.ts";
import { type Tlp, toTlp } from "../../stix/marking.ts";
import { isRecord } from "../../stix/object.ts";

/** Names of indices with `*`, and commas between several. */
export function indexPattern(): Field<string> {
  return field((value) => {
    const pattern = scalarText(value).replace(/\s*,\s*/g, ",");
    if (/[\\/?"<>|\s#:]|\p{Cc}|^$|(^|,)(,|$|[-_+])/u.test(pattern)) {
      throw new ConfigError(
        "is not a pattern of index names; write it like opencti-*",
      );
    }
    return pattern;
  }, { type: "string" });
}

/** Milliseconds since 1970, or an ISO 8601 date. */
export function startTime(): Field<number> {
  return field((value) => {
    const written = scalarText(value);
    const date = isoDate().safeParse(written);
    const ms = date.success ? Date.parse(date.data) : Number(written);
    if (!/^\d{12,15}$/.test(written) && !date.success && ms !== 0) {
      throw new ConfigError(
        `${quoted(written)} is not a time; ` +
          "give milliseconds since 1970 or an ISO 8601 date",
      );
    }
    return ms;
  }, { type: ["string", "integer"] });
}

/** The query of a search body in JSON text. */
export function queryText(): Field<Record<string, unknown>> {
  return field((value) => {
    if (typeof value !== "string") {
      throw new ConfigError("is a block; write the JSON as text, in quotes");
    }
    const body = parsedJson(value);
    if (!isRecord(body) || !isRecord(body.query)) {
      throw new ConfigError(
        'is not a JSON object with the key "query"; check quotes and braces',
      );
    }
    const other = Object.keys(body)
      .find((key) => key !== "query" && key !== "size");
    if (other !== undefined) {
      throw new ConfigError(
        `holds the key ${quoted(other)}; only "query" has a meaning here`,
      );
    }
    return body.query;
  }, { type: "string" });
}

function parsedJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A level of TLP, in any case, with or without `TLP:`. */
export function tlp(): Field<Tlp> {
  return field((value) => {
    const level = toTlp(scalarText(value));
    if (level === undefined) {
      throw new ConfigError(
        `${quoted(scalarText(value))} is not a TLP level; ` +
          "use CLEAR, GREEN, AMBER, AMBER+STRICT or RED",
      );
    }
    return level;
  }, { type: "string" });
}
