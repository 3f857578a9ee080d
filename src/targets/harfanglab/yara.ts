/** What has to be known of a YARA file before it is sent. */

/** A rule of a file. */
export interface YaraRule {
  readonly name: string;
  readonly isPrivate: boolean;
  readonly isGlobal: boolean;
}

/** A file that can be sent. */
export interface YaraFile {
  /** At least one, in the order of the file. */
  readonly rules: readonly YaraRule[];
  /** Names of modules: "pe", "math". */
  readonly imports: readonly string[];
}

/** What rules may not be called. Source: YARA 4.5, "Writing YARA rules". */
// deno-fmt-ignore
const RESERVED: ReadonlySet<string> = new Set([
  "all", "and", "any", "ascii", "at", "base64", "base64wide", "condition", "contains", "defined", "endswith",
  "entrypoint", "false", "filesize", "for", "fullword", "global", "icontains", "iendswith", "iequals", "import",
  "in", "include", "int16", "int16be", "int32", "int32be", "int8", "int8be", "istartswith", "matches", "meta",
  "nocase", "none", "not", "of", "or", "private", "rule", "startswith", "strings", "them", "true", "uint16",
  "uint16be", "uint32", "uint32be", "uint8", "uint8be", "wide", "xor",
]);

const MAX_NAME_CHARS = 128;

type Token =
  | { readonly kind: "word" | "mark"; readonly text: string }
  | { readonly kind: "text"; readonly text: string };

/**
 * Reads a YARA file as far as it names its rules: comments, strings, regular
 * expressions and hex strings are passed over, braces have to match.
 *
 * @returns The file, or why there is none.
 * @see {@link https://yara.readthedocs.io/en/stable/writingrules.html}
 */
export function toYaraFile(pattern: string): YaraFile | string {
  const tokens = toTokens(pattern);
  if (typeof tokens === "string") return tokens;
  const rules: YaraRule[] = [];
  const imports: string[] = [];
  const modifiers = new Set<string>();
  for (let at = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    if (kind !== "word") return `"${text.slice(0, 20)}" outside of a rule`;
    if (text === "import" || text === "include") {
      const name = tokens[++at];
      if (name?.kind !== "text") return `${text} without a name in quotes`;
      if (text === "include") return "an include, which has no file here";
      imports.push(name.text);
    } else if (text === "private" || text === "global") modifiers.add(text);
    else if (text === "rule") {
      const rule = readRule(tokens, at);
      if (typeof rule === "string") return rule;
      const { name } = rule;
      if (rules.some((other) => other.name === name)) {
        return `two rules called "${name}"`;
      }
      rules.push({
        name,
        isPrivate: modifiers.has("private"),
        isGlobal: modifiers.has("global"),
      });
      modifiers.clear();
      at = rule.end;
    } else return `"${text.slice(0, 20)}" outside of a rule`;
  }
  if (modifiers.size > 0) return "a modifier without a rule";
  return rules.length === 0 ? "no rule" : { rules, imports };
}

/** Names of the rules, as the console lists them. */
export function ruleNames({ rules }: YaraFile): string[] {
  return rules.map(({ name }) => name);
}

/** From the word `rule` to its last brace. */
function readRule(
  tokens: readonly Token[],
  start: number,
): { name: string; end: number } | string {
  const name = tokens[start + 1];
  const isName = name?.kind === "word" && /^[A-Za-z_]/.test(name.text) &&
    name.text.length <= MAX_NAME_CHARS;
  if (!isName) return "a rule without a name";
  if (RESERVED.has(name.text)) return `a rule called "${name.text}"`;
  let at = start + 2;
  if (isMark(tokens[at], ":")) {
    do at++; while (tokens[at]?.kind === "word");
  }
  if (!isMark(tokens[at], "{")) return `no { after rule ${name.text}`;
  let hasCondition = false;
  for (let depth = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (isMark(token, "{")) depth++;
    if (isMark(token, "}") && --depth === 0) {
      return hasCondition
        ? { name: name.text, end: at }
        : `no condition in rule ${name.text}`;
    }
    if (token?.text === "condition" && isMark(tokens[at + 1], ":")) {
      hasCondition = true;
    }
  }
  return `no } at the end of rule ${name.text}`;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

// A hex string or a regular expression stands after `=`; elsewhere `{` opens a
// rule, and `/` begins a comment or, after `matches` or `(`, an expression.
const SPACE = /[\s\ufeff]+/y;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/y;
const STRING = /"(?:\\.|[^"\\\n])*"/y;
const HEX =
  /\{[0-9a-fA-F?~()|[\]\-\s]*(?:(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)[0-9a-fA-F?~()|[\]\-\s]*)*\}/y;
const REGEX = /\/(?![*/])(?:\\.|[^/\\\n])+\/[is]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;

function toTokens(pattern: string): Token[] | string {
  const tokens: Token[] = [];
  let at = 0;
  const take = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    const found = form.exec(pattern)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  while (at < pattern.length) {
    if (take(SPACE) !== undefined || take(COMMENT) !== undefined) continue;
    if (pattern.startsWith("/*", at)) return "a comment without end";
    const last = tokens.at(-1);
    if (isMark(last, "=") && take(HEX) !== undefined) {
      tokens.push({ kind: "text", text: "" });
      continue;
    }
    if (take(REGEX) !== undefined) {
      tokens.push({ kind: "text", text: "" });
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) {
      tokens.push({ kind: "text", text: string.slice(1, -1) });
      continue;
    }
    if (pattern[at] === '"') return "a string without end";
    const word = take(WORD);
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else tokens.push({ kind: "mark", text: pattern[at++]! });
  }
  return tokens;
}
