import type {
  Comparison,
  ComparisonExpression,
  Literal,
  ObjectPath,
  ObservationExpression,
  OrderableLiteral,
  PathStep,
  Pattern,
  Qualifier,
} from "./pattern_tree.ts";
import { isTimestamp, PatternLexer, type TokenKind } from "./pattern_lexer.ts";

/** Parentheses deeper than this are refused; real patterns need about 5. */
const MAX_NESTING = 200;

/** Loosest first. */
const OBSERVATION_OPERATORS = ["FOLLOWEDBY", "OR", "AND"] as const;
const COMPARISON_OPERATORS = ["OR", "AND"] as const;
const TEXT_OPERATORS = ["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"] as const;

/**
 * Parses a STIX 2.1 pattern, in time linear in its length. Takes more than the
 * grammar where older or sloppy producers leave no doubt: keywords and booleans
 * in any case (STIX 2.0), property names with bare hyphens or in double quotes,
 * and the times of START and STOP as plain strings (STIX 2.0).
 *
 * @throws {PatternError} It is none, or nests parentheses deeper than 200.
 * @see {@link https://github.com/oasis-open/cti-stix2-json-schemas/blob/master/pattern_grammar/STIXPattern.g4}
 */
export function parsePattern(text: string): Pattern {
  return new PatternParser(text).parse();
}

class PatternParser {
  readonly #lexer: PatternLexer;
  #nesting = 0;

  constructor(text: string) {
    this.#lexer = new PatternLexer(text);
  }

