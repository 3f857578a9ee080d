/** What is in our lists before we know it, and lists that were lost. */
import type { Item } from "./answers.ts";
import type { HarfanglabClient, RuleKind } from "./client.ts";
import { RULE_KINDS } from "./client.ts";
import type { Batches, TargetParts } from "./batches.ts";
import { readComment, type RuleComment } from "./comment.ts";
import type { IocPage } from "./ioc_rows.ts";
import { iocKey } from "./ioc_values.ts";
import type { IndicatorProps } from "./mapping.ts";
import type { SourceLists } from "./sources.ts";
import { ADOPTED } from "./steps.ts";

/** Rules that are worked on before they are committed. */
const CHUNK = 500;
const PARALLEL = 8;

/**
 * Takes over what an older connector, or a life of ours whose state is lost,
 * left in the lists; and makes rules again when a list is another one than
 * before. Both go on where they were after a crash.
 */
export class Takeover {
  readonly #parts: TargetParts;
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #batches: Batches;
  /** Ids of the lists that everything is known to be in. */
  readonly #settled = new Map<RuleKind, string>();

  constructor(parts: TargetParts, batches: Batches) {
    this.#parts = parts;
    this.#client = parts.client;
    this.#sources = parts.sources;
    this.#batches = batches;
  }

  /** Finds the lists, and learns what is in them if nothing is known. */
  async run(signal: AbortSignal): Promise<void> {
    const { rows } = this.#batches;
    this.#sources.forgetAll();
    await rows.documents.load();
    for (const kind of RULE_KINDS) {
      const list = await this.#sources.id(kind, signal);
      const known = await rows.list(kind);
      if (known === undefined) await this.#adopt(kind, list, signal);
      else this.#settled.set(kind, known);
    }
    await this.#client.learnRelease(signal);
    await this.rebuildLost(signal);
  }

  /** Makes everything again whose list was deleted. */
  async rebuildLost(signal: AbortSignal): Promise<void> {
    for (const [kind, settled] of this.#settled) {
      const list = this.#sources.known(kind);
      if (list === undefined || list === settled) continue;
      this.#parts.services.log.warn("making all rules of a list again", {
        kind,
      });
      if (kind === "IOCRule") await this.#rebuildIocs(list, signal);
      else await this.#batches.documents.rebuild(kind, signal);
      await this.#batches.rows.setList(kind, list);
      this.#settled.set(kind, list);
    }
  }

  async #adopt(
    kind: RuleKind,
    list: string,
    signal: AbortSignal,
  ): Promise<void> {
    const query = { source_id: list };
    const rules = this.#client.findRules(kind, query, signal);
    let chunk: Item[] = [];
    let count = 0;
    for await (const item of rules) {
      if (item.source_id !== list) continue;
      count++;
      if (kind !== "IOCRule") {
        await this.#batches.documents.adopt(kind, item, list);
        continue;
      }
      chunk.push(item);
      if (chunk.length < CHUNK) continue;
      await this.#adoptIocs(chunk, list);
      chunk = [];
    }
    await this.#adoptIocs(chunk, list);
    await this.#batches.rows.setList(kind, list);
    this.#settled.set(kind, list);
    if (count > 0) {
      this.#parts.services.log.info("took over the rules of a list", {
        kind,
        rules: count,
      });
    }
  }

  async #adoptIocs(items: readonly Item[], list: string): Promise<void> {
    const { iocs, rows } = this.#batches;
    const page = rows.iocs.page();
    const rules = items.flatMap((item) => {
      const comment = readComment(item.comment);
      // Whose a rule is shows when its value is asked for.
      if (comment === undefined) return [];
      return [{ item, comment, key: keyOf(item) }];
    });
    const owners = new Map<string, { comment: RuleComment; keys: string[] }>();
    for (const { item, comment, key } of rules) {
      if (item.enabled !== true) continue;
      for (const id of comment.indicatorIds) {
        const owner = owners.get(id) ?? { comment, keys: [] };
        owner.keys.push(key);
        owners.set(id, owner);
      }
    }
    await page.load([...owners.keys()], rules.map(({ key }) => key));
    for (const { item, key } of rules) {
      const { owners = [] } = page.value(key) ?? {};
      page.setValue(key, { key, owners, ...iocs.memoryOf(item, list) });
    }
    for (const [id, { comment, keys }] of owners) {
      // Other chunks may have had rules of the same indicator.
      const before = page.owner(id)?.parts[ADOPTED]?.keys ?? [];
      page.apply({
        id,
        part: ADOPTED,
        version: 0,
        keys: [...before, ...keys],
        props: adoptedProps(id, comment),
      }, this.#parts.services.now());
    }
    await page.stage();
    await rows.flush();
  }

  async #rebuildIocs(list: string, signal: AbortSignal): Promise<void> {
    const { rows } = this.#batches;
    const lost: string[] = [];
    for await (const row of rows.iocs.values.list()) {
      if (row.more !== undefined && row.more.list !== list) lost.push(row.key);
    }
    for (let at = 0; at < lost.length; at += CHUNK) {
      const page = rows.iocs.page();
      const chunk = lost.slice(at, at + CHUNK);
      await page.load([], chunk);
      const marked = await this.#batches.secure(page, chunk);
      try {
        await this.#keepAll(page, chunk, { marked, signal });
      } finally {
        await page.stage();
        await rows.flush();
      }
    }
  }

  async #keepAll(
    page: IocPage,
    keys: readonly string[],
    options: { marked: ReadonlySet<string>; signal: AbortSignal },
  ): Promise<void> {
    const { iocs } = this.#batches;
    const queue = keys.values();
    const workers = Array.from({ length: PARALLEL }, async () => {
      for (const key of queue) {
        const kept = await iocs.keep(page, key, options);
        if (kept.status !== "rejected") continue;
        this.#parts.services.log.warn("a rule is not taken again", {
          reason: kept.reason,
        });
      }
    });
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
}

function keyOf({ type, value }: Item): string {
  return iocKey({ type: `${type}`, value: `${value}` });
}

function adoptedProps(stixId: string, comment: RuleComment): IndicatorProps {
  return {
    stixId,
    name: "",
    description: "",
    score: comment.score,
    platforms: comment.platforms,
    references: [],
    adopted: true,
  };
}
