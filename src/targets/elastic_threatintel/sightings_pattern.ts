/**
 * `threat.indicator.type` → STIX object paths whose value an alert shows. For
 * finding an indicator by nothing but the value that matched.
 */
// deno-fmt-ignore
const PATHS: Readonly<Record<string, readonly string[]>> = {
  "ipv4-addr":        ["ipv4-addr:value"],
  "ipv6-addr":        ["ipv6-addr:value"],
  "domain-name":      ["domain-name:value", "hostname:value"],
  "url":              ["url:value"],
  "email-addr":       ["email-addr:value"],
  "mac-addr":         ["mac-addr:value"],
  "windows-registry-key": ["windows-registry-key:key"],
};

/** Length of a hash in hexadecimal digits → its name in patterns. */
const HASHES: Readonly<Record<number, readonly string[]>> = {
  32: ["MD5"],
  40: ["SHA-1"],
  64: ["SHA-256"],
  128: ["SHA-512"],
};

/** STIX patterns that say just this value, as OpenCTI writes them. */
export function patternsOf(type: string | undefined, value: string): string[] {
  const literal = `'${value.replace(/[\\']/g, "\\$&")}'`;
  if (type === "file") return filePatterns(value, literal);
  const paths = type === undefined || !Object.hasOwn(PATHS, type)
    ? Object.values(PATHS).flat()
    : PATHS[type] ?? [];
  return paths.map((path) => `[${path} = ${literal}]`);
}

function filePatterns(value: string, literal: string): string[] {
  const isHash = /^[0-9a-f]+$/i.test(value);
  const names = isHash ? HASHES[value.length] ?? [] : [];
  return [
    ...names.flatMap((name) => [
      `[file:hashes.'${name}' = ${literal}]`,
      ...(name.includes("-") ? [] : [`[file:hashes.${name} = ${literal}]`]),
    ]),
    `[file:name = ${literal}]`,
  ];
}
