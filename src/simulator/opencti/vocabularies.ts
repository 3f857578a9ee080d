import { derivedId, standardId } from "./identifiers.ts";

/** One entry of an open vocabulary. */
export interface Vocabulary {
  readonly id: string;
  readonly standardId: string;
  readonly category: string;
  readonly name: string;
  readonly description: string | null;
  readonly aliases: readonly string[];
  readonly builtIn: boolean;
}

const BUILT_IN: Readonly<Record<string, string>> = {
  pattern_type_ov:
    "stix pcre sigma snort suricata yara tanium-signal spl eql shodan",
  report_types_ov: "threat-report internal-report",
  indicator_type_ov: "malicious-activity anomalous-activity benign",
};

/** The open vocabularies; adding what is there gives what is there. */
export class Vocabularies {
  readonly #entries = new Map<string, Vocabulary>();

  constructor() {
    for (const [category, names] of Object.entries(BUILT_IN)) {
      for (const name of names.split(" ")) {
        this.#put({ category, name, builtIn: true });
      }
    }
  }

  /** Of one category, or of all, by name. */
  list(category?: string | null): Vocabulary[] {
    return [...this.#entries.values()]
      .filter((entry) => !category || entry.category === category)
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  add(input: {
    category: string;
    name: string;
    description?: string | null;
    aliases?: readonly string[] | null;
  }): Vocabulary {
    const known = this.#entries.get(keyOf(input.category, input.name));
    return known ?? this.#put({ ...input, builtIn: false });
  }

  #put(input: {
    category: string;
    name: string;
    description?: string | null;
    aliases?: readonly string[] | null;
    builtIn: boolean;
  }): Vocabulary {
    const { category, name } = input;
    const vocabulary = {
      id: derivedId("vocabulary", category, name),
      standardId: standardId("vocabulary", { category, name }),
      category,
      name,
      description: input.description ?? null,
      aliases: input.aliases ?? [],
      builtIn: input.builtIn,
    };
    this.#entries.set(keyOf(category, name), vocabulary);
    return vocabulary;
  }
}

function keyOf(category: string, name: string): string {
  return `${category}\n${name.toLowerCase()}`;
}
