import { isScalar, LineCounter, parseDocument, visit } from "@std/yaml";
import type { Document } from "@std/yaml";
import { printableKey, type Problems } from "./problems.ts";
import { type Branch, branch, LAYER, type Layer, type Node } from "./tree.ts";
import { placeNode } from "./tree.ts";

/** Blocks in blocks in blocks: no configuration needs more. */
const MAX_DEPTH = 32;

/** A key without a value: it counts as not set, but it must be known. */
export interface Unset {
  /** Keys alone, without the positions in lists. */
  readonly path: readonly string[];
  readonly label: string;
}

/** What reading a source notes. */
export interface SourceNotes {
  readonly problems: Problems;
  readonly unset: Unset[];
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; empty or blank text counts as not set. */
export function variable(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === undefined || value.trim() === "" ? undefined : value;
}

/**
 * Reads a configuration file. Every scalar stays the text that was written;
 * `${VAR}` and `${VAR:default}` are replaced in values, `$${` is a literal
 * `${`. `name` is the file's, for messages. Undefined if it is not readable at
 * all, which is noted.
 */
export function fileTree(
  text: string,
  { name, env, problems, unset }: SourceNotes & {
    name: string;
    env: Environment;
  },
): Branch | undefined {
  const lines = new LineCounter();
  const document = parseYaml(text, { name, lines, problems });
  if (document === undefined) return undefined;
  const plain = plainDocument(document, { name, problems });
  return plain === undefined ? undefined : rootBranch(plain, {
    layer: LAYER.file,
    rootLabel: name,
    label: (path, raw) => {
      const line = lineOf(document, raw, lines);
      return pathText(path) + (line === undefined ? "" : ` (line ${line})`);
    },
    scalar: (value, label) =>
      typeof value === "string"
        ? interpolate(value, { label, env, problems })
        : value,
    problems,
    unset,
  });
}

/**
 * Reads `CONNECTOR_JSON_CONFIG`, a JSON object of the form of the file. Its
 * value holds secrets and is never part of a message. Undefined if it is not
 * readable at all, which is noted.
 */
export function jsonTree(
  text: string,
  { name, problems, unset }: SourceNotes & { name: string },
): Branch | undefined {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch {
    problems.add(name, "is not valid JSON; check quotes, commas and braces");
    return undefined;
  }
  return rootBranch(plain, {
    layer: LAYER.json,
    rootLabel: name,
    label: (path) => `${name} ${pathText(path)}`,
    scalar: (value) => value,
    problems,
    unset,
  });
}

function parseYaml(
  text: string,
  { name, lines, problems }: {
    name: string;
    lines: LineCounter;
    problems: Problems;
  },
): Document.Parsed | undefined {
  const document = parseDocument(text, {
    // Every scalar is text: a token 0123 or 1e5 is not a number.
    schema: "failsafe",
    merge: true,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: "error",
  });
  // The library's own messages quote the text.
  const first = [...document.errors, ...document.warnings]
    .sort((one, other) => one.pos[0] - other.pos[0])[0];
  if (first === undefined) return document;
  const { line, col } = lines.linePos(first.pos[0]);
  const what = YAML_ERRORS[first.code] ?? "check indentation and quotes";
  problems.add(
    `${name} line ${line} column ${col}`,
    `is not valid YAML; ${what}`,
  );
  return undefined;
}

const YAML_ERRORS: Readonly<Record<string, string>> = {
  BAD_ALIAS: "the alias is not valid",
  BAD_DQ_ESCAPE: "use single quotes, or write the backslash twice",
  BAD_INDENT: "the indentation does not fit the lines above",
  BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes, it holds a ":"',
  DUPLICATE_KEY: "the key is written twice in one block",
  KEY_OVER_1024_CHARS: "the key is too long",
  MISSING_CHAR: "a quote, bracket or colon is missing",
  MULTIPLE_DOCS: 'remove the second document after "---"',
  RESOURCE_EXHAUSTION: "it is nested too deeply",
  TAB_AS_INDENT: "use spaces, not tabs, for indentation",
  TAG_RESOLVE_FAILED: 'tags such as "!name" are not supported',
};

function plainDocument(
  document: Document.Parsed,
  { name, problems }: { name: string; problems: Problems },
): unknown {
  visit(document, {
    Scalar(key, node) {
      const isNull = key !== "key" && node.type === "PLAIN" &&
        /^(~|null|Null|NULL|)$/.test(node.source ?? "");
      if (isNull) node.value = null;
    },
  });
  try {
    return document.toJS();
  } catch {
    problems.add(name, "holds an alias without anchor, or too many aliases");
    return undefined;
  }
}

function lineOf(
  document: Document.Parsed,
  raw: readonly (string | number)[],
  lines: LineCounter,
): number | undefined {
  try {
    const node = document.getIn(raw, true);
    const range = isScalar(node) ? node.range : undefined;
    return range ? lines.linePos(range[0]).line : undefined;
  } catch {
    return undefined;
  }
}

interface TreeOptions extends SourceNotes {
  readonly layer: Layer;
  readonly rootLabel: string;
  label(
    path: readonly (string | number)[],
    raw: readonly (string | number)[],
  ): string;
  scalar(value: unknown, label: string): unknown;
}

function rootBranch(
  plain: unknown,
  options: TreeOptions,
): Branch | undefined {
  const { layer, rootLabel, problems } = options;
  const root = branch({ label: rootLabel, layer });
  if (plain === null || plain === undefined) return root;
  if (typeof plain !== "object" || Array.isArray(plain)) {
    problems.add(rootLabel, "is not a block of settings; write key: value");
    return undefined;
  }
  const node = toNode(plain, { path: [], raw: [] }, options);
  return node?.kind === "branch" ? node : root;
}

/** Where a value is: with dotted keys split, and as it was written. */
interface Place {
  readonly path: readonly (string | number)[];
  readonly raw: readonly (string | number)[];
}

/** Undefined for what counts as not set: null, blank text, an empty block. */
function toNode(
  value: unknown,
  place: Place,
  options: TreeOptions,
): Node | undefined {
  const { layer, problems } = options;
  const label = place.path.length === 0
    ? options.rootLabel
    : options.label(place.path, place.raw);
  const origin = { label, layer };
  if (typeof value !== "object" || value === null) {
    const scalar = options.scalar(value ?? "", label);
    const isBlank = typeof scalar === "string" && scalar.trim() === "";
    if (!isBlank) return { kind: "leaf", value: scalar, origin };
    const path = place.path.filter((key) => typeof key === "string");
    options.unset.push({ path, label });
    return undefined;
  }
  if (place.path.length >= MAX_DEPTH) {
    problems.add(
      options.rootLabel,
      `is nested deeper than ${MAX_DEPTH} levels`,
    );
    return undefined;
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) =>
      toNode(item, step(place, [index], index), options)
    ).filter((item) => item !== undefined);
    return { kind: "list", items, origin };
  }
  return toBranch(Object.entries(value), place, options);
}

