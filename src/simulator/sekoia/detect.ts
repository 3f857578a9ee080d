/** What kind of value a text is, and the pattern that is made of it. */
import { isIP } from "node:net";

/** A value that a collection can hold. */
export interface DetectedValue {
  /** STIX type, as in `x_ic_observable_types`. */
  readonly type: string;
  readonly pattern: string;
}

const HASH_PATHS: Readonly<Record<number, string>> = {
  32: "hashes.MD5",
  40: "hashes.'SHA-1'",
  64: "hashes.'SHA-256'",
  128: "hashes.'SHA-512'",
};

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** Nothing where the value is of no kind that is taken: networks, file names. */
export function detect(value: string): DetectedValue | undefined {
  const hashes = value.split(",").map((part) => part.trim());
  if (hashes.every((hash) => hashPath(hash) !== undefined)) {
    const parts = hashes.map((hash) => `file:${hashPath(hash)} = '${hash}'`);
    return { type: "file", pattern: `[${parts.join(" AND ")}]` };
  }
  const type = typeOf(value);
  return type === undefined ? undefined : {
    type,
    pattern: `[${type}:value = '${value.replace(/[\\']/g, "\\$&")}']`,
  };
}

function hashPath(text: string): string | undefined {
  return /^[0-9a-f]+$/i.test(text) ? HASH_PATHS[text.length] : undefined;
}

function typeOf(value: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u0020]/.test(value)) return undefined;
  if (isIP(value) === 4) return "ipv4-addr";
  if (isIP(value) === 6) return "ipv6-addr";
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(value)) return "mac-addr";
  if (/^[a-z][a-z0-9+.-]*:\/\/./i.test(value)) {
    return URL.canParse(value) ? "url" : undefined;
  }
  const at = value.indexOf("@");
  if (at > 0) return isDomain(value.slice(at + 1)) ? "email-addr" : undefined;
  return isDomain(value) ? "domain-name" : undefined;
}

function isDomain(text: string): boolean {
  const labels = text.split(".");
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
}

/** The text formats that the importer takes, and the type each asks for. */
export const TEXT_FORMATS: ReadonlyMap<string, string | undefined> = new Map([
  ["one_per_line", undefined],
  ["ipv4-addr.value", "ipv4-addr"],
  ["ipv6-addr.value", "ipv6-addr"],
  ["domain-name.value", "domain-name"],
  ["url.value", "url"],
  ["email-addr.value", "email-addr"],
  ["file.hashes", "file"],
  ["mac-addr.value", "mac-addr"],
]);
