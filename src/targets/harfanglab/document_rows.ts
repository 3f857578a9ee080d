/** What is remembered of Sigma rules and YARA files. */
import type { TargetState } from "../target.ts";
import { PackedRows } from "../_ioc/packed_rows.ts";
import type { RuleKind } from "./client.ts";
import type { IndicatorProps } from "./mapping.ts";

/** `SigmaRule` or `YaraFile`. */
export type DocumentKind = Exclude<RuleKind, "IOCRule">;

/** The document of one indicator, as of its last event. */
export interface DocumentRow {
  /** Internal id of the indicator. */
  readonly id: string;
  readonly version: number;
  /** Absent once the indicator gives none. */
  readonly document?: {
    readonly kind: DocumentKind;
    readonly content: string;
    readonly ruleNames?: readonly string[] | undefined;
    readonly props: IndicatorProps;
  } | undefined;
  /** Key of the rule that it is part of. */
  readonly group?: string | undefined;
  /** What was about to be sent when a crash came, if one did. */
  readonly intended?: {
    readonly group: string;
    readonly document: NonNullable<DocumentRow["document"]>;
  } | undefined;
  /** Key of the rule that stands in its way. */
  readonly blockedBy?: string | undefined;
  /** What the console's engine has against it. */
  readonly problem?: string | undefined;
  /** When it stopped to give anything, milliseconds since 1970. */
  readonly goneAt?: number | undefined;
}

/** One rule at the console, and the indicators it stands for. */
export interface GroupRow {
  /** `sigma|<id in the document>`, `yara|<internal id of the first>`. */
  readonly key: string;
  readonly kind: DocumentKind;
  readonly owners: readonly { readonly id: string; readonly version: number }[];
  readonly remoteId?: string | undefined;
  /** Id of the source list that it is in. */
  readonly list?: string | undefined;
  readonly enabled: boolean;
  /** It is in a list of others, which is left alone. */
  readonly external?: boolean | undefined;
  /** Hash of the content that was last sent. */
  readonly content?: string | undefined;
  /** Hash of the other members that were last sent. */
  readonly rest?: string | undefined;
  readonly ruleNames?: readonly string[] | undefined;
  /** What the console's engine has against it. */
  readonly problem?: string | undefined;
  /** Internal ids of indicators whose file cannot be beside this one. */
  readonly waiting: readonly string[];
}

/** The rows of one target. Groups are few and small: all are in memory. */
export class DocumentRows {
  readonly #documents: PackedRows<DocumentRow>;
  readonly #stored: PackedRows<GroupRow>;
  readonly #groups = new Map<string, GroupRow>();
  readonly #state: TargetState;
  #isLoaded = false;

  constructor(state: TargetState) {
    this.#state = state;
    this.#documents = new PackedRows(state, ["d"]);
    this.#stored = new PackedRows(state, ["g"]);
  }

  /** Reads the groups, once. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    for await (const group of this.#stored.list()) {
      this.#groups.set(group.key, group);
    }
  }

  /** Every group. */
  groups(): GroupRow[] {
    return [...this.#groups.values()];
  }

  /** One group. */
  group(key: string | undefined): GroupRow | undefined {
    return key === undefined ? undefined : this.#groups.get(key);
  }

  /** Stages a group; without a row it is forgotten. */
  async setGroup(key: string, row: GroupRow | undefined): Promise<void> {
    if (row === undefined) this.#groups.delete(key);
    else this.#groups.set(key, row);
    await this.#stored.setMany([[key, row]]);
  }

  /**
   * Stages that what is remembered of a rule's members counts no more, for a
   * life after this one. This one still knows.
   */
  async doubtGroup(key: string | undefined): Promise<void> {
    const row = this.group(key);
    if (row === undefined) return;
    const unsure = { ...row, content: undefined, rest: undefined };
    await this.#stored.setMany([[row.key, unsure]]);
  }

  /** Documents in the order of the ids. */
  documents(ids: readonly string[]): Promise<(DocumentRow | undefined)[]> {
    return this.#documents.getMany(ids);
  }

  /** The document of one indicator. */
  document(id: string): Promise<DocumentRow | undefined> {
    return this.#documents.get(id);
  }

  /** Stages a document; without a row it is forgotten. */
  async setDocument(id: string, row: DocumentRow | undefined): Promise<void> {
    await this.#documents.setMany([[id, row]]);
  }

  /** Commits what is staged. */
  async flush(): Promise<void> {
    await this.#state.flush();
  }

  /** Every document. */
  allDocuments(): AsyncGenerator<DocumentRow> {
    return this.#documents.list();
  }
}
