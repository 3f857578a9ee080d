/** Removes rules that no object asks for, by the keys of holdings. */
import { RejectedError, TransientError } from "../../errors.ts";
import type { Holding, Outcome } from "../target.ts";
import type { Batches, TargetParts } from "./batches.ts";
import { holdingKey, KIND_WORDS } from "./holding.ts";
import { iocKey } from "./ioc_values.ts";

/** Whatever is remembered of who asks for a rule is wrong, and forgotten. */
export class Removal {
  readonly #parts: TargetParts;
  readonly #batches: Batches;

  constructor(parts: TargetParts, batches: Batches) {
    this.#parts = parts;
    this.#batches = batches;
  }

  /** One holding: deleted, or disabled where that is set. */
  async remove(
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
    const kept = await iocs.keep(page, key, {
      signal,
      marked: new Set(),
      distrust: true,
    });
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
