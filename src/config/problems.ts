import { ConfigError } from "../errors.ts";

/** What is wrong with a configuration, gathered to be told at once. */
export class Problems {
  readonly #lines: string[] = [];
  readonly #places = new Set<string>();

  /**
   * Notes a problem. Of several at one place only the first counts: the
   * others follow from it.
   */
  add(place: string, what: string): void {
    const key = place.replace(/ \(line \d+\)$/, "");
    if (this.#places.has(key)) return;
    this.#places.add(key);
    this.#lines.push(oneLine(`${place}: ${what}`));
  }

  get count(): number {
    return this.#lines.length;
  }

  /** @throws {ConfigError} If there is any problem: one line for each. */
  throwIfAny(): void {
    if (this.#lines.length === 0) return;
    const count = this.#lines.length === 1
      ? "1 problem"
      : `${this.#lines.length} problems`;
    throw new ConfigError(
      `The configuration has ${count}:\n  ${this.#lines.join("\n  ")}`,
    );
  }
}

/**
 * A key for a message. What does not look like one is not printed: a slip of
 * the pen (`token:abc`) makes a key of a secret.
 */
export function printableKey(key: string): string {
  return /^[\w.-]{1,48}$/.test(key) ? key : "<not a plain name>";
}

/** The same in quotation marks. */
export function quotedKey(key: string): string {
  return `"${printableKey(key)}"`;
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
