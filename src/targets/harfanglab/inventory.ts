/** Both sides of a comparison, for `verify`. */
import { createHash } from "node:crypto";
import { parse } from "@std/yaml";
import type { StreamEvent } from "../../opencti/event.ts";
import { text } from "../../stix/object.ts";
import type { Holding, Inventory, Outcome } from "../target.ts";
import { propsHash } from "../_ioc/ledger.ts";
import type { Batches, TargetParts } from "./batches.ts";
import { type Item, RULE_KINDS, type RuleKind } from "./client.ts";
import { readComment } from "./comment.ts";
import type { GroupRow } from "./document_rows.ts";
import type { IocPage } from "./ioc_keeper.ts";
import { iocKey, iocOfKey } from "./ioc_values.ts";
import {
  DOCUMENT_FIELD_ROWS,
  type IndicatorProps,
  type RuleOptions,
  toMembers,
} from "./mapping.ts";
import { PATTERN, type Step, toStep } from "./steps.ts";
import type { Takeover } from "./takeover.ts";
import { RejectedError, TransientError } from "../../errors.ts";

// deno-fmt-ignore
const KIND_WORDS: Readonly<Record<RuleKind, string>> = {
  IOCRule:   "IOC rule",
  SigmaRule: "Sigma rule",
  YaraFile:  "YARA file",
};

/** The inventory of one target. */
export function createInventory(
  parts: TargetParts,
  batches: Batches,
  takeover: Takeover,
): Inventory {
  const inventory = new HarfanglabInventory(parts, batches, takeover);
  return {
    wanted: (events) => inventory.wanted(events),
    held: (signal) => inventory.held(signal),
    repair: (events, signal) => inventory.repair(events, signal),
    remove: (holdings, signal) => inventory.remove(holdings, signal),
  };
}

class HarfanglabInventory implements Inventory {
  readonly #parts: TargetParts;
  readonly #batches: Batches;
  readonly #takeover: Takeover;

  constructor(parts: TargetParts, batches: Batches, takeover: Takeover) {
    this.#parts = parts;
    this.#batches = batches;
    this.#takeover = takeover;
  }

  async wanted(
    events: readonly StreamEvent[],
  ): Promise<(readonly Holding[])[]> {
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
      const list = await sources.id(kind, signal);
      const rules = client.findRules(kind, { source_id: list }, signal);
      for await (const item of rules) {
        const isOurs = item.source_id === list && item.enabled === true;
        const holding = isOurs ? this.#toHolding(kind, item) : undefined;
        if (holding !== undefined) yield holding;
      }
    }
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
      key: kind === "YaraFile" ? item.id : sigmaIdOf(item),
      digest: documentDigest(kind, item, names),
    };
  }

  /** Names of the members that this release is sent. */
  #membersSent(kind: RuleKind): string[] {
    const props = {
      stixId: "",
      name: "x",
      description: "",
      score: 0,
      platforms: [],
      references: [],
    };
    const stixIds: string[] = [];
    return Object.keys(
      kind === "IOCRule"
        ? this.#batches.iocs.membersOf({
          ioc: iocOfKey("|"),
          leader: props,
          stixIds,
        })
        : toMembers(
          DOCUMENT_FIELD_ROWS,
          { internalId: "", content: "", props },
          this.#options(),
        ),
    );
  }

  #groupOf(kind: RuleKind, item: Item): GroupRow | undefined {
    const { documents } = this.#batches.rows;
    return kind === "SigmaRule"
      ? documents.group(`sigma|${sigmaIdOf(item)}`)
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
        outcomes.push(await this.#removeOne(holding, signal));
      }
      return outcomes;
    });
  }

  async #removeOne(
    { kind, key }: Holding,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      if (kind === KIND_WORDS.IOCRule) await this.#removeIoc(key, signal);
      else await this.#removeDocument(kind, key, signal);
      return { status: "delivered" };
    } catch (error) {
      if (error instanceof TransientError) {
        const { message: reason, retryAfterMs: afterMs } = error;
        return { status: "retry", reason, afterMs };
      }
      if (!(error instanceof RejectedError)) throw error;
      const { message: reason, status: httpStatus } = error;
      return { status: "rejected", reason, httpStatus };
    }
  }

  async #removeIoc(name: string, signal: AbortSignal): Promise<void> {
    const key = await this.#keyNamed(name, signal);
    if (key === undefined) return;
    const { iocs, rows } = this.#batches;
    const page = rows.iocs.page();
    await page.load([], [key]);
    const now = this.#parts.services.now();
    for (const id of page.value(key)?.owners ?? []) {
      const parts = page.owner(id)?.parts ?? {};
      for (const [part, { keys, version }] of Object.entries(parts)) {
        if (!keys.includes(key)) continue;
        await page.load([id], keys);
        const rest = keys.filter((other) => other !== key);
        page.apply({ id, part, version, keys: rest }, now);
      }
    }
    const kept = await iocs.keep(page, key, { signal, distrust: true });
    await page.stage();
    await rows.flush();
    if (kept.status === "rejected") throw new RejectedError(kept.reason);
  }

  /** The value behind the name of a holding; a long one is a digest. */
  async #keyNamed(
    name: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (holdingKey(name) === name && !name.includes("|#")) return name;
    for await (const { key } of this.#batches.rows.iocs.values.list()) {
      if (holdingKey(key) === name) return key;
    }
    const { client, sources } = this.#parts;
    const query = { source_id: await sources.id("IOCRule", signal) };
    for await (const item of client.findRules("IOCRule", query, signal)) {
      const key = iocKey({ type: `${item.type}`, value: `${item.value}` });
      if (holdingKey(key) === name) return key;
    }
    return undefined;
  }

  async #removeDocument(
    kind: string,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { documents, rows } = this.#batches;
    const group = rows.documents.groups().find((group) =>
      KIND_WORDS[group.kind] === kind &&
      (group.key === `sigma|${key}` || group.remoteId === key)
    );
    for (const { id } of group?.owners ?? []) {
      const row = await rows.documents.document(id);
      if (row?.document === undefined) continue;
      const { props } = row.document;
      const event = { id, version: row.version, props };
      const kept = await documents.apply(event, { signal, distrust: true });
      if (kept.status === "rejected") throw new RejectedError(kept.reason);
    }
    await rows.flush();
  }
}

const MAX_KEY_BYTES = 500;

/** The key of a value as it is, or its digest where it is long. */
function holdingKey(key: string): string {
  if (new TextEncoder().encode(key).byteLength <= MAX_KEY_BYTES) return key;
  const { type, value } = iocOfKey(key);
  const digest = createHash("sha256").update(value).digest("base64url");
  return `${type}|#${digest}`;
}

/** Who else asks for a rule is no difference. */
function iocDigest(
  item: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const { indicatorId, score, platforms } = readComment(item.comment) ?? {};
  const comment = { indicatorId, score, platforms };
  return propsHash(
    Object.fromEntries(
      names.map((name) => [name, name === "comment" ? comment : item[name]]),
    ),
  );
}

function documentDigest(
  kind: RuleKind,
  item: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const content = text(item.content) ?? "";
  return propsHash(
    Object.fromEntries(names.map((name) => [
      name,
      name === "content" ? meaningOf(kind, content) : item[name],
    ])),
  );
}

/** The console writes YAML anew. */
function meaningOf(kind: RuleKind, content: string): unknown {
  if (kind !== "SigmaRule") return content.trim();
  try {
    return parse(content);
  } catch {
    return content;
  }
}

function sigmaIdOf(item: Item): string {
  return (text(item.rule_id) ?? item.id).toLowerCase();
}
