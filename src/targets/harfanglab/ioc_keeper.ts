/** Brings IOC rules in line with who asks for them. */
import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { type Body, type Item, notTaken } from "./answers.ts";
import type { HarfanglabClient } from "./client.ts";
import type { HarfanglabConfig } from "./config.ts";
import { readComment } from "./comment.ts";
import { findIoc, type FoundIoc, memoryOf, sentHash } from "./ioc_lookup.ts";
import { type IocPage, type KeptRule, wantedIoc } from "./ioc_rows.ts";
import { iocOfKey } from "./ioc_values.ts";
import {
  IOC_FIELD_ROWS,
  missingIn,
  NOBODY,
  type RuleOptions,
  toMembers,
  type WantedIoc,
} from "./mapping.ts";
import type { SourceLists } from "./sources.ts";
import { disabling, enabling } from "./switch.ts";

const DONE: KeptRule = { status: "done" };
/** A hash that releases may refuse: SHA-512. */
const LONG_HASH = /^hash\|[0-9a-f]{128}$/;

/** Which settings matter. */
export type IocSettings = Pick<
  HarfanglabConfig,
  "remove_indicator" | "rule_maturity" | "rule_action" | "map_score_to_level"
>;

/** One step for one rule at a time; a step may be repeated without harm. */
export class IocKeeper {
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #settings: IocSettings;
  readonly #log: Log;
  #warnedOfMaturity = false;

  constructor(
    client: HarfanglabClient,
    sources: SourceLists,
    options: { settings: IocSettings; log: Log },
  ) {
    this.#client = client;
    this.#sources = sources;
    this.#settings = options.settings;
    this.#log = options.log;
  }

  /** True where `keep()` would find nothing to do. */
  #isInLine(page: IocPage, key: string): boolean {
    const { remoteId, sent, more } = page.value(key) ?? {};
    if (more?.doubt) return false;
    const wanted = wantedIoc(page, key);
    if (wanted === undefined) {
      const isOff = !this.#settings.remove_indicator && !more?.enabled;
      return remoteId === undefined || isOff;
    }
    if (wanted.leader.adopted === true) return true;
    if (more?.list !== this.#sources.known("IOCRule")) return false;
    if (more?.refused) return true;
    return remoteId !== undefined && more?.enabled === true &&
      sent === sentHash(this.membersOf(wanted));
  }

