/** The rules of the console that indicators are part of. */
import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { Item } from "./answers.ts";
import type { HarfanglabClient } from "./client.ts";
import { holds } from "./document_content.ts";
import type { RemoteDocuments, Sending } from "./document_remote.ts";
import type { DocumentRow, DocumentRows, GroupRow } from "./document_rows.ts";
import type { KeptRule } from "./ioc_rows.ts";
import type { SourceLists } from "./sources.ts";

/** What became of a document. */
export type KeptDocument =
  | KeptRule
  /** It is there, but not by our doing; or cannot be. */
  | { readonly status: "skipped"; readonly reason: string };

const DONE: KeptDocument = { status: "done" };
const EXTERNAL = "HarfangLab has this rule in another source list, which is " +
  "left alone";

/** What the groups of a target work with. */
export interface GroupParts {
  readonly rows: DocumentRows;
  readonly remote: RemoteDocuments;
  readonly client: HarfanglabClient;
  readonly sources: SourceLists;
  readonly log: Log;
}

/** A document as it is remembered, and what is to be told of it. */
export interface Joined {
  readonly row: DocumentRow;
  readonly kept: KeptDocument;
}

/** Joins indicators to rules and takes them out of them. */
export class DocumentGroups {
  readonly #rows: DocumentRows;
  readonly #remote: RemoteDocuments;
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #log: Log;

  constructor(parts: GroupParts) {
    this.#rows = parts.rows;
    this.#remote = parts.remote;
    this.#client = parts.client;
    this.#sources = parts.sources;
    this.#log = parts.log;
  }

  /**
   * Makes the indicator part of a rule, which is brought to what it says.
   *
   * @throws {RejectedError} The console does not take it.
   */
  async join(
    next: Sending,
    key: string,
    { signal, distrust = false }: { signal: AbortSignal; distrust?: boolean },
  ): Promise<Joined> {
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
    const sending = await this.leading(group, next);
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
  ): Promise<Joined> {
    const list = await this.#sources.id(group.kind, signal);
    const holder = this.#rows.groups().find((other) =>
      other.kind === group.kind && other.remoteId === item.id &&
      other.list === list && other.key !== group.key
    );
    const isFree = holder === undefined || holder.owners.length === 0;
    if (isFree || holds(item, group.kind, next.document.content)) {
      const base = holder ?? group;
      const adopted = this.#remote.adopted(
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
  ): Promise<Joined> {
    await this.#rows.setGroup(group.key, group);
    const { problem } = group;
    return {
      row: { ...next, group: group.key, problem },
      kept: problem === undefined ? DONE : engineRefuses(problem),
    };
  }

  /** The indicator takes no part in its rule any more. */
  async leave(
    row: DocumentRow | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (row === undefined) return;
    await this.stopWaiting(row);
    const group = this.#rows.group(row.group);
    if (group === undefined) return;
    const owners = group.owners.filter(({ id }) => id !== row.id);
    const rest = { ...group, owners };
    if (owners.length > 0) {
      const sending = await this.leading(rest, undefined);
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
      const joined = await this.join(
        { ...next, blockedBy: undefined },
        `yara|${id}`,
        { signal },
      );
      await this.#rows.setDocument(id, joined.row);
    }
  }

  /** Another rule stands in its way no more. */
  async stopWaiting({ blockedBy, id }: DocumentRow): Promise<void> {
    const group = this.#rows.group(blockedBy);
    if (group === undefined) return;
    const waiting = group.waiting.filter((other) => other !== id);
    await this.#rows.setGroup(group.key, { ...group, waiting });
  }

  /** The document of the owner that was changed last. */
  async leading(group: GroupRow, next: Sending): Promise<Sending>;
  async leading(
    group: GroupRow,
    next: Sending | undefined,
  ): Promise<Sending | undefined>;
  async leading(
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
    const sending = await this.leading(withOwner(group, next), next);
    const found = this.#remote.adopted(group, item, { sending, list });
    // What we left enabled was switched off by somebody else: it stays so.
    const isTheirs = group.enabled && group.content !== undefined;
    return { ...found, enabled: found.enabled || isTheirs };
  }
}

function withOwner(group: GroupRow, { id, version }: DocumentRow): GroupRow {
  const others = group.owners.filter((owner) => owner.id !== id);
  return { ...group, owners: [...others, { id, version }] };
}

/** The console has the rule, and does not use it. */
export function engineRefuses(problem: string): KeptDocument {
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
