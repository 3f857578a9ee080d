/** Brings Sigma rules and YARA files in line with their indicators. */
import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { strings, text } from "../../stix/object.ts";
import type { HarfanglabClient, Item } from "./client.ts";
import type { RemoteDocuments, Sending } from "./document_remote.ts";
import type { DocumentRow, DocumentRows, GroupRow } from "./document_rows.ts";
import type { KeptRule } from "./ioc_keeper.ts";
import type { IndicatorProps } from "./mapping.ts";
import type { SourceLists } from "./sources.ts";
import type { DocumentStep } from "./steps.ts";

/** What an event of an indicator says of its document. */
export interface DocumentEvent {
  /** Internal id of the indicator. */
  readonly id: string;
  readonly version: number;
  readonly props: IndicatorProps;
  /** Absent: it gives none now. */
  readonly document?: DocumentStep | undefined;
  /** What a deleted one was, where nothing is remembered of it. */
  readonly former?: DocumentStep | undefined;
}

/** What became of a document. */
export type KeptDocument =
  | KeptRule
  /** It is there, but not by our doing; or cannot be. */
  | { readonly status: "skipped"; readonly reason: string };

const DONE: KeptDocument = { status: "done" };
const EXTERNAL = "HarfangLab has this rule in another source list, which is " +
  "left alone";

/**
 * One step at a time: which rule of the console an indicator is about shows
 * only when it is sent. A rule stands for every indicator of the same Sigma id,
 * or of the same YARA file, and has the content of the one changed last.
 */
export class DocumentKeeper {
  readonly #rows: DocumentRows;
  readonly #remote: RemoteDocuments;
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #log: Log;
  readonly #now: () => number;

  constructor(parts: {
    rows: DocumentRows;
    remote: RemoteDocuments;
    client: HarfanglabClient;
    sources: SourceLists;
    log: Log;
    now: () => number;
  }) {
    this.#rows = parts.rows;
    this.#remote = parts.remote;
    this.#client = parts.client;
    this.#sources = parts.sources;
    this.#log = parts.log;
    this.#now = parts.now;
  }

