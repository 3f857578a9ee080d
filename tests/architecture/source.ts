/**
 * Reads a TypeScript file just far enough to check the rules of the house:
 * what is code, what is text, what it imports and what it exports.
 */

/** A file split into its code and its string literals. */
export interface Source {
  readonly text: string;
  /**
   * As long as `text`, line breaks kept: comments, the inside of strings,
   * templates and regular expressions are blank.
   */
  readonly code: string;
}

/** One import or re-export. `specifier` is undefined where it is computed. */
export interface Import {
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** One exported declaration and whether a doc comment stands before it. */
export interface Export {
  readonly name: string;
  readonly documented: boolean;
  readonly line: number;
}

/** Separates code from text. Never throws: broken code is read to its end. */
export function readSource(text: string): Source {
  const reader = new CodeReader(text);
  return { text, code: reader.read() };
}

/** Every import, `import()`, `import x = require()` and re-export. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  for (const match of source.code.matchAll(STATIC_IMPORT)) {
    const [whole, clause = ""] = match;
    const quote = match.index + whole.length - 1;
    imports.push({
      specifier: literalAt(source.text, quote),
      typeOnly: isTypeOnly(clause),
      line: lineAt(source.text, match.index),
    });
  }
  for (const match of source.code.matchAll(CALLED_IMPORT)) {
    const quote = match.index + match[0].length;
    imports.push({
      specifier: literalAt(source.text, quote),
      typeOnly: false,
      line: lineAt(source.text, match.index),
    });
  }
  return imports;
}

/** Every exported declaration; lists and re-exports declare nothing. */
export function exportsOf(source: Source): Export[] {
  const exports = new Map<string, Export>();
  for (const match of source.code.matchAll(EXPORTED)) {
    const name = match[1] ?? "default";
    if (exports.get(name)?.documented) continue; // an overload
    exports.set(name, {
      name,
      documented: isDocumented(source.text.slice(0, match.index)),
      line: lineAt(source.text, match.index),
    });
  }
  return [...exports.values()];
}

/** The 1-based lines of `source` where `pattern` matches its code. */
export function linesWith(source: Source, pattern: RegExp): number[] {
  const matches = source.code.matchAll(new RegExp(pattern, "g"));
  return [...matches].map((match) => lineAt(source.text, match.index));
}

/** `import "x"`, `import … from "x"` and `export … from "x"`, to the quote. */
const STATIC_IMPORT =
  /(?<![\w.$])(?:import|export)(?![\w$(])([\w\s{},*$]*?\bfrom\b)?\s*["']/g;

/** `import(` and `require(`, to the argument; not `import.meta`. */
const CALLED_IMPORT = /(?<![\w.$])(?:import|require)\s*\(\s*/g;

/** An exported declaration at the start of a line. */
const EXPORTED =
  /^export\s+(?:default\b|(?:(?:declare|abstract|async|const)\s+)*(?:function\s*\*?|class|interface|type|const|let|var|enum|namespace)\s+([\w$]+))/gm;

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b(?!\s*from\b|\s*,)/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*from$/.exec(clause)?.[1];
  if (names === undefined) return false;
  const each = names.split(",").map((name) => name.trim()).filter(Boolean);
  return each.length > 0 && each.every((name) => /^type\s+\w/.test(name));
}

/** The plain literal whose opening quote is at `index`. */
function literalAt(text: string, index: number): string | undefined {
  const literal = /^(["'])([^"'\\\n]*)\1/.exec(text.slice(index, index + 500));
  return literal?.[2];
}

function isDocumented(before: string): boolean {
  return /\/\*\*(?:(?!\*\/)[^])*\*\/\s*(?:\/\/[^\n]*\s*)*$/.test(
    before.slice(-8_000),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** After one of these a `/` starts a regular expression, not a division. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in|do|else|void|throw|await|yield))\s*$/;

/** Walks a file once and blanks what is not code. */
class CodeReader {
  readonly #text: string;
  #at = 0;
  #code = "";

  constructor(text: string) {
    this.#text = text;
  }

  read(): string {
    this.#readCode(false);
    return this.#code;
  }

  /** Reads code to the end, or to the `}` that closes a template's `${`. */
  #readCode(inTemplate: boolean): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      const two = this.#text.slice(this.#at, this.#at + 2);
      if (two === "//") this.#blankTo(/\n|$/g, 0);
      else if (two === "/*") this.#blankTo(/\*\/|$/g, 2);
      else if (char === '"' || char === "'") this.#readQuoted(char);
      else if (char === "`") this.#readTemplate();
      else if (char === "/" && this.#startsRegExp()) this.#readRegExp();
      else {
        if (char === "{") depth += 1;
        if (char === "}") depth -= 1;
        if (inTemplate && depth < 0) return;
        this.#keep(1);
      }
    }
  }

  #startsRegExp(): boolean {
    return BEFORE_REGEXP.test(this.#code.slice(-200));
  }

  #readQuoted(quote: string): void {
    this.#keep(1);
    this.#blankTo(quote === '"' ? /(?<=(?<!\\)(?:\\\\)*)"|\n|$/g : SINGLE, 0);
    this.#keep(1);
  }

  #readTemplate(): void {
    this.#keep(1);
    while (this.#at < this.#text.length) {
      this.#blankTo(/(?<=(?<!\\)(?:\\\\)*)(?:`|\$\{)|$/g, 0);
      if (this.#text.charAt(this.#at) !== "$") break;
      this.#keep(2);
      this.#readCode(true);
      this.#keep(1);
    }
    this.#keep(1);
  }

  #readRegExp(): void {
    const body = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y;
    body.lastIndex = this.#at;
    const length = body.exec(this.#text)?.[0].length ?? 1;
    this.#keep(1);
    if (length === 1) return;
    this.#blank(length - 2);
    this.#keep(1);
  }

  #keep(length: number): void {
    this.#code += this.#text.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #blank(length: number): void {
    const text = this.#text.slice(this.#at, this.#at + length);
    this.#code += text.replace(/[^\n]/g, " ");
    this.#at += length;
  }

  /** Blanks up to the match of `end`, and `extra` characters of it. */
  #blankTo(end: RegExp, extra: number): void {
    end.lastIndex = this.#at;
    const found = end.exec(this.#text)?.index ?? this.#text.length;
    this.#blank(Math.min(found + extra, this.#text.length) - this.#at);
  }
}

const SINGLE = /(?<=(?<!\\)(?:\\\\)*)'|\n|$/g;
