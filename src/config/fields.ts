/**
 * The kinds of setting a configuration is made of.
 *
 * How the loader serves them, so that a target has nothing to do for it:
 *
 * - Values arrive as text, from the file as from the environment (a YAML
 *   `0123` stays `0123`); only `CONNECTOR_JSON_CONFIG` brings numbers and
 *   booleans. Use these fields, `z.string()` and `z.enum()`; not `z.number()`
 *   or `z.boolean()`, which refuse text.
 * - Empty text and null mean "not set": the key is absent when a schema sees
 *   the settings, so `.default()`, `.prefault()` and `.optional()` apply.
 * - A `secret()` called `token` may also be given as `token_file` (and its
 *   variable with `_FILE`): the loader reads the file and sets `token`.
 * - A `pemFile()` is a path in the configuration; the loader reads it, so the
 *   schema sees the PEM text and its output holds it. `x_cert` and `x_key`
 *   in one block must both be given or neither; the loader checks that too.
 * - `.default(value)` takes the result (`.default(90)`), `.prefault(text)` what
 *   a person would write (`.prefault("5m")`): use the latter where they differ.
 * - `.describe(text)` ends up in the JSON Schema and the example file, and
 *   `.meta({ examples: [value] })` in the latter.
 */
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { type Field, marked } from "./field_kind.ts";
import {
  type IntegerLimits,
  readBoolean,
  readChoice,
  readCommaList,
  readDuration,
  readInteger,
  readIsoDate,
  readPem,
  readProxyUrl,
  readSecret,
  readText,
  readUrl,
  readUuid,
  type TextLimits,
} from "./field_readers.ts";
import { Secret } from "./secret.ts";

export { Secret } from "./secret.ts";
export { holdsPem, MISSING, quoted, scalarText } from "./field_readers.ts";
export { fieldKind, isOpenObject, objectShape } from "./field_kind.ts";
export type { Field } from "./field_kind.ts";

/** What `z.toJSONSchema()` prints for a field, beside its description. */
type FieldMeta = Readonly<Record<string, unknown>>;

/** A `${VAR}` may stand wherever text may. */
const REFERENCE = String.raw`\$\{`;

/**
 * Base URL of a service, http or https. A path prefix is kept, a slash at the
 * end is cut; credentials, query and fragment are refused.
 */
export function url(): Field<string> {
  return field(readUrl, {
    type: "string",
    pattern: `^(https?://|${REFERENCE})`,
  });
}

/**
 * URL of a proxy: http, https, socks5 or socks5h, credentials allowed.
 * Without a scheme it is http.
 */
export function proxyUrl(): Field<string> {
  return marked(field(readProxyUrl, { type: "string" }), "proxy");
}

/** A token, password or key: text without control characters. */
export function secret(): Field<Secret> {
  const schema = field(readSecret, { type: "string", writeOnly: true });
  return marked(schema, "secret");
}

/**
 * `true`, `yes`, `on`, `1` and `false`, `no`, `off`, `0`, in any case and with
 * spaces around. Empty text counts as not set.
 */
export function booleanField(): Field<boolean> {
  return field(readBoolean, {
    type: ["boolean", "string"],
    pattern:
      `^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|` +
      `[Oo][Nn]|[Oo][Ff][Ff]|[01])?\\s*$|${REFERENCE}`,
  });
}

/** A whole number, from a number or decimal text. */
export function integer(limits: IntegerLimits = {}): Field<number> {
  return field((value) => readInteger(value, limits), {
    type: ["integer", "string"],
    pattern: `^\\s*[+-]?[0-9]+\\s*$|${REFERENCE}`,
    ...(limits.min === undefined ? {} : { minimum: limits.min }),
    ...(limits.max === undefined ? {} : { maximum: limits.max }),
  });
}

/**
 * A span of time such as `5m`, `1h30m` or `2w`; a bare number is seconds.
 * More than zero, at most ten years. The result is in milliseconds.
 */
export function duration(): Field<number> {
  return field(readDuration, {
    type: ["number", "string"],
    exclusiveMinimum: 0,
    pattern: `^\\s*[0-9.]+\\s*([wdhms]\\s*([0-9.]+\\s*[wdhms]\\s*)*)?$|` +
      REFERENCE,
  });
}

/** A list, or text with commas; entries are trimmed, empty ones dropped. */
export function commaList(): Field<string[]> {
  return field(readCommaList, {
    type: ["array", "string"],
    items: { type: "string" },
  });
}

/**
 * Path of a PEM file (certificate, key or CA). The loader reads it: what the
 * schema sees, and gives, is the text.
 */
export function pemFile(): Field<string> {
  return marked(field(readPem, { type: "string" }), "pem");
}

/** Path of a text file. The loader reads it: the schema sees the text. */
export function textFile(): Field<string> {
  const read = (value: unknown) => String(value);
  return marked(field(read, { type: "string" }), "file");
}

/**
 * ISO 8601 date or date and time; without a zone it is UTC. The result is
 * `2026-01-31T00:00:00.000Z`.
 */
export function isoDate(): Field<string> {
  return field(readIsoDate, {
    type: "string",
    pattern: `^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}|${REFERENCE}`,
  });
}

/** A UUID of any version, spelled as it was given. */
export function uuid(): Field<string> {
  return field(readUuid, {
    type: "string",
    pattern: `^\\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\s*$|` +
      REFERENCE,
  });
}

/** One line of text, trimmed. */
export function text(limits: TextLimits = {}): Field<string> {
  return field((value) => readText(value, limits), {
    type: "string",
    ...(limits.min === undefined ? {} : { minLength: limits.min }),
    ...(limits.max === undefined ? {} : { maxLength: limits.max }),
  });
}

/** One of some words, in any case and with spaces around. */
export function choice<const Word extends string>(
  words: readonly Word[],
): Field<Word> {
  return field((value) => readChoice(value, words), {
    type: "string",
    enum: words,
  });
}

/**
 * A setting of another form. `read` gets the value and throws `ConfigError`
 * with "what is wrong; the remedy", never quoting what might be a secret.
 * `meta` is its JSON Schema.
 */
export function field<Output>(
  read: (value: unknown) => Output,
  meta: FieldMeta,
): Field<Output> {
  // A check, not a transform: defaults and examples of a transform are left
  // out of a JSON Schema.
  const schema = z.unknown() as unknown as Field<Output>;
  return schema.check((payload) => {
    const value: unknown = payload.value;
    try {
      payload.value = read(value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      payload.issues.push({
        code: "custom",
        message: error.message,
        input: value,
      });
    }
  }).meta(meta);
}
