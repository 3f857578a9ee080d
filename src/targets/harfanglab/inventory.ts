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
import { PATTERN, type Step, toStep } from "./steps.ts";
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
    wanted: (events, signal) => inventory.wanted(events, signal),
    held: (signal) => inventory.held(signal),
    repair: (events, signal) => inventory.repair(events, signal),
    remove: (holdings, signal) => inventory.remove(holdings, signal),
  };
}

class HarfanglabInventory implements Inventory {
  readonly #parts: TargetParts;
  readonly #batches: Batches;
  readonly #takeover: Takeover;
  readonly #removal: Removal;
  #isReleaseKnown = false;

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
    await this.#learnRelease(signal);
    const { config, services } = this.#parts;
    const options = { ...config, now: services.now() };
    const steps = events.map((event) => toStep(event, options));
    return await this.#batches.exclusively(async () => {
      await this.#batches.rows.documents.load();
      const page = this.#batches.rows.iocs.page();
      await page.load(
        steps.flatMap((step, at) =>
          step.do === "relation" ? [step.indicator] : [events[at]!.internalId]
        ),
        steps.flatMap((step) => step.do === "skip" ? [] : step.keys),
      );
      return await Promise.all(
        steps.map((step, at) => this.#wantedBy(events[at]!, step, page)),
      );
    });
  }

  /** Which members rules have here: a target that only compares asks itself. */
  async #learnRelease(signal: AbortSignal): Promise<void> {
    const { client } = this.#parts;
    if (this.#isReleaseKnown) return;
    for (const kind of RULE_KINDS) {
      if (client.shows.references !== undefined) break;
      await client.probe(kind, signal);
    }
    this.#isReleaseKnown = true;
  }

  async #wantedBy(
    { internalId: id }: StreamEvent,
    step: Step,
    page: IocPage,
  ): Promise<readonly Holding[]> {
    if (step.do === "skip") return [];
    if (step.do === "relation") {
      const props = page.owner(step.indicator)?.props;
      return props === undefined ? [] : this.#iocs(step.keys, props, page);
    }
    if (step.document !== undefined) {
      return await this.#documents(id, step.document, step.props);
    }
    if (!step.isActive) return [];
    const related = Object.entries(page.owner(id)?.parts ?? {})
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
