/** What these indices hold of ours, and how it is put right. */
import type { StreamEvent } from "../../opencti/event.ts";
import {
  internalId,
  isRecord,
  OCTI_EXTENSION,
  text,
} from "../../stix/object.ts";
import type { Json } from "../_elastic/document.ts";
import {
  type DocumentScope,
  HeldDocuments,
  type InventoryOptions,
  wantedDocuments,
} from "../_elastic/held_documents.ts";
import type {
  Holding,
  HoldingKey,
  Inventory,
  ObjectTypes,
  Outcome,
} from "../target.ts";
import type { IndexScope } from "./index_state.ts";
import type { EntityPlan } from "./mapping.ts";
import { entityOf } from "./writer.ts";

/** What the inventory works with. */
export interface ThreatintelInventoryOptions
  extends InventoryOptions<EntityPlan> {
  readonly indices: IndexScope;
}

/** Documents behind one pattern. */
export class ThreatintelInventory implements Inventory {
  readonly types: ObjectTypes | "whole-stream";
  readonly #options: ThreatintelInventoryOptions;
  readonly #documents: HeldDocuments;

  constructor(options: ThreatintelInventoryOptions) {
    this.#options = options;
    // Raw STIX is written of everything that the stream carries.
    this.types = options.indices.hasEntityFields
      ? { entities: ["Indicator"], relationships: [] }
      : "whole-stream";
    const scope = scopeOf(options.indices);
    this.#documents = new HeldDocuments({ ...options, scope });
  }

  async wanted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Holding[][]> {
    const plans = await this.#options.toPlans(events, signal);
    return plans.map((plan) =>
      typeof plan === "string" ? [] : wantedDocuments(plan.documents, nameOf)
    );
  }

  held(signal: AbortSignal): AsyncIterable<Holding> {
    return this.#documents.all(signal);
  }

  find(keys: readonly HoldingKey[], signal: AbortSignal): Promise<Holding[]> {
    return this.#documents.find(keys.map(({ key }) => key), signal);
  }

  async ownerOf(id: string, signal: AbortSignal): Promise<string | undefined> {
    const { elastic, indices: { pattern } } = this.#options;
    await elastic.refresh(pattern, signal);
    const [hit] = await elastic.search(pattern, {
      query: { ids: { values: [id] } },
      size: 1,
      _source: ["opencti.internal_id", "threatintel.opencti.internal_id"],
      track_total_hits: false,
    }, signal);
    return hit === undefined ? undefined : entityOf(hit);
  }

  repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#options.replace(events, signal);
  }

  async remove(
    holdings: readonly Holding[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    await this.#documents.remove(holdings.map(({ key }) => key), signal);
    return holdings.map(() => ({ status: "delivered" }));
  }
}

function scopeOf({ pattern, hasEntityFields }: IndexScope): DocumentScope {
  const fields = hasEntityFields
    // The former connector's, and those that other hands wrote like it.
    ? ["opencti.internal_id", "threatintel.opencti.internal_id"]
    : [`extensions.${OCTI_EXTENSION}.id`, "id"];
  return {
    index: pattern,
    marks: {
      bool: {
        should: fields.map((field) => ({ exists: { field } })),
        minimum_should_match: 1,
      },
    },
    withKeys: (keys) => ({ ids: { values: [...keys] } }),
    // Raw STIX of other hands has other ids than ours.
    keyOf: ({ id, source }) =>
      hasEntityFields || isOwn(id, source) ? id : undefined,
    nameOf,
  };
}

function isOwn(id: string, source: Json): boolean {
  const { id: stixId, type } = source;
  return typeof stixId === "string" && typeof type === "string" &&
    internalId({ ...source, id: stixId, type }) === id;
}

function nameOf({ threat, name, value, id }: Json): string | undefined {
  const indicator = isRecord(threat) ? threat.indicator : undefined;
  const own = isRecord(indicator) ? text(indicator.name) : undefined;
  return own ?? text(name) ?? text(value) ?? text(id);
}