  parse(): Pattern {
    const pattern = this.#observations(0);
    if (this.#lexer.kind !== "end") {
      throw this.#lexer.unexpected(
        "AND, OR, FOLLOWEDBY, a qualifier or the end of the pattern",
      );
    }
    return pattern;
  }

  #observations(level: number): ObservationExpression {
    const operator = OBSERVATION_OPERATORS[level];
    if (operator === undefined) return this.#observation();
    const first = this.#observations(level + 1);
    if (!this.#lexer.isKeyword(operator)) return first;
    const operands = [first];
    while (this.#takeKeyword(operator)) {
      operands.push(this.#observations(level + 1));
    }
    return { kind: "observations", operator, operands };
  }

  #observation(): ObservationExpression {
    const expression = this.#unqualifiedObservation();
    const first = this.#qualifier();
    if (first === undefined) return expression;
    const qualifiers = [first];
    for (;;) {
      const qualifier = this.#qualifier();
      if (qualifier === undefined) break;
      qualifiers.push(qualifier);
    }
    return { kind: "qualified", expression, qualifiers };
  }

  #unqualifiedObservation(): ObservationExpression {
    if (this.#lexer.kind === "(") {
      return this.#inParentheses(() => this.#observations(0));
    }
    this.#take("[", '"[" or "("');
    const comparison = this.#comparisons(0);
    this.#take("]", 'AND, OR or "]"');
    return { kind: "observation", comparison };
  }

  #qualifier(): Qualifier | undefined {
    if (this.#lexer.kind !== "word") return undefined;
    if (this.#takeKeyword("WITHIN")) {
      const seconds = this.#count("a number of seconds", true);
      this.#expectKeyword("SECONDS");
      return { kind: "within", seconds };
    }
    if (this.#takeKeyword("REPEATS")) {
      const times = this.#count("a number of times", false);
      this.#expectKeyword("TIMES");
      return { kind: "repeats", times };
    }
    if (this.#takeKeyword("START")) {
      const start = this.#time();
      this.#expectKeyword("STOP");
      return { kind: "start-stop", start, stop: this.#time() };
    }
    return undefined;
  }

  #count(expected: string, fraction: boolean): number {
    const { kind, value } = this.#lexer;
    const fits = kind === "integer" || fraction && kind === "float";
    if (!fits || value.startsWith("-")) throw this.#lexer.unexpected(expected);
    this.#lexer.next();
    return Number(value);
  }

  #time(): string {
    const lexer = this.#lexer;
    const { kind, value } = lexer;
    if (kind !== "timestamp" && !(kind === "string" && isTimestamp(value))) {
      throw lexer.unexpected("a time such as t'2026-01-31T00:00:00Z'");
    }
    lexer.next();
    return value;
  }

  #comparisons(level: number): ComparisonExpression {
    const operator = COMPARISON_OPERATORS[level];
    if (operator === undefined) return this.#test();
    const first = this.#comparisons(level + 1);
    if (!this.#lexer.isKeyword(operator)) return first;
    const operands = [first];
    while (this.#takeKeyword(operator)) {
      operands.push(this.#comparisons(level + 1));
    }
    return { kind: "comparisons", operator, operands };
  }

  #test(): ComparisonExpression {
    const lexer = this.#lexer;
    if (lexer.kind === "(") {
      return this.#inParentheses(() => this.#comparisons(0));
    }
    const word = this.#take("word", 'an object path or "("');
    // A colon follows an object type and nothing else.
    if (lexer.kind === ":") return this.#comparison(this.#path(word));
    const keyword = word.toUpperCase();
    if (keyword === "NOT") this.#expectKeyword("EXISTS");
    else if (keyword !== "EXISTS") throw lexer.unexpected('":"');
    return {
      kind: "comparison",
      path: this.#path(this.#take("word", "an object path")),
      negated: keyword === "NOT",
      operator: "EXISTS",
    };
  }

  #comparison(path: ObjectPath): Comparison {
    const lexer = this.#lexer;
    const negated = this.#takeKeyword("NOT");
    const base = { kind: "comparison", path, negated } as const;
    const operator = lexer.kind;
    switch (operator) {
      case "=":
      case "!=":
        lexer.next();
        return { ...base, operator, value: this.#literal() };
      case "<":
      case ">":
      case "<=":
      case ">=":
        lexer.next();
        return { ...base, operator, value: this.#orderableLiteral() };
    }
    if (this.#takeKeyword("IN")) {
      return { ...base, operator: "IN", values: this.#set() };
    }
    for (const operator of TEXT_OPERATORS) {
      if (!this.#takeKeyword(operator)) continue;
      const value = this.#take("string", "a string");
      return { ...base, operator, value: { kind: "string", value } };
    }
    throw lexer.unexpected("a comparison operator");
  }

  #path(objectType: string): ObjectPath {
    this.#take(":", '":"');
    const steps: PathStep[] = [this.#property()];
    for (;;) {
      if (this.#takeIf(".")) steps.push(this.#property());
      else if (this.#takeIf("[")) steps.push(this.#index());
      else return { objectType, steps };
    }
  }

  #property(): PathStep {
    const { kind, value } = this.#lexer;
    if (kind !== "word" && kind !== "string" && kind !== "quoted word") {
      throw this.#lexer.unexpected("a property name");
    }
    this.#lexer.next();
    return { kind: "property", name: value };
  }

  #index(): PathStep {
    const index = this.#takeIf("*")
      ? "*"
      : Number(this.#take("integer", "a list index or *"));
    this.#take("]", '"]"');
    return { kind: "index", index };
  }

  #set(): Literal[] {
    this.#take("(", '"("');
    const values: Literal[] = [];
    if (this.#takeIf(")")) return values;
    do {
      values.push(this.#literal());
    } while (this.#takeIf(","));
    this.#take(")", '"," or ")"');
    return values;
  }

  #literal(): Literal {
    for (const value of [true, false]) {
      if (this.#takeKeyword(value ? "TRUE" : "FALSE")) {
        return { kind: "boolean", value };
      }
    }
    return this.#orderableLiteral();
  }

  #orderableLiteral(): OrderableLiteral {
    const { kind, value } = this.#lexer;
    switch (kind) {
      case "string":
      case "timestamp":
      case "hex":
      case "binary":
        this.#lexer.next();
        return { kind, value };
      case "integer":
      case "float":
        this.#lexer.next();
        return { kind, value: Number(value) };
      default:
        throw this.#lexer.unexpected("a literal");
    }
  }

  /** Spends one level of nesting on what stands between ( and ). */
  #inParentheses<Expression>(parse: () => Expression): Expression {
    if (this.#nesting === MAX_NESTING) {
      throw this.#lexer.unexpected(
        `at most ${MAX_NESTING} parentheses within each other`,
      );
    }
    this.#nesting++;
    this.#lexer.next();
    const expression = parse();
    this.#take(")", 'an operator or ")"');
    this.#nesting--;
    return expression;
  }

  /** The token's value, if it is of this kind; moves on. */
  #take(kind: TokenKind, expected: string): string {
    const lexer = this.#lexer;
    if (lexer.kind !== kind) throw lexer.unexpected(expected);
    const { value } = lexer;
    lexer.next();
    return value;
  }

  #takeIf(kind: TokenKind): boolean {
    const found = this.#lexer.kind === kind;
    if (found) this.#lexer.next();
    return found;
  }

  #takeKeyword(keyword: string): boolean {
    const found = this.#lexer.isKeyword(keyword);
    if (found) this.#lexer.next();
    return found;
  }

  #expectKeyword(keyword: string): void {
    if (!this.#takeKeyword(keyword)) throw this.#lexer.unexpected(keyword);
  }
}
