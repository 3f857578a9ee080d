/** Both sides of a comparison, for `verify`. */
import type { StreamEvent } from "../../opencti/event.ts";
import type { Holding, Inventory, Outcome } from "../target.ts";
import type { Batches, TargetParts } from "./batches.ts";
import type { Item } from "./answers.ts";
import { RULE_KINDS, type RuleKind } from "./client.ts";
import { readComment } from "./comment.ts";
import type { GroupRow } from "./document_rows.ts";
import {
  documentDigest,
  holdingKey,
  iocDigest,
  KIND_WORDS,
  sigmaIdIn,
} from "./holding.ts";
import type { IocPage } from "./ioc_rows.ts";
import { iocKey, iocOfKey } from "./ioc_values.ts";
import {
  DOCUMENT_FIELD_ROWS,
  type IndicatorProps,
  NOBODY,
  type RuleOptions,
  toMembers,
} from "./mapping.ts";
import { PATTERN, relationPart, type Step, toStep } from "./steps.ts";
import { Removal } from "./removal.ts";
import type { Takeover } from "./takeover.ts";

/** The inventory of one target. */
export function createInventory(
  parts: TargetParts,
  batches: Batches,
  takeover: Takeover,
): Inventory {
  const inventory = new HarfanglabInventory(parts, batches, takeover);
  return {
    types: inventory.types,
    wanted: (events, signal) => inventory.wanted(events, signal),
    held: (signal) => inventory.held(signal),
    ownerOf: (id, signal) => inventory.ownerOf(id, signal),
    repair: (events, signal) => inventory.repair(events, signal),
    remove: (holdings, signal) => inventory.remove(holdings, signal),
  };
}

/** [HarfangLab] Ids of rules are UUIDs. */
const RULE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Nothing says what its rule is to look like: it is brought in anew. */
function notRemembered(key: string): Holding {
  const digest = "not remembered";
  return { kind: KIND_WORDS.IOCRule, key: holdingKey(key), digest };
}

function isIocKey(text: string): boolean {
  return text.includes("|");
}

function newestOwner({ owners }: GroupRow): string | undefined {
  return owners.toSorted((a, b) => b.version - a.version)[0]?.id;
}

class HarfanglabInventory implements Inventory {
  readonly types = {
    entities: ["Indicator"],
    relationships: ["based-on"],
  };
  readonly #parts: TargetParts;
  readonly #batches: Batches;
  readonly #takeover: Takeover;
  readonly #removal: Removal;

  constructor(parts: TargetParts, batches: Batches, takeover: Takeover) {
    this.#removal = new Removal(parts, batches);
    this.#parts = parts;
    this.#batches = batches;
    this.#takeover = takeover;
  }

