import { ConfigError } from "../../errors.ts";
import { type Field, field, scalarText } from "../../config/fields.ts";

/** Longest name of an index, in UTF-8 bytes. */
const MAX_BYTES = 255;

/**
 * Name of an index, alias or data stream. Rules of Elasticsearch 8.x and 9.x.
 */
export function indexName(): Field<string> {
  return field(readIndexName, {
    type: "string",
    pattern: String.raw`^[^A-Z\\/*?"<>| ,#:_+-][^A-Z\\/*?"<>| ,#:]*$|\$\{`,
  });
}

function readIndexName(value: unknown): string {
  const name = scalarText(value);
  checkIndexName(name);
  return name;
}

/** @throws {ConfigError} No index may have this name. */
export function checkIndexName(name: string): void {
  if (name !== name.toLowerCase()) {
    throw new ConfigError("must be in lower case");
  }
  if (/[\\/*?"<>|\s,#:]|\p{Cc}/u.test(name)) {
    throw new ConfigError(
      'must not hold a space or one of \\ / * ? " < > | , # :',
    );
  }
  if (/^[-_+]/.test(name) || name === "." || name === "..") {
    throw new ConfigError("must not begin with - _ or +, nor be . or ..");
  }
  if (new TextEncoder().encode(name).length > MAX_BYTES) {
    throw new ConfigError(`is longer than ${MAX_BYTES} bytes`);
  }
}
