/** Brings Sigma rules and YARA files in line with their indicators. */
import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { strings, text } from "../../stix/object.ts";
import type { Item } from "./answers.ts";
import {
  DocumentGroups,
  engineRefuses,
  type GroupParts,
  type KeptDocument,
} from "./document_groups.ts";
import type { RemoteDocuments, Sending } from "./document_remote.ts";
import type { DocumentRow, DocumentRows, GroupRow } from "./document_rows.ts";
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

const DONE: KeptDocument = { status: "done" };

/**
 * One step at a time: which rule of the console an indicator is about shows
 * only when it is sent. A rule stands for every indicator of the same Sigma id,
 * or of the same YARA file, and has the content of the one changed last.
 */
export class DocumentKeeper {
  readonly #rows: DocumentRows;
  readonly #remote: RemoteDocuments;
  readonly #groups: DocumentGroups;
  readonly #sources: SourceLists;
  readonly #log: Log;
  readonly #now: () => number;

  constructor(parts: GroupParts & { now: () => number }) {
    this.#rows = parts.rows;
    this.#remote = parts.remote;
    this.#groups = new DocumentGroups(parts);
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
        await this.#note(row, { id, version }, undefined);
        if (row !== undefined) await this.#forget(row, signal);
        await this.#groups.leave(row, signal);
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
    const isOther = row?.intended !== undefined && row.intended.group !== group;
    if (isOther) await this.#forget(row!, signal);
    await this.#note(row, next, group);
    const joined = await this.#groups.join(next, group, { signal, distrust });
    if (row?.group !== undefined && row.group !== joined.row.group) {
      await this.#groups.leave(row, signal);
    } else if (row?.blockedBy !== undefined) {
      await this.#groups.stopWaiting(row);
    }
    await this.#rows.setDocument(next.id, joined.row);
    return joined.kept;
  }

  /** Removes a rule that a crash may have left, and that nobody asks for. */
  async #forget(
    { id, version, intended }: DocumentRow,
    signal: AbortSignal,
  ): Promise<void> {
    if (intended === undefined) return;
    const { group: key, document } = intended;
    const { kind } = document;
    const sending = { id, version, document, group: key };
    const item = await this.#remote.find(sending, signal);
    if (item === undefined) return;
    const isHeld = this.#rows.groups().some((group) =>
      group.kind === kind && group.remoteId === item.id &&
      group.owners.length > 0
    );
    if (isHeld) return;
    const left = await this.#remote.withdraw({
      key,
      kind,
      owners: [],
      remoteId: item.id,
      list: await this.#sources.id(kind, signal),
      enabled: item.enabled === true,
      waiting: [],
    }, signal);
    await this.#rows.setGroup(key, left);
  }

  /**
   * Commits what is about to be done, so that a crash is known afterwards.
   */
  async #note(
    row: DocumentRow | undefined,
    next: Sending | DocumentRow,
    key: string | undefined,
  ): Promise<void> {
    const group = this.#rows.group(key);
    const { document } = next;
    const isOwner = group?.owners.some(({ id }) => id === next.id) === true;
    const isSame = document !== undefined && isOwner && row?.group === key &&
      this.#remote.isInLine(group!, { ...next, document });
    if (isSame) return;
    for (const name of new Set([row?.group, key])) {
      await this.#rows.doubtGroup(name);
    }
    if (document !== undefined && key !== undefined) {
      const before = row ?? { id: next.id, version: 0 };
      const intended = { group: key, document };
      await this.#rows.setDocument(next.id, { ...before, intended });
    }
    await this.#rows.flush();
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
      const sending = await this.#groups.leading(group, undefined);
      if (sending === undefined) {
        await this.#rows.setGroup(group.key, undefined);
        continue;
      }
      try {
        const joined = await this.#groups.join(sending, group.key, { signal });
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

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join() === right.toSorted().join();
}