function toBranch(
  entries: readonly [string, unknown][],
  place: Place,
  options: TreeOptions,
): Branch | undefined {
  const label = place.path.length === 0
    ? options.rootLabel
    : options.label(place.path, place.raw);
  const result = branch({ label, layer: options.layer });
  for (const [key, value] of entries) {
    const keys = splitKey(key);
    const child = step(place, keys, key);
    const node = toNode(value, child, options);
    if (node !== undefined && !placeNode(result, keys, node)) {
      options.problems.add(
        options.label(child.path, child.raw),
        "is given twice, once with a dotted key; keep one",
      );
    }
  }
  return result.entries.size === 0 ? undefined : result;
}

function step(
  place: Place,
  keys: readonly (string | number)[],
  raw: string | number,
): Place {
  return { path: [...place.path, ...keys], raw: [...place.raw, raw] };
}

/** `cloud.id` is two keys; `.a` and `a..b` are one, and unknown. */
function splitKey(key: string): string[] {
  const keys = key.split(".");
  return keys.some((part) => part === "") ? [key] : keys;
}

/** `targets[0].url` */
function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return (text === "" ? "" : `${text}.`) + printableKey(part);
  }, "");
}

const REFERENCES = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g;

function interpolate(
  text: string,
  { label, env, problems }: {
    label: string;
    env: Environment;
    problems: Problems;
  },
): string {
  return text.replace(REFERENCES, (written, name: string, other?: string) => {
    if (written.startsWith("$$")) return written.slice(1);
    const value = variable(env, name) ?? other;
    if (value === undefined) {
      problems.add(
        label,
        `refers to the variable ${name}, which is not set; ` +
          `set it, or write \${${name}:default}`,
      );
    }
    return value ?? "";
  });
}
