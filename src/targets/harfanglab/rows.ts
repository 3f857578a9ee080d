/** All that a target remembers. */
import type { TargetState } from "../target.ts";
import { Ledger } from "../_ioc/ledger.ts";
import { PackedRows } from "../_ioc/packed_rows.ts";
import type { RuleKind } from "./client.ts";
import { DocumentRows } from "./document_rows.ts";
import type { IocLedger } from "./ioc_rows.ts";

/** What the last event of an object left to be done. */
export interface OpenRow {
  /** Keys of IOC rules that are not yet as they should be. */
  readonly keys: readonly string[];
  /** Its Sigma rule or YARA file is not. */
  readonly document?: true;
}

/** The rows of one target. */
export class RelayRows {
  readonly iocs: IocLedger;
  readonly documents: DocumentRows;
  readonly #open: PackedRows<OpenRow>;
  readonly #state: TargetState;

  constructor(state: TargetState) {
    this.#state = state;
    this.iocs = new Ledger(state);
    this.documents = new DocumentRows(state);
    this.#open = new PackedRows(state, ["o"]);
  }

  /** In the order of the ids of the objects. */
  open(ids: readonly string[]): Promise<(OpenRow | undefined)[]> {
    return this.#open.getMany(ids);
  }

  /** Stages what is left to do, by object; nothing left: no row. */
  async setOpen(
    entries: readonly (readonly [id: string, row: OpenRow])[],
  ): Promise<void> {
    const before = await this.open(entries.map(([id]) => id));
    const isLeft = ({ keys, document }: OpenRow) =>
      keys.length > 0 || document === true;
    const changed = entries.filter(([, row], at) =>
      isLeft(row) || before[at] !== undefined
    );
    await this.#open.setMany(
      changed.map(([id, row]) => [id, isLeft(row) ? row : undefined]),
    );
  }

  /** Id of the list that rules of a kind are known to be in. */
  list(kind: RuleKind): Promise<string | undefined> {
    return this.#state.get<string>(["s", kind]);
  }

  /** Commits what is staged, then, with it, the list. */
  async setList(kind: RuleKind, id: string): Promise<void> {
    this.#state.set(["s", kind], id);
    await this.#state.flush();
  }

  /** Commits what is staged. */
  async flush(): Promise<void> {
    await this.#state.flush();
  }
}
