import { applyMath } from "./dates.ts";
import { ElasticError } from "./errors.ts";

/**
 * Refuses a name that no index, alias or data stream may have.
 *
 * @throws {ElasticError} 400 `invalid_index_name_exception`.
 * @see {@link https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create}
 */
export function checkIndexName(name: string): void {
  const problem = problemOf(name);
  if (problem === undefined) return;
  throw new ElasticError(
    400,
    "invalid_index_name_exception",
    `Invalid index name [${name}], ${problem}`,
    { extra: { index_uuid: "_na_", index: name } },
  );
}

function problemOf(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name === "." || name === "..") return "must not be '.' or '..'";
  if (/[\\/*?"<>| ,]/.test(name)) {
    return `must not contain the following characters ['\\','/','*','?','"',` +
      `'<','>','|',' ',',']`;
  }
  if (name.includes("#")) return "must not contain '#'";
  if (name.includes(":")) return "must not contain ':'";
  if (/^[_+-]/.test(name)) return "must not start with '_', '-', or '+'";
  if (name !== name.toLowerCase()) return "must be lowercase";
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > 255) return `index name is too long, (${bytes} > 255)`;
  return undefined;
}

/**
 * Renders date math: `<x-{now/d}-000001>`, `{now/d{yyyy.MM.dd|+02:00}}`.
 * A name without angle brackets is returned as it is.
 *
 * @throws {ElasticError} 400 `parse_exception`.
 */
export function renderDateMath(name: string, now: number): string {
  if (!name.startsWith("<") || !name.endsWith(">")) return name;
  return name.slice(1, -1).replace(
    /\{(now[^{}]*)(?:\{([^{}|]*)(?:\|([^{}]*))?\})?\}/g,
    (_all, math: string, format: string | undefined, zone?: string) => {
      const at = applyMath(now, math.slice(3));
      if (at === undefined) {
        throw new ElasticError(
          400,
          "parse_exception",
          `invalid dynamic name expression [${name}]`,
        );
      }
      return formatDate(at + offsetMillis(zone), format ?? "yyyy.MM.dd");
    },
  );
}

function offsetMillis(zone: string | undefined): number {
  const parts = /^([+-])(\d{2}):(\d{2})$/.exec(zone ?? "");
  if (parts === null) return 0;
  const minutes = Number(parts[2]) * 60 + Number(parts[3]);
  return (parts[1] === "-" ? -1 : 1) * minutes * 60_000;
}

function formatDate(at: number, format: string): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  return format.replaceAll("yyyy", year).replaceAll("uuuu", year)
    .replaceAll("MM", month).replaceAll("dd", day)
    .replaceAll("HH", time.slice(0, 2)).replaceAll("mm", time.slice(3, 5));
}

/** A `*` pattern as a test of whole names. */
export function patternTest(pattern: string): (name: string) => boolean {
  if (!pattern.includes("*")) return (name) => name === pattern;
  const source = pattern.split("*").map((text) =>
    text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  ).join(".*");
  const regexp = new RegExp(`^${source}$`, "s");
  return (name) => regexp.test(name);
}

/** A pattern of a wildcard query, `*` and `?`, as a test of whole values. */
export function wildcardTest(pattern: string): (value: string) => boolean {
  const source = pattern.replaceAll(
    /\\?[\s\S]/gu,
    (part) =>
      part === "*"
        ? "[^]*"
        : part === "?"
        ? "[^]"
        : part.replace(/^\\(?=.)/s, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  const regexp = new RegExp(`^${source}$`, "u");
  return (value) => regexp.test(value);
}

/** True when some name fits both `*` patterns. */
export function patternsOverlap(left: string, right: string): boolean {
  const seen = new Map<number, boolean>();
  const overlap = (l: number, r: number): boolean => {
    const key = l * (right.length + 1) + r;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const answer = step(l, r);
    seen.set(key, answer);
    return answer;
  };
  const step = (l: number, r: number): boolean => {
    const [a, b] = [left[l], right[r]];
    if (a === undefined && b === undefined) return true;
    if (a === "*") {
      return overlap(l + 1, r) || (r < right.length && overlap(l, r + 1));
    }
    if (b === "*") {
      return overlap(l, r + 1) || (l < left.length && overlap(l + 1, r));
    }
    return a !== undefined && a === b && overlap(l + 1, r + 1);
  };
  return overlap(0, 0);
}
