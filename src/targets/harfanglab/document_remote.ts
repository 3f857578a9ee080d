/** One Sigma rule or YARA file at the console: made, changed, removed. */
import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { strings } from "../../stix/object.ts";
import { type Item, notTaken } from "./answers.ts";
import type { HarfanglabClient } from "./client.ts";
import type { HarfanglabConfig } from "./config.ts";
import {
  adopted,
  hashesOf,
  isSigma,
  problemOf,
  sharesName,
  sigmaIdOf,
} from "./document_content.ts";
import type { DocumentRow, GroupRow } from "./document_rows.ts";
import { DOCUMENT_FIELD_ROWS, missingIn, toMembers } from "./mapping.ts";
import type { SourceLists } from "./sources.ts";
import { disabling, enabling } from "./switch.ts";

/** Which settings matter. */
export type DocumentSettings = Pick<
  HarfanglabConfig,
  "remove_indicator" | "rule_maturity" | "rule_action" | "map_score_to_level"
>;

/** What a rule came to. */
export type Ensured =
  | { readonly status: "done"; readonly group: GroupRow }
  /** There is one already: this. Nothing was done. */
  | { readonly status: "taken"; readonly item: Item; readonly isOurs: boolean }
  /** There is one already, in a place that this token does not see. */
  | { readonly status: "hidden" };

/** A document that is to be at the console. */
export type Sending = DocumentRow & {
  readonly document: NonNullable<DocumentRow["document"]>;
};

/** Calls for one rule, in the order they have to be made. */
export class RemoteDocuments {
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #settings: DocumentSettings;
  readonly #log: Log;

  constructor(
    client: HarfanglabClient,
    sources: SourceLists,
    options: { settings: DocumentSettings; log: Log },
  ) {
    this.#client = client;
    this.#sources = sources;
    this.#settings = options.settings;
    this.#log = options.log;
  }