  /**
   * Applies the newest event of an indicator.
   *
   * @param distrust What is remembered of the rule may be wrong: look at it.
   * @throws {TransientError} To be tried again.
   */
  async apply(
    event: DocumentEvent,
    { signal, distrust = false }: { signal: AbortSignal; distrust?: boolean },
  ): Promise<KeptDocument> {
    const { id, version, document, props } = event;
    const row = await this.#rows.document(id);
    if (row === undefined && document === undefined) {
      return await this.#removeUnknown(event, signal);
    }
    if (!distrust && row?.version === version && row.problem !== undefined) {
      return engineRefuses(row.problem);
    }
    try {
      if (document === undefined) {
        await this.#leave(row, signal);
        await this.#rows.setDocument(id, {
          id,
          version,
          goneAt: row?.goneAt ?? this.#now(),
        });
        return DONE;
      }
      const { kind, content, ruleNames } = document;
      const next = {
        id,
        version,
        document: { kind, content, ruleNames, props },
      };
      return await this.#replace(row, next, {
        group: this.#groupOf(event, row),
        signal,
        distrust,
      });
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const reason = `${document?.kind} "${props.name.slice(0, 100)}": ` +
        error.message;
      return { status: "rejected", reason, httpStatus: error.status };
    }
  }

  /** The rule that the indicator is to be part of. */
  #groupOf(event: DocumentEvent, row: DocumentRow | undefined): string {
    const { document, id } = event;
    if (document?.sigmaId !== undefined) {
      return `sigma|${document.sigmaId.toLowerCase()}`;
    }
    const own = `yara|${id}`;
    const former = this.#rows.group(row?.group);
    const names = document?.ruleNames ?? [];
    if (former?.kind !== "YaraFile") {
      const free = this.#rows.groups().find((group) =>
        group.kind === "YaraFile" && group.owners.length === 0 &&
        sameNames(group.ruleNames ?? [], names)
      );
      return free?.key ?? own;
    }
    // Who shares a file with others leaves it once it has other rules.
    const isShared = former.owners.some((owner) => owner.id !== id);
    const isSame = sameNames(former.ruleNames ?? [], names);
    if (!isShared || isSame) return former.key;
    return former.key === own ? `${own}|${event.version}` : own;
  }

  /** The new place first, then the old one. */
  async #replace(
    row: DocumentRow | undefined,
    next: Sending,
    { group, signal, distrust }: {
      group: string;
      signal: AbortSignal;
      distrust: boolean;
    },
  ): Promise<KeptDocument> {
    const joined = await this.#join(next, group, { signal, distrust });
    if (row?.group !== undefined && row.group !== joined.row.group) {
      await this.#leave(row, signal);
    } else if (row?.blockedBy !== undefined) await this.#stopWaiting(row);
    await this.#rows.setDocument(next.id, joined.row);
    return joined.kept;
  }

  async #join(
    next: Sending,
    key: string,
    { signal, distrust = false }: { signal: AbortSignal; distrust?: boolean },
  ): Promise<{ row: DocumentRow; kept: KeptDocument }> {
    const known = this.#rows.group(key);
    let group: GroupRow = known ?? {
      key,
      kind: next.document.kind,
      owners: [],
      enabled: false,
      waiting: [],
    };
    const isUnread = group.remoteId !== undefined &&
      group.content === undefined;
    if (distrust || isUnread) group = await this.#look(group, next, signal);
    group = withOwner(group, next);
    const sending = await this.#leading(group, next);
    const ensured = await this.#remote.ensure(
      group,
      { ...sending, group: key },
      signal,
    );
    if (ensured.status === "done") {
      return await this.#settled(ensured.group, next);
    }
    if (ensured.status === "taken" && ensured.isOurs) {
      return await this.#share(ensured.item, { group, next, sending, signal });
    }
    const isNews = known?.external !== true;
    if (isNews) {
      this.#log.warn(EXTERNAL, {
        kind: group.kind,
        indicator: next.document.props.name,
        rule: ensured.status === "taken" ? ensured.item.id : "not to be seen",
      });
    }
    await this.#rows.setGroup(key, { ...group, external: true });
    return {
      row: { ...next, group: key },
      kept: { status: "skipped", reason: EXTERNAL },
    };
  }

  /** It is there in our list: whose is it? */
  async #share(
    item: Item,
    { group, next, sending, signal }: {
      group: GroupRow;
      next: Sending;
      sending: Sending;
      signal: AbortSignal;
    },
  ): Promise<{ row: DocumentRow; kept: KeptDocument }> {
    const list = await this.#sources.id(group.kind, signal);
    const holder = this.#rows.groups().find((other) =>
      other.kind === group.kind && other.remoteId === item.id &&
      other.list === list && other.key !== group.key
    );
    const isFree = holder === undefined || holder.owners.length === 0;
    if (isFree || this.#remote.holds(item, next)) {
      const base = holder ?? group;
      const adopted = this.#remote.adoptedAsSent(
        withOwner({ ...base, waiting: holder?.waiting ?? [] }, next),
        item,
        { sending: isFree ? sending : next, list },
      );
      const ensured = await this.#remote.ensure(
        adopted,
        { ...(isFree ? sending : next), group: adopted.key },
        signal,
      );
      if (ensured.status === "done") {
        const isOwn = group.owners.every(({ id }) => id === next.id);
        if (holder !== undefined && isOwn) {
          await this.#rows.setGroup(group.key, undefined);
        }
        return await this.#settled(ensured.group, next);
      }
    }
    if (holder === undefined) throw conflict(item);
    const [first] = await this.#rows.documents(
      holder.owners.map(({ id }) => id),
    );
    const other = first?.document?.props.name ?? "an unknown indicator";
    this.#log.warn("two indicators give files that HarfangLab takes for one", {
      indicator: next.document.props.name,
      kept: other,
    });
    const waiting = [...new Set([...holder.waiting, next.id])];
    await this.#rows.setGroup(holder.key, { ...holder, waiting });
    return {
      row: { ...next, blockedBy: holder.key },
      kept: {
        status: "skipped",
        reason: `HarfangLab takes it for the file of "${other.slice(0, 100)}"`,
      },
    };
  }

  async #settled(
    group: GroupRow,
    next: Sending,
  ): Promise<{ row: DocumentRow; kept: KeptDocument }> {
    await this.#rows.setGroup(group.key, group);
    const { problem } = group;
    return {
      row: { ...next, group: group.key, problem },
      kept: problem === undefined ? DONE : engineRefuses(problem),
    };
  }

  /** The indicator takes no part in its rule any more. */
  async #leave(
    row: DocumentRow | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (row === undefined) return;
    await this.#stopWaiting(row);
    const group = this.#rows.group(row.group);
    if (group === undefined) return;
    const owners = group.owners.filter(({ id }) => id !== row.id);
    const rest = { ...group, owners };
    if (owners.length > 0) {
      const sending = await this.#leading(rest, undefined);
      if (sending === undefined || group.external) {
        return await this.#rows.setGroup(group.key, rest);
      }
      const ensured = await this.#remote.ensure(
        rest,
        { ...sending, group: group.key },
        signal,
      );
      const kept = ensured.status === "done" ? ensured.group : rest;
      return await this.#rows.setGroup(group.key, kept);
    }
    const left = await this.#remote.withdraw(rest, signal);
    await this.#rows.setGroup(group.key, left && { ...left, waiting: [] });
    for (const id of group.waiting) {
      const waiting = await this.#rows.document(id);
      if (waiting?.document === undefined) continue;
      const next = { ...waiting, document: waiting.document };
      const joined = await this.#join(
        { ...next, blockedBy: undefined },
        `yara|${id}`,
        { signal },
      );
      await this.#rows.setDocument(id, joined.row);
    }
  }

  async #stopWaiting({ blockedBy, id }: DocumentRow): Promise<void> {
    const group = this.#rows.group(blockedBy);
    if (group === undefined) return;
    const waiting = group.waiting.filter((other) => other !== id);
    await this.#rows.setGroup(group.key, { ...group, waiting });
  }

  /** The document of the owner that was changed last. */
  async #leading(group: GroupRow, next: Sending): Promise<Sending>;
  async #leading(
    group: GroupRow,
    next: Sending | undefined,
  ): Promise<Sending | undefined>;
  async #leading(
    group: GroupRow,
    next: Sending | undefined,
  ): Promise<Sending | undefined> {
    const best = group.owners.toSorted((a, b) =>
      a.version === b.version ? (a.id < b.id ? 1 : -1) : b.version - a.version
    );
    for (const { id } of best) {
      if (id === next?.id) return next;
      const row = await this.#rows.document(id);
      if (row?.document !== undefined) {
        return { ...row, document: row.document };
      }
    }
    return next;
  }

  async #look(
    group: GroupRow,
    next: Sending,
    signal: AbortSignal,
  ): Promise<GroupRow> {
    const { kind, remoteId } = group;
    const list = await this.#sources.id(kind, signal);
    const item = remoteId === undefined
      ? undefined
      : await this.#client.readRule(kind, remoteId, signal);
    if (item === undefined) return { ...group, remoteId: undefined };
    const sending = await this.#leading(withOwner(group, next), next);
    return this.#remote.adoptedAsSent(group, item, { sending, list });
  }

  /** An indicator is deleted of which nothing is remembered but its rule. */
  async #removeUnknown(
    { former }: DocumentEvent,
    signal: AbortSignal,
  ): Promise<KeptDocument> {
    if (former === undefined) return DONE;
    const { sigmaId, ruleNames = [] } = former;
    const group = this.#rows.groups().find((group) =>
      group.kind === former.kind && group.owners.length === 0 &&
      group.enabled &&
      (sigmaId === undefined
        ? sameNames(group.ruleNames ?? [], ruleNames)
        : group.key === `sigma|${sigmaId.toLowerCase()}`)
    );
    if (group === undefined) return DONE;
    const left = await this.#remote.withdraw(group, signal);
    await this.#rows.setGroup(group.key, left);
    return DONE;
  }

  /** A rule that is in our list although nothing is remembered. */
  async adopt(
    kind: GroupRow["kind"],
    item: Item,
    list: string,
  ): Promise<void> {
    const sigmaId = text(item.rule_id) ?? item.id;
    const key = kind === "SigmaRule"
      ? `sigma|${sigmaId.toLowerCase()}`
      : `yara|remote:${item.id}`;
    if (this.#rows.group(key) !== undefined) return;
    await this.#rows.setGroup(key, {
      key,
      kind,
      owners: [],
      remoteId: item.id,
      list,
      enabled: item.enabled === true,
      ruleNames: strings(item.rule_names),
      waiting: [],
    });
  }

  /** Makes rules again whose source list was deleted. */
  async rebuild(kind: GroupRow["kind"], signal: AbortSignal): Promise<void> {
    const list = await this.#sources.id(kind, signal);
    for (const group of this.#rows.groups()) {
      const isLost = group.kind === kind && group.remoteId !== undefined &&
        group.list !== list;
      if (!isLost) continue;
      const sending = await this.#leading(group, undefined);
      if (sending === undefined) {
        await this.#rows.setGroup(group.key, undefined);
        continue;
      }
      try {
        const joined = await this.#join(sending, group.key, { signal });
        await this.#rows.setDocument(sending.id, joined.row);
      } catch (error) {
        if (!(error instanceof RejectedError)) throw error;
        this.#log.warn("a rule is not taken again", {
          kind,
          indicator: sending.document.props.name,
          reason: error.message,
        });
        await this.#rows.setGroup(group.key, {
          ...group,
          remoteId: undefined,
        });
      }
    }
  }
}

function withOwner(group: GroupRow, { id, version }: DocumentRow): GroupRow {
  const others = group.owners.filter((owner) => owner.id !== id);
  return { ...group, owners: [...others, { id, version }] };
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join() === right.toSorted().join();
}

function engineRefuses(problem: string): KeptDocument {
  return {
    status: "rejected",
    reason: `HarfangLab has stored the rule, but its engine refuses it: ` +
      problem,
    httpStatus: undefined,
  };
}

function conflict(item: Item): RejectedError {
  return new RejectedError(
    `HarfangLab takes it for the rule "${item.id}", which cannot be changed`,
    { status: 400 },
  );
}
