import { detect, type DetectedValue } from "./detect.ts";

/** What may be given with values, under the names of the API. */
export interface Properties {
  readonly description?: string;
  readonly valid_from?: string;
  readonly valid_until?: string;
  readonly kill_chain_phases?: readonly unknown[];
  readonly x_ic_related_threat_refs?: readonly unknown[];
}

/** One value in a collection. */
export interface StoredIndicator {
  readonly id: string;
  readonly value: string;
  readonly type: string;
  readonly pattern: string;
  properties: Properties;
  revoked: boolean;
  /** Milliseconds since 1970; 0 while it is not revoked. */
  revokedAt: number;
  readonly created: string;
  modified: string;
}

/** One collection. */
export interface StoredCollection {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly communityUuid: string;
  readonly availableForSubCommunities: boolean;
  readonly created: string;
  /** By id, in the order of their creation. */
  readonly indicators: Map<string, StoredIndicator>;
  /** Those not revoked, by value; of several the last. */
  readonly active: Map<string, StoredIndicator>;
}

/** What the vendor's documentation leaves open, and tests decide. */
export interface Settings {
  /** Indicators of all collections together. */
  max: number;
  /** Whether revoked indicators count. */
  countsRevoked: boolean;
  /** What a second POST of an active value does. */
  duplicateMode: "same_id" | "new_id" | "ignored";
  /** What a POST of a revoked value does. */
  revokedMode: "new" | "unchanged";
  /** How long text imports take, in real milliseconds. */
  textDelayMs: number;
  /** Phases with more members than the two are taken. */
  toleratesPhaseMembers: boolean;
  /** Every request with phases is refused. */
  refusesPhases: boolean;
  /** Values for which the whole request is refused. */
  readonly refusedValues: Set<string>;
  /** Where `force_deletion` is read. */
  forceIn: "body" | "query" | "both";
  /** Answer to a deletion that comes too early. */
  earlyStatus: number;
}

interface Import {
  readonly dueAt: number;
  readonly collection: StoredCollection;
  readonly values: readonly string[];
  readonly properties: Properties;
}

/** All collections of one community. */
export class Store {
  readonly collections = new Map<string, StoredCollection>();
  readonly settings: Settings = {
    max: 500_000,
    countsRevoked: true,
    duplicateMode: "same_id",
    revokedMode: "new",
    textDelayMs: 0,
    toleratesPhaseMembers: false,
    refusesPhases: false,
    refusedValues: new Set(),
    forceIn: "both",
    earlyStatus: 400,
  };
  readonly #now: () => number;
  #imports: Import[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Names may repeat. */
  createCollection(
    fields: Partial<StoredCollection> & { readonly name: string },
  ): StoredCollection {
    const collection: StoredCollection = {
      id: `ioc-collection--${crypto.randomUUID()}`,
      description: "",
      communityUuid: "9d2c0a55-3b0e-4f0e-8a0c-1f2e3d4c5b6a",
      availableForSubCommunities: false,
      created: this.#time(),
      indicators: new Map(),
      active: new Map(),
      ...fields,
    };
    this.collections.set(collection.id, collection);
    return collection;
  }

  /** Indicators that are not deleted, as the quota counts them. */
  count(): number {
    let count = 0;
    for (const { indicators } of this.collections.values()) {
      for (const { revoked } of indicators.values()) {
        if (!revoked || this.settings.countsRevoked) count++;
      }
    }
    return count;
  }

  /** How many of the values would be new. */
  growth(collection: StoredCollection, values: readonly string[]): number {
    return new Set(values).size -
      [...new Set(values)].filter((value) =>
        collection.active.has(value) &&
        this.settings.duplicateMode !== "new_id"
      ).length;
  }

  /** Nothing for a value that is of no kind, or ignored as a duplicate. */
  add(
    collection: StoredCollection,
    value: string,
    properties: Properties,
  ): StoredIndicator | undefined {
    const found = detect(value);
    if (found === undefined) return undefined;
    const { duplicateMode, revokedMode } = this.settings;
    const active = collection.active.get(value);
    if (active !== undefined && duplicateMode === "ignored") return undefined;
    if (active !== undefined && duplicateMode === "same_id") {
      return this.update(active, properties);
    }
    if (active === undefined && revokedMode === "unchanged") {
      const revoked = collection.indicators.values()
        .find((indicator) => indicator.value === value);
      if (revoked !== undefined) return revoked;
    }
    return this.#insert(collection, value, found, properties);
  }

  #insert(
    collection: StoredCollection,
    value: string,
    { type, pattern }: DetectedValue,
    properties: Properties,
  ): StoredIndicator {
    const indicator: StoredIndicator = {
      id: `indicator--${crypto.randomUUID()}`,
      value,
      type,
      pattern,
      properties,
      revoked: false,
      revokedAt: 0,
      created: this.#time(),
      modified: this.#time(),
    };
    collection.indicators.set(indicator.id, indicator);
    collection.active.set(value, indicator);
    return indicator;
  }

  update(
    indicator: StoredIndicator,
    properties: Properties,
  ): StoredIndicator {
    indicator.properties = { ...indicator.properties, ...properties };
    indicator.modified = this.#time();
    return indicator;
  }

  /** A second time changes nothing. */
  revoke(collection: StoredCollection, indicator: StoredIndicator): void {
    if (indicator.revoked) return;
    const { active } = collection;
    if (active.get(indicator.value) === indicator) {
      active.delete(indicator.value);
    }
    indicator.revoked = true;
    indicator.revokedAt = this.#now();
    indicator.modified = this.#time();
  }

  /** False where it has not been revoked for 24 hours. */
  purge(collection: StoredCollection, indicator: StoredIndicator): boolean {
    const age = this.#now() - indicator.revokedAt;
    if (!indicator.revoked || age < 24 * 3_600_000) return false;
    return collection.indicators.delete(indicator.id);
  }

  /** Takes values in later; see `settle()`. */
  importLater(
    collection: StoredCollection,
    values: readonly string[],
    properties: Properties,
  ): void {
    const dueAt = performance.now() + this.settings.textDelayMs;
    this.#imports.push({ dueAt, collection, values, properties });
    this.settle();
  }

  /** Applies the imports whose time has come. */
  settle(): void {
    const at = performance.now();
    const due = this.#imports.filter(({ dueAt }) => dueAt <= at);
    this.#imports = this.#imports.filter(({ dueAt }) => dueAt > at);
    for (const { collection, values, properties } of due) {
      const room = this.settings.max - this.count();
      if (this.growth(collection, values) > room) continue;
      for (const value of values) this.add(collection, value, properties);
    }
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}
