import { type Fault, Faults } from "../server/faults.ts";
import type { ItemFault } from "./bulk.ts";
import type { BulkOperation } from "./bulk_request.ts";
import { ElasticError } from "./errors.ts";
import { ITEM_ERRORS, type ItemErrorName } from "./fault_bodies.ts";

/** What happens to single documents of a bulk request. */
export interface ItemFaultOptions {
  /** Which documents. */
  readonly where: (operation: BulkOperation) => boolean;
  /** A usual error by name, or one's own. */
  readonly error?: ItemErrorName | ElasticError;
  /** `used`, `failed` or `not_enabled`: the write looks well but is not. */
  readonly failureStore?: string;
  /** How many items. Default all. */
  readonly times?: number;
}

/** The script of what goes wrong at both servers. */
export class ElasticFaults extends Faults {
  readonly #items = new Set<Fault & ItemFaultOptions>();

  /** Something that happens to documents of bulk requests. */
  items(options: ItemFaultOptions): Fault {
    const fault: Fault & ItemFaultOptions = {
      ...options,
      hits: 0,
      remove: () => void this.#items.delete(fault),
    };
    this.#items.add(fault);
    return fault;
  }

  override clear(): void {
    super.clear();
    this.#items.clear();
  }

  /** What goes wrong with this document, if anything. */
  takeItem(operation: BulkOperation): ItemFault | undefined {
    for (const fault of this.#items) {
      if (!fault.where(operation)) continue;
      fault.hits += 1;
      if (fault.hits >= (fault.times ?? Infinity)) this.#items.delete(fault);
      const { error, failureStore } = fault;
      if (failureStore !== undefined) return { failureStore };
      if (error instanceof ElasticError) return { error };
      return { error: ITEM_ERRORS[error ?? "rejected"](operation) };
    }
    return undefined;
  }
}
