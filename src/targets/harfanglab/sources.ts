/** The three source lists that our rules are in. */
import { ConfigError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { HarfanglabClient, RuleKind } from "./client.ts";

const DESCRIPTION =
  "Intelligence written by the OpenCTI connector, do not edit here";

/** Finds the lists, or makes them, also when one is deleted meanwhile. */
export class SourceLists {
  readonly #client: HarfanglabClient;
  readonly #name: string;
  readonly #log: Log;
  readonly #ids = new Map<RuleKind, string>();
  readonly #searches = new Map<RuleKind, Promise<string>>();

  constructor(client: HarfanglabClient, name: string, log: Log) {
    this.#client = client;
    this.#name = name;
    this.#log = log;
  }

  /** Id of a list; found or made if it is not known. */
  async id(kind: RuleKind, signal: AbortSignal): Promise<string> {
    const known = this.#ids.get(kind);
    if (known !== undefined) return known;
    // Several rules may ask at the same time: one of them searches.
    const search = this.#searches.get(kind) ?? this.#search(kind, signal);
    this.#searches.set(kind, search);
    try {
      const id = await search;
      this.#ids.set(kind, id);
      return id;
    } finally {
      this.#searches.delete(kind);
    }
  }

  /** Id of a list, where there is one: none is made. */
  async find(
    kind: RuleKind,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return this.#ids.get(kind) ??
      (await this.#client.findSource(kind, this.#name, signal))?.id;
  }

  /** Id of a list as far as it is known. */
  known(kind: RuleKind): string | undefined {
    return this.#ids.get(kind);
  }

  /** The list that has this id does not exist any more. */
  forget(kind: RuleKind, id: string): void {
    if (this.#ids.get(kind) !== id) return;
    this.#ids.delete(kind);
    this.#log.warn("a source list was deleted in HarfangLab: making it again", {
      kind,
      list: this.#name,
    });
  }

  /** All lists are looked for again. */
  forgetAll(): void {
    this.#ids.clear();
  }

  async #search(kind: RuleKind, signal: AbortSignal): Promise<string> {
    const name = this.#name;
    const found = await this.#client.findSource(kind, name, signal);
    if (found !== undefined) {
      if (found.enabled === false) {
        this.#log.warn(
          "a source list is disabled in HarfangLab: its rules " +
            "match nothing until somebody enables it",
          { kind, list: name },
        );
      }
      return found.id;
    }
    const made = await this.#client.createSource(kind, {
      name,
      description: DESCRIPTION,
      enabled: true,
    }, signal);
    if (made.status === "done") {
      this.#log.info("made a source list in HarfangLab", { kind, list: name });
      return made.item.id;
    }
    if (made.status !== "duplicate") {
      throw new ConfigError(
        `Cannot make the source list "${name}" (${kind}): HarfangLab answers ` +
          `"${made.status}"`,
      );
    }
    // Somebody else made it between the two calls.
    const raced = await this.#client.findSource(kind, name, signal);
    if (raced !== undefined) return raced.id;
    throw new TransientError(
      `The source list "${name}" (${kind}) exists, but is not found`,
    );
  }
}