  /**
   * Brings the rule to what the document says.
   *
   * @throws {RejectedError} The console does not take it.
   */
  async ensure(
    group: GroupRow,
    sending: Sending,
    signal: AbortSignal,
  ): Promise<Ensured> {
    const list = await this.#sources.id(group.kind, signal);
    if (group.remoteId === undefined || group.list !== list) {
      return await this.#create(group, sending, signal);
    }
    const members = this.#members(sending);
    const { content, rest } = hashesOf(members);
    const isSame = group.content === content && group.rest === rest;
    if (isSame && group.enabled) return { status: "done", group };
    const { content: sentContent, ...others } = members;
    let body: Record<string, unknown> = group.content === content
      ? others
      : { ...others, content: sentContent };
    if (!group.enabled) {
      const { kind, remoteId } = group;
      const item = await this.#client.readRule(kind, remoteId, signal);
      if (item === undefined) return await this.#create(group, sending, signal);
      body = { ...body, ...enabling(item, this.#settings.rule_action) };
    }
    const { kind, remoteId } = group;
    const written = await this.#client.updateRule(kind, remoteId, body, signal);
    if (written.status === "absent") {
      return await this.#create(group, sending, signal);
    }
    if (written.status === "duplicate") {
      return await this.#taken(sending, remoteId, signal);
    }
    if (written.status !== "done") throw notTaken(written.status);
    return {
      status: "done",
      group: {
        ...this.#known(group, sending, written.item),
        // The id may be made of the content.
        remoteId: written.item.id,
        list,
      },
    };
  }

  /** True where `ensure()` would find nothing to do. */
  isInLine(group: GroupRow, sending: Sending): boolean {
    const { content, rest } = hashesOf(this.#members(sending));
    return group.remoteId !== undefined && group.enabled &&
      group.list === this.#sources.known(group.kind) &&
      group.content === content && group.rest === rest;
  }

  /** The rule of this document in our list, if there is one. */
  async find(sending: Sending, signal: AbortSignal): Promise<Item | undefined> {
    const list = await this.#sources.id(sending.document.kind, signal);
    return await this.#lookUp(sending, list, signal);
  }

  /** A rule of ours that was found, and how far it is as it should be. */
  adopted(
    group: GroupRow,
    item: Item,
    { sending, list }: { sending: Sending; list: string },
  ): GroupRow {
    return adopted(group, item, { members: this.#members(sending), list });
  }

  /** Deletes or disables the rule; gives what is left to be remembered. */
  async withdraw(
    group: GroupRow,
    signal: AbortSignal,
  ): Promise<GroupRow | undefined> {
    const { kind, remoteId } = group;
    const list = await this.#sources.id(kind, signal);
    if (remoteId === undefined || group.list !== list || group.external) {
      return undefined;
    }
    if (this.#settings.remove_indicator) {
      const { linked } = await this.#client.deleteRule(kind, remoteId, signal);
      if (linked === undefined) return undefined;
      this.#log.warn(
        "HarfangLab needs a rule elsewhere: disabled, not deleted",
        { kind, rule: remoteId, code: linked },
      );
    }
    const left: GroupRow = { ...group, owners: [], enabled: false };
    if (!group.enabled) return left;
    const body = disabling(this.#client.shows.globalState === true);
    const written = await this.#client.updateRule(kind, remoteId, body, signal);
    return written.status === "done" ? left : undefined;
  }

  #members(sending: Sending): Record<string, unknown> {
    const { id, document: { content, props } } = sending;
    const { rule_maturity, map_score_to_level } = this.#settings;
    return toMembers(
      DOCUMENT_FIELD_ROWS,
      { internalId: id, content, props },
      {
        rule_maturity,
        map_score_to_level,
        withReferences: this.#client.shows.references === true,
      },
    );
  }

  async #create(
    group: GroupRow,
    sending: Sending,
    signal: AbortSignal,
    isSecondTry = false,
  ): Promise<Ensured> {
    const { kind } = group;
    const list = await this.#sources.id(kind, signal);
    const { rule_action } = this.#settings;
    const made = await this.#client.createDocument(kind, {
      source_id: list,
      ...this.#members(sending),
      enabled: true,
      ...(rule_action === undefined ? {} : { global_state: rule_action }),
    }, signal);
    switch (made.status) {
      case "created":
        return await this.#readBack(group, { sending, id: made.id, signal });
      case "refused":
        throw new RejectedError(
          `HarfangLab refuses it although it answers 201: ${made.reason}`,
          { status: 201 },
        );
      case "duplicate":
        return await this.#taken(sending, undefined, signal);
      case "no-source":
        if (isSecondTry) throw notTaken(made.status);
        this.#sources.forget(kind, list);
        return await this.#create(group, sending, signal, true);
      default:
        throw notTaken(made.status);
    }
  }

  /** The rule as it is stored: what was ignored, and the engine's errors. */
  async #readBack(
    group: GroupRow,
    { sending, id, signal }: {
      sending: Sending;
      id: string | undefined;
      signal: AbortSignal;
    },
  ): Promise<Ensured> {
    const { kind } = group;
    const list = await this.#sources.id(kind, signal);
    let item = id === undefined
      ? await this.#lookUp(sending, list, signal)
      : await this.#client.readRule(kind, id, signal);
    if (item === undefined) throw notTaken("created, and not found");
    const members = this.#members(sending);
    const missing = missingIn(item, members);
    if (Object.keys(missing).length > 0) {
      const written = await this.#client.updateRule(
        kind,
        item.id,
        missing,
        signal,
      );
      if (written.status === "done") item = { ...item, ...written.item };
      if (item.hl_status !== members.hl_status) {
        this.#log.warn("HarfangLab does not take the maturity of a rule", {
          kind,
          rule: item.id,
          wanted: members.hl_status,
        });
      }
    }
    const known = this.#known(group, sending, item);
    return {
      status: "done",
      group: { ...known, remoteId: item.id, list },
    };
  }

  /** What is remembered after everything was sent. */
  #known(group: GroupRow, sending: Sending, item: Item): GroupRow {
    const warnings = strings(item.warnings);
    if (warnings.length > 0) {
      this.#log.warn("HarfangLab warns of a rule", {
        kind: group.kind,
        rule: item.id,
        warnings: warnings.join("; ").slice(0, 500),
      });
    }
    return {
      ...group,
      enabled: true,
      external: undefined,
      ...hashesOf(this.#members(sending)),
      ruleNames: sending.document.ruleNames,
      problem: problemOf(item),
    };
  }

  /** Finds what stands in the way of a new rule. */
  async #taken(
    sending: Sending,
    except: string | undefined,
    signal: AbortSignal,
  ): Promise<Ensured> {
    const list = await this.#sources.id(sending.document.kind, signal);
    const ours = await this.#lookUp(sending, list, signal, except);
    if (ours !== undefined) {
      return { status: "taken", item: ours, isOurs: true };
    }
    const other = await this.#lookUp(sending, undefined, signal, except);
    return other === undefined
      ? { status: "hidden" }
      : { status: "taken", item: other, isOurs: false };
  }

  /** @param list The source list; in any, where it is not given. */
  async #lookUp(
    { document, group, id }: Sending,
    list: string | undefined,
    signal: AbortSignal,
    except?: string,
  ): Promise<Item | undefined> {
    const { kind, ruleNames = [] } = document;
    const within = list === undefined ? {} : { source_id: list };
    const isIt = kind === "SigmaRule"
      ? (item: Item) => isSigma(item, sigmaIdOf(group))
      : (item: Item) => sharesName(item, ruleNames);
    const name = `${this.#members({ document, group, id, version: 0 }).name}`;
    const queries = kind === "SigmaRule" ? [{ search: sigmaIdOf(group) }] : [
      { name__exact: name },
      ...ruleNames.slice(0, 3).map((rule) => ({
        search: rule,
      })),
    ];
    for (const query of queries) {
      const found = this.#client.findRules(
        kind,
        { ...within, ...query },
        signal,
      );
      for await (const item of found) {
        const isThere = list === undefined || item.source_id === list;
        if (isThere && item.id !== except && isIt(item)) return item;
      }
    }
    return undefined;
  }
}
