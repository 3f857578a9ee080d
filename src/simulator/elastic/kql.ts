import { valuesAt } from "./document_values.ts";
import type { JsonObject } from "./json.ts";
import { patternTest } from "./names.ts";

/** A filter that cannot be read; the text Kibana answers. */
export class KqlError extends Error {
  override name = "KqlError";
}

/** How rule attributes are named in filters, and in rules. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "alert.attributes.tags": "tags",
  "alert.attributes.name": "name",
  "alert.attributes.enabled": "enabled",
  "alert.attributes.params.ruleId": "rule_id",
  "alert.attributes.params.type": "type",
  "alert.attributes.params.immutable": "immutable",
  "alert.attributes.params.severity": "severity",
  "alert.attributes.params.riskScore": "risk_score",
  "alert.attributes.params.language": "language",
  "alert.attributes.params.references": "references",
  "alert.attributes.params.author": "author",
  "alert.attributes.params.meta.opencti_id": "meta.opencti_id",
};

type Test = (rule: JsonObject) => boolean;

/**
 * Compiles the part of KQL that rule filters use: `field: value`, quoted or
 * not, `*`, lists in parentheses, `and`, `or`, `not` and parentheses.
 *
 * @throws {KqlError} The filter is not of that form, or names a field outside
 * of `alert.attributes`.
 */
export function compileKql(filter: string): Test {
  const tokens = filter.match(/"(?:[^"\\]|\\.)*"|[():]|[^\s():"]+/g) ?? [];
  const parser = new Parser(tokens);
  return parser.whole();
}

class Parser {
  #at = 0;
  constructor(readonly tokens: readonly string[]) {}

  whole(): Test {
    const test = this.#any();
    if (this.#at < this.tokens.length) throw this.#unexpected();
    return test;
  }

  #any(): Test {
    const tests = [this.#all()];
    while (this.#takes("or")) tests.push(this.#all());
    return (rule) => tests.some((test) => test(rule));
  }

  #all(): Test {
    const tests = [this.#one()];
    while (this.#takes("and")) tests.push(this.#one());
    return (rule) => tests.every((test) => test(rule));
  }

  #one(): Test {
    if (this.#takes("not")) {
      const test = this.#one();
      return (rule) => !test(rule);
    }
    if (this.#takes("(")) {
      const test = this.#any();
      this.#expect(")");
      return test;
    }
    const field = this.#word();
    this.#expect(":");
    return this.#values(attributeOf(field));
  }

  #values(path: string): Test {
    if (!this.#takes("(")) return valueTest(path, this.#word());
    const tests = [valueTest(path, this.#word())];
    const every = this.tokens[this.#at]?.toLowerCase() === "and";
    while (this.#takes("or") || this.#takes("and")) {
      tests.push(valueTest(path, this.#word()));
    }
    this.#expect(")");
    return (rule) =>
      every
        ? tests.every((test) => test(rule))
        : tests.some((test) => test(rule));
  }

  #word(): string {
    const token = this.tokens[this.#at];
    if (token === undefined || /^[():]$/.test(token)) throw this.#unexpected();
    this.#at += 1;
    return token;
  }

  #takes(token: string): boolean {
    if (this.tokens[this.#at]?.toLowerCase() !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw this.#unexpected();
  }

  #unexpected(): KqlError {
    const found = this.tokens[this.#at];
    return new KqlError(
      "KQLSyntaxError: Expected field, value, whitespace but " +
        `${
          found === undefined ? "end of input" : JSON.stringify(found)
        } found.`,
    );
  }
}

function attributeOf(field: string): string {
  const path = Object.hasOwn(ATTRIBUTES, field) ? ATTRIBUTES[field] : undefined;
  if (path !== undefined) return path;
  throw new KqlError(
    field.startsWith("alert.attributes.")
      ? `This key '${field}' does NOT exist in alert saved object index patterns: Bad Request`
      : `This key '${field}' need to be wrapped by a saved object type like alert: Bad Request`,
  );
}

function valueTest(path: string, token: string): Test {
  const quoted = token.startsWith('"');
  const text = quoted ? token.slice(1, -1).replaceAll(/\\(.)/g, "$1") : token;
  const fits = quoted ? (value: string) => value === text : patternTest(text);
  return (rule) => valuesAt(rule, path).some((value) => fits(String(value)));
}
