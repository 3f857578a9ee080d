/** Longest excerpt of a body in an error, in UTF-16 code units. */
const EXCERPT_CHARS = 2_000;
/** Of which so much is put into the message. */
const SUMMARY_CHARS = 200;

/** Headers whose values are secrets, by their names. */
const SECRET_NAMES = /auth|cookie|key|token|secret|passw|credential|session/i;

/** What follows an authorization scheme, in any text. */
const CREDENTIALS =
  /\b(Bearer|Basic|ApiKey|Token)(\s+|%20|=)[A-Za-z0-9._~+/=:-]{6,}/gi;

/** Control characters, and those that turn the direction of writing. */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * The beginning of an answer's body, fit for a log line: at most 2,000 UTF-16
 * code units, control characters escaped, credentials masked.
 */
export function excerptOf(body: string): string {
  return escaped(
    body.slice(0, 2 * EXCERPT_CHARS).replace(CREDENTIALS, "$1 ***"),
  )
    .slice(0, EXCERPT_CHARS).toWellFormed();
}

/** The same in a few words: of a page its title, else the first characters. */
export function summaryOf(body: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(body.slice(0, 10_000))?.[1];
  const text = title === undefined ? body : `page "${title.trim()}"`;
  const short = excerptOf(text.trim());
  return short.length <= SUMMARY_CHARS
    ? short
    : `${short.slice(0, SUMMARY_CHARS).toWellFormed()}…`;
}

/** Replaces control characters by their JSON escapes. */
export function escaped(text: string): string {
  return text.replace(UNPRINTABLE, (char) => {
    const code = char.charCodeAt(0);
    return { 9: "\\t", 10: "\\n", 13: "\\r" }[code] ??
      `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/**
 * The secrets that these headers hold: whole values, and the parts that a
 * server may repeat in an answer (the key after `Bearer`, a Basic password).
 */
export function secretsIn(headers: Headers): string[] {
  const found: string[] = [];
  for (const [name, value] of headers) {
    if (!SECRET_NAMES.test(name)) continue;
    found.push(value, ...value.split(/[\s;,]+/));
    // Elasticsearch encodes `id:key` of an API key as Basic does.
    const pair = /^(?:Basic|ApiKey)\s+(\S+)$/i.exec(value)?.[1];
    if (pair !== undefined) found.push(...pairParts(pair));
  }
  return found.filter((text) =>
    text.length >= 4 && !/^basic$|^bearer$|^apikey$|^token$/i.test(text)
  )
    .sort((a, b) => b.length - a.length);
}

function pairParts(encoded: string): string[] {
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    const pair = new TextDecoder().decode(bytes);
    const colon = pair.indexOf(":");
    return colon < 0 ? [] : [pair, pair.slice(colon + 1)];
  } catch {
    return [];
  }
}

/** Replaces every occurrence of the secrets by `***`. */
export function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}