  /**
   * Notes in the page which rules are about to be written: the page has to be
   * committed before. A rule that was noted by an earlier life is looked at.
   *
   * @returns Those that are noted only now.
   */
  mark(page: IocPage, keys: Iterable<string>): ReadonlySet<string> {
    const list = this.#sources.known("IOCRule") ?? "";
    const marked = new Set<string>();
    for (const key of keys) {
      const row = page.value(key) ?? { key, owners: [] };
      if (row.more?.doubt || this.#isInLine(page, key)) continue;
      const more = { list, enabled: false, ...row.more, doubt: true as const };
      page.setValue(key, { ...row, more });
      marked.add(key);
    }
    return marked;
  }

  /**
   * Makes, changes, disables or deletes the rule, so that it is as the page
   * says, and notes in the page what is there.
   *
   * @param marked By `mark()`, in this life.
   * @param distrust What is remembered of the rule may be wrong: look at it.
   * @throws {TransientError} To be tried again.
   */
  async keep(
    page: IocPage,
    key: string,
    { signal, marked, distrust = false }: {
      signal: AbortSignal;
      marked: ReadonlySet<string>;
      distrust?: boolean;
    },
  ): Promise<KeptRule> {
    const wanted = wantedIoc(page, key);
    const list = await this.#sources.id("IOCRule", signal);
    const isInDoubt = page.value(key)?.more?.doubt === true &&
      !marked.has(key);
    try {
      if (distrust || isInDoubt) {
        await this.#look(page, key, { list, signal, isInDoubt });
      }
      if (wanted === undefined) await this.#withdraw(page, key, signal);
      else if (wanted.leader.adopted !== true) {
        await this.#write(page, key, { wanted, signal });
      }
      return DONE;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const { more, ...row } = page.value(key) ?? { key, owners: [] };
      if (LONG_HASH.test(key)) {
        // [HarfangLab] Some releases take no SHA-512.
        const refused = { list, enabled: false, refused: true as const };
        page.setValue(key, { ...row, more: refused });
        return DONE;
      }
      if (more !== undefined) {
        const { doubt: _refused, ...sure } = more;
        page.setValue(key, { ...row, more: sure });
      }
      const reason = `IOC rule "${key.slice(0, 200)}": ${error.message}`;
      return { status: "rejected", reason, httpStatus: error.status };
    }
  }

  /** The members that are sent, as this release takes them. */
  membersOf(wanted: WantedIoc): Record<string, unknown> {
    return toMembers(IOC_FIELD_ROWS, wanted, this.#options());
  }

  /** What is remembered of a rule that was found. */
  memoryOf(item: Item, list: string): FoundIoc {
    return memoryOf(item, { list, names: this.membersSent() });
  }

  /** Names of the members that this release is sent. */
  membersSent(): string[] {
    const nobody = { ioc: iocOfKey("|"), leader: NOBODY, stixIds: [] };
    return Object.keys(this.membersOf(nobody));
  }

  #options(): RuleOptions {
    const { rule_maturity, map_score_to_level } = this.#settings;
    const withReferences = this.#client.shows.references === true;
    return { rule_maturity, map_score_to_level, withReferences };
  }

  /** Replaces what is remembered by what is there. */
  async #look(
    page: IocPage,
    key: string,
    { list, signal, isInDoubt }: {
      list: string;
      signal: AbortSignal;
      isInDoubt: boolean;
    },
  ): Promise<void> {
    const item = await findIoc(this.#client, key, { list, signal });
    const { owners = [], remoteId, more } = page.value(key) ?? {};
    if (item === undefined) return page.setValue(key, { key, owners });
    const found = this.memoryOf(item, list);
    // What we left enabled was switched off by somebody else: it stays so.
    const isTheirs = !isInDoubt && remoteId === item.id && more?.enabled;
    const enabled = found.more.enabled || isTheirs === true;
    page.setValue(key, { key, owners, ...found, more: { list, enabled } });
  }

  async #write(
    page: IocPage,
    key: string,
    { wanted, signal }: { wanted: WantedIoc; signal: AbortSignal },
  ): Promise<void> {
    const list = await this.#sources.id("IOCRule", signal);
    const row = page.value(key);
    if (row?.more?.refused && row.more.list === list) return;
    const isThere = row?.remoteId !== undefined && row.more?.list === list;
    if (!isThere) return await this.#create(page, key, { wanted, signal });
    const members = this.membersOf(wanted);
    const sent = sentHash(members);
    if (row.sent === sent && row.more?.enabled) return;
    let body: Body = members;
    if (row.more?.enabled !== true) {
      const item = await this.#client.readRule(
        "IOCRule",
        row.remoteId!,
        signal,
      );
      const action = this.#settings.rule_action;
      if (item !== undefined) body = { ...members, ...enabling(item, action) };
    }
    const id = row.remoteId!;
    const written = await this.#client.updateRule("IOCRule", id, body, signal);
    if (written.status === "done") {
      const more = { list, enabled: true };
      page.setValue(key, { ...row, sent, more });
      return;
    }
    if (written.status !== "absent") throw notTaken(written.status);
    await this.#create(page, key, { wanted, signal });
  }

  async #create(
    page: IocPage,
    key: string,
    { wanted, signal }: { wanted: WantedIoc; signal: AbortSignal },
    isSecondTry = false,
  ): Promise<void> {
    const list = await this.#sources.id("IOCRule", signal);
    const { rule_action } = this.#settings;
    const made = await this.#client.createIocRule({
      source_id: list,
      ...wanted.ioc,
      ...this.membersOf(wanted),
      enabled: true,
      ...(rule_action === undefined ? {} : { global_state: rule_action }),
    }, signal);
    if (made.status === "done") {
      return await this.#complete(page, key, {
        wanted,
        item: made.item,
        signal,
      });
    }
    if (isSecondTry) throw notTaken(made.status);
    if (made.status === "no-source") {
      this.#sources.forget("IOCRule", list);
      return await this.#create(page, key, { wanted, signal }, true);
    }
    if (made.status !== "duplicate") throw notTaken(made.status);
    const item = await findIoc(this.#client, key, { list, signal });
    if (item === undefined) throw notTaken(made.status);
    if (readComment(item.comment) === undefined) {
      this.#log.warn("taking over a rule whose comment names no indicator", {
        rule: item.id,
        value: key.slice(0, 200),
      });
    }
    const { owners = [] } = page.value(key) ?? {};
    page.setValue(key, { key, owners, ...this.memoryOf(item, list) });
    await this.#write(page, key, { wanted, signal });
  }

  /** Releases may ignore a member of a new rule. */
  async #complete(
    page: IocPage,
    key: string,
    { wanted, item, signal }: {
      wanted: WantedIoc;
      item: Item;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const list = await this.#sources.id("IOCRule", signal);
    const members = this.membersOf(wanted);
    const missing = missingIn(item, members);
    if (Object.keys(missing).length > 0) {
      const { id } = item;
      const written = await this.#client.updateRule(
        "IOCRule",
        id,
        missing,
        signal,
      );
      const isIgnored = written.status === "done" &&
        written.item.hl_status !== members.hl_status;
      if (isIgnored && !this.#warnedOfMaturity) {
        this.#warnedOfMaturity = true;
        this.#log.warn("HarfangLab does not take the maturity of rules", {
          wanted: members.hl_status,
        });
      }
    }
    const { owners = [] } = page.value(key) ?? {};
    page.setValue(key, {
      key,
      owners,
      remoteId: item.id,
      sent: sentHash(members),
      more: { list, enabled: true },
    });
  }

  /** Nobody asks for the rule any more. */
  async #withdraw(
    page: IocPage,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const row = page.value(key);
    if (row === undefined) return;
    const list = await this.#sources.id("IOCRule", signal);
    const { owners, remoteId } = row;
    // Relationships of an indicator that gives nothing now may come back.
    const rest = owners.length > 0 ? { key, owners } : undefined;
    if (remoteId === undefined || row.more?.list !== list) {
      return page.setValue(key, rest);
    }
    if (!this.#settings.remove_indicator) {
      return await this.#disable(page, key, { remoteId, list, signal });
    }
    const { linked } = await this.#client.deleteRule(
      "IOCRule",
      remoteId,
      signal,
    );
    if (linked === undefined) return page.setValue(key, rest);
    this.#log.warn("HarfangLab needs a rule elsewhere: disabled, not deleted", {
      rule: remoteId,
      code: linked,
    });
    await this.#disable(page, key, { remoteId, list, signal });
  }

  async #disable(
    page: IocPage,
    key: string,
    { remoteId, list, signal }: {
      remoteId: string;
      list: string;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const row = page.value(key)!;
    if (row.more?.enabled === false) return;
    const body = disabling(this.#client.shows.globalState === true);
    const written = await this.#client.updateRule(
      "IOCRule",
      remoteId,
      body,
      signal,
    );
    const { owners } = row;
    if (written.status === "done") {
      page.setValue(key, { ...row, more: { list, enabled: false } });
    } else page.setValue(key, owners.length > 0 ? { key, owners } : undefined);
  }
}