  async wanted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<(readonly Holding[])[]> {
    const { client, config, services } = this.#parts;
    // Both sides are told by the members that this release has.
    await client.learnRelease(signal);
    const options = { ...config, now: services.now() };
    const steps = events.map((event) => toStep(event, options));
    return await this.#batches.exclusively(async () => {
      await this.#batches.rows.documents.load();
      const page = this.#batches.rows.iocs.page();
      await page.load(
        steps.flatMap((step, at) =>
          step.do === "relation"
            ? [step.indicator]
            : [events[at]!.internalId, events[at]!.object.id]
        ),
        steps.flatMap((step) => step.do === "skip" ? [] : step.keys),
      );
      return await Promise.all(
        steps.map((step, at) => this.#wantedBy(events[at]!, step, page)),
      );
    });
  }

  async #wantedBy(
    { internalId: id, object }: StreamEvent,
    step: Step,
    page: IocPage,
  ): Promise<readonly Holding[]> {
    if (step.do === "skip") return [];
    if (step.do === "relation") {
      const owner = page.owner(step.indicator);
      if (owner?.parts[relationPart(id)] === undefined) {
        return step.keys.map(notRemembered);
      }
      const { props } = owner;
      return props === undefined ? [] : this.#iocs(step.keys, props, page);
    }
    if (step.document !== undefined) {
      return await this.#documents(id, step.document, step.props);
    }
    if (!step.isActive) return [];
    // Rules that were found after a lost state name it by its STIX id; that a
    // relationship gives them is for its own event to say.
    const { resolve_observables: resolves } = this.#parts.config;
    const parts = (resolves ? [id, object.id] : [id]).flatMap((name) =>
      Object.entries(page.owner(name)?.parts ?? {})
    );
    const related = parts
      .flatMap(([part, { keys }]) => part === PATTERN ? [] : keys);
    const keys = [...new Set([...step.keys, ...related])];
    return this.#iocs(keys, step.props, page);
  }

  #iocs(
    keys: readonly string[],
    props: IndicatorProps,
    page: IocPage,
  ): Holding[] {
    return keys.filter((key) => page.value(key)?.more?.refused !== true)
      .map((key) => {
        const wanted = {
          ioc: iocOfKey(key),
          leader: props,
          stixIds: [props.stixId],
        };
        const members = this.#batches.iocs.membersOf(wanted);
        const digest = iocDigest({ ...members, id: "" }, Object.keys(members));
        return { kind: KIND_WORDS.IOCRule, key: holdingKey(key), digest };
      });
  }

  async #documents(
    id: string,
    { kind, content, sigmaId }: NonNullable<
      Extract<Step, { do: "indicator" }>["document"]
    >,
    props: IndicatorProps,
  ): Promise<Holding[]> {
    const { rows } = this.#batches;
    const row = await rows.documents.document(id);
    const group = rows.documents.group(row?.group);
    // What others have made, or what another indicator stands for.
    const isAside = row?.blockedBy !== undefined || group?.external === true;
    if (isAside) return [];
    const members = toMembers(
      DOCUMENT_FIELD_ROWS,
      { internalId: id, content, props },
      this.#options(),
    );
    return [{
      kind: KIND_WORDS[kind],
      key: sigmaId?.toLowerCase() ?? group?.remoteId ?? `of ${id}`,
      digest: documentDigest(kind, members, Object.keys(members)),
    }];
  }

  #options(): RuleOptions {
    const { client, config } = this.#parts;
    return { ...config, withReferences: client.shows.references === true };
  }

  async *held(signal: AbortSignal): AsyncGenerator<Holding> {
    const { client, sources } = this.#parts;
    await client.learnRelease(signal);
    await this.#batches.rows.documents.load();
    for (const kind of RULE_KINDS) {
      const list = await sources.find(kind, signal);
      if (list === undefined) continue;
      const rules = client.findRules(kind, { source_id: list }, signal);
      for await (const item of rules) {
        const isOurs = item.source_id === list &&
          (item.enabled === true || await this.#isLeftOn(kind, item));
        const holding = isOurs ? this.#toHolding(kind, item) : undefined;
        if (holding !== undefined) yield holding;
      }
    }
  }

  /** A rule that is off, but not by us: it is as somebody wants it. */
  async #isLeftOn(kind: RuleKind, item: Item): Promise<boolean> {
    if (kind !== "IOCRule") {
      return this.#groupOf(kind, item)?.enabled === true;
    }
    const key = iocKey({ type: `${item.type}`, value: `${item.value}` });
    const row = await this.#batches.rows.iocs.values.get(key);
    return row?.remoteId === item.id && row.more?.enabled === true;
  }

  #toHolding(kind: RuleKind, item: Item): Holding | undefined {
    const names = this.#membersSent(kind);
    if (kind === "IOCRule") {
      if (readComment(item.comment) === undefined) return undefined;
      const ioc = { type: `${item.type}`, value: `${item.value}` };
      return {
        kind: KIND_WORDS.IOCRule,
        key: holdingKey(iocKey(ioc)),
        digest: iocDigest(item, names),
      };
    }
    const group = this.#groupOf(kind, item);
    if (group === undefined || group.owners.length === 0) return undefined;
    return {
      kind: KIND_WORDS[kind],
      key: kind === "YaraFile" ? item.id : sigmaIdIn(item),
      digest: documentDigest(kind, item, names),
    };
  }

  /** Names of the members that this release is sent. */
  #membersSent(kind: RuleKind): string[] {
    if (kind === "IOCRule") return this.#batches.iocs.membersSent();
    const nobody = { internalId: "", content: "", props: NOBODY };
    const options = this.#options();
    return Object.keys(toMembers(DOCUMENT_FIELD_ROWS, nobody, options));
  }

  #groupOf(kind: RuleKind, item: Item): GroupRow | undefined {
    const { documents } = this.#batches.rows;
    return kind === "SigmaRule"
      ? documents.group(`sigma|${sigmaIdIn(item)}`)
      : documents.groups().find((group) =>
        group.kind === kind && group.remoteId === item.id
      );
  }

  /**
   * By the key of a holding, the id of a rule at the console, or the id in a
   * Sigma rule.
   */
  async ownerOf(id: string, signal: AbortSignal): Promise<string | undefined> {
    const { documents, iocs } = this.#batches.rows;
    await documents.load();
    const name = id.toLowerCase();
    const group = documents.group(`sigma|${name}`) ??
      documents.groups().find(({ remoteId }) => remoteId === name);
    if (group !== undefined) return newestOwner(group);
    const value = isIocKey(id) ? id : await this.#iocKeyOf(id, signal);
    if (value === undefined) return undefined;
    const page = iocs.page();
    await page.load([], [value]);
    return page.leadingOwner(value)?.id ?? page.value(value)?.owners[0];
  }

  async #iocKeyOf(
    id: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (!RULE_ID.test(id)) return undefined;
    const item = await this.#parts.client.readRule("IOCRule", id, signal);
    return item && iocKey({ type: `${item.type}`, value: `${item.value}` });
  }

  async repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return await this.#batches.exclusively(async () => {
      const options = { signal, distrust: true };
      const outcomes = await this.#batches.apply(events, options);
      await this.#takeover.rebuildLost(signal);
      return outcomes;
    });
  }

  async remove(
    holdings: readonly Holding[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return await this.#batches.exclusively(async () => {
      await this.#batches.rows.documents.load();
      const outcomes: Outcome[] = [];
      for (const holding of holdings) {
        outcomes.push(await this.#removal.remove(holding, signal));
      }
      return outcomes;
    });
  }
}
