import type { StoredTag } from "./stored.ts";

const MAX_BYTES = 255;
const encoder = new TextEncoder();

/** The tags of the instance. */
export class Tags {
  readonly #byName = new Map<string, StoredTag>();

  all(): StoredTag[] {
    return [...this.#byName.values()];
  }

  /** Names are compared without case. */
  find(name: string): StoredTag | undefined {
    return this.#byName.get(tagName(name).toLowerCase());
  }

  byId(id: number): StoredTag | undefined {
    return this.all().find((tag) => tag.id === id);
  }

  /** Those that fit an SQL LIKE: `%` any text, `_` one character. */
  like(pattern: string): StoredTag[] {
    const source = [...pattern].map((char) =>
      char === "%" ? ".*" : char === "_" ? "." : RegExp.escape(char)
    ).join("");
    const regexp = new RegExp(`^${source}$`, "is");
    return this.all().filter(({ name }) => regexp.test(name));
  }

  /** The tag of this name, made with a colour if it is new. */
  add(name: string, colour: string | undefined): StoredTag {
    const known = this.find(name);
    if (known !== undefined) return known;
    const cut = tagName(name);
    const tag = {
      id: this.#byName.size + 1,
      name: cut,
      colour: colour ?? colourOf(cut),
    };
    this.#byName.set(cut.toLowerCase(), tag);
    return tag;
  }
}

/** `#RRGGBB`. */
export function isColour(text: unknown): text is string {
  return typeof text === "string" && /^#[0-9a-f]{6}$/i.test(text);
}

/** Trimmed and cut at 255 bytes, on a character boundary. */
function tagName(name: string): string {
  let text = name.trim();
  while (encoder.encode(text).length > MAX_BYTES) {
    text = [...text].slice(0, -1).join("");
  }
  return text;
}

/** A colour that depends on the name alone. */
function colourOf(name: string): string {
  let hash = 0;
  for (const char of name) {
    hash = (hash * 31 + (char.codePointAt(0) ?? 0)) & 0xff_ffff;
  }
  return `#${hash.toString(16).padStart(6, "0")}`;
}
