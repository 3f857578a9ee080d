import type { z } from "zod";
import type { Endpoint, HttpClient } from "../http/client.ts";
import type { Log } from "../observability/log.ts";
import type { OpenctiClient } from "../opencti/client.ts";
import type { StreamEvent } from "../opencti/event.ts";
import type { StixObject } from "../stix/object.ts";

/** What became of one event at one target. */
export type Outcome =
  /** The far side has it, or holds something newer. */
  | { status: "delivered" }
  /**
   * Nothing to do at this target, for a reason an analyst understands: the far
   * side does not hold the object, or no longer.
   */
  | { status: "skipped"; reason: string }
  /** The far side refuses it. Tried 3 times in all, then a dead letter. */
  | { status: "rejected"; reason: string; httpStatus?: number | undefined }
  /** The far side could not take it now. Tried again without end. */
  | { status: "retry"; reason: string; afterMs?: number | undefined };

/** One write that `deliver()` would do, for `--dry-run` and `convert`. */
export interface PlannedAction {
  /** SSE id of the event it comes from. */
  readonly event: string;
  /** Internal id of the object. */
  readonly object: string;
  readonly action: "write" | "delete" | "skip";
  /** Where to: an index, a rule list, a collection. Absent for a skip. */
  readonly to?: string;
  /** Id at the far side, where it is known beforehand. */
  readonly id?: string;
  /** What would be sent. */
  readonly payload?: unknown;
  /** Why nothing would be written. */
  readonly reason?: string;
}

/** One line of `check`. */
export interface CheckResult {
  /** What was looked at: "login", "index rights", "Kibana version". */
  readonly subject: string;
  readonly status: "ok" | "warning" | "failed";
  /** What was found. */
  readonly detail: string;
  /** What a person should do about it; absent for ok. */
  readonly remedy?: string;
}

/** One configured destination, such as one Sekoia.io IOC collection. */
export interface Target {
  /**
   * Makes the far side ready and proves the credentials work. Called once
   * or twice at the start, and again after a failure.
   *
   * @throws {TransientError} It cannot be reached: tried again without end.
   * @throws {LoginError} The credentials are refused.
   * @throws {ConfigError} A person must change a setting.
   */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Applies the events and says what became of each, in the same order.
   * No two concern the same STIX object, so they may be worked on in parallel.
   * Applying an event twice is harmless.
   *
   * @throws {TransientError} None could be applied: all are tried again.
   * @throws {LoginError} The credentials are refused: the target pauses.
   */
  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]>;
  /** What `deliver()` would do, in order. Reads at most, never writes. */
  plan(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<PlannedAction[]>;
  /** Looks at login, rights and versions without changing anything. */
  check(signal: AbortSignal): Promise<CheckResult[]>;
  /**
   * Work that goes on beside the stream, such as removing what expired.
   * Runs after `prepare()` until `signal` is aborted, then resolves.
   * An error it throws is logged and it is started again after a while.
   */
  background?(signal: AbortSignal): Promise<void>;
  /** What the far side holds of ours, for `verify`. */
  readonly inventory?: Inventory;
}

/** One thing at a far side: a document, a rule, an IOC, a MISP event. */
export interface Holding {
  /** In the far side's words: "document", "detection rule", "IOC". */
  readonly kind: string;
  /** Unique within its kind, at most 500 bytes of UTF-8. */
  readonly key: string;
  /**
   * Short text over all that we write of it: equal texts mean that the far
   * side holds what is wanted.
   */
  readonly digest: string;
  /** What an analyst calls it: the value, the title of the rule. */
  readonly name?: string;
  /** Wanted, but not missed: only where it is there it has to look so. */
  readonly optional?: true;
}

/** What tells a holding apart from every other at its far side. */
export type HoldingKey = Pick<Holding, "kind" | "key">;

/** Which objects of the platform a target can have any use for. */
export interface ObjectTypes {
  /**
   * OpenCTI types of entities and observables, abstract ones included:
   * "Indicator", "Stix-Cyber-Observable".
   */
  readonly entities: readonly string[];
  /** Types of relationships, such as "based-on". */
  readonly relationships: readonly string[];
}

/**
 * Both sides of a comparison, and the two ways to repair what differs. A
 * holding that several objects ask for is wanted once by each of them, and is
 * as it should be when it equals one of these.
 */
export interface Inventory {
  /**
   * Nothing is wanted of objects of other types, so that they need not be
   * read. Absent: entities, observables and relationships of any type.
   * "whole-stream": also labels, markings and the like, which OpenCTI gives in
   * no list, so that the stream itself is read from its beginning.
   */
  readonly types?: ObjectTypes | "whole-stream";
  /** What the far side should hold of these objects: one list per event. */
  wanted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<(readonly Holding[])[]>;
  /**
   * Everything at the far side that is ours, in any order, in bounded memory.
   * What others made, or made theirs, is not in it.
   */
  held(signal: AbortSignal): AsyncIterable<Holding>;
  /**
   * Those of `held()` with these keys, in any order, without reading all of
   * them. Absent where the far side cannot be asked so.
   *
   * @param keys A few hundred at most.
   */
  find?(keys: readonly HoldingKey[], signal: AbortSignal): Promise<Holding[]>;
  /**
   * The platform's id of the object that an id of the far side's own belongs
   * to, such as the `_id` of a document; `undefined` for any other text.
   */
  ownerOf?(id: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * As `deliver()`, for objects found missing or different: what is remembered
   * of them is not trusted, what is there is replaced.
   */
  repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]>;
  /** Removes what no object asks for: one outcome each, in order. */
  remove(
    holdings: readonly Holding[],
    signal: AbortSignal,
  ): Promise<Outcome[]>;
}

/** What a target may carry. */
export interface ContentFilter {
  /**
   * Why this object must not reach the target, or `undefined` where it may.
   * The pipeline asks it of every event; a target asks it of what an event's
   * object holds, such as the contents of a report.
   */
  reasonAgainst(
    object: StixObject,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

/**
 * The part of the state file that belongs to one target. What is staged with
 * `set` and `delete` is committed together with the checkpoint of the batch,
 * in one atomic write where the KV's limits allow it (else in several, the
 * checkpoint last). `get` and `list` see what is staged.
 */
export interface TargetState {
  get<Value>(key: StateKey): Promise<Value | undefined>;
  /** Values in the order of the keys. */
  getMany<Value>(keys: readonly StateKey[]): Promise<(Value | undefined)[]>;
  list<Value>(
    prefix: StateKey,
  ): AsyncIterable<{ key: StateKey; value: Value }>;
  /** @throws {RangeError} The value is larger than 64 KiB when serialized. */
  set(key: StateKey, value: unknown): void;
  delete(key: StateKey): void;
  /** Commits what is staged now, without waiting for a checkpoint. */
  flush(): Promise<void>;
}

/** Key below the target's own namespace; at most about 1,900 bytes. */
export type StateKey = readonly (string | number)[];

/** Figures that a target reports of itself, shown beside what is counted. */
export interface Gauges {
  /**
   * @param name `quota_ratio`: used part of what the far side allows, 0 to 1.
   */
  set(name: "quota_ratio", value: number): unknown;
  /** The figure is no longer known. */
  delete(name: "quota_ratio"): unknown;
}

/** All that a target may touch. Tests pass their own. */
export interface TargetServices {
  /** The target's configured name. */
  readonly name: string;
  /** Opens a client for one endpoint; closed by the program, not the target. */
  http(endpoint: Endpoint): HttpClient;
  readonly opencti: OpenctiClient;
  readonly state: TargetState;
  /** What of an event's object may reach this target. */
  readonly contents: ContentFilter;
  /** Where the target reports what only it knows. */
  readonly gauges?: Gauges;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * How a setting was called by the connector that a target replaces.
 * Columns: path in its `config.yml`, environment variable, our key.
 */
export type SeedRow = readonly [path: string, variable: string, key: string];

/** The names of the replaced connector, which keep working. */
export interface SeedNames {
  /** The target exists when one of these variables, or its path, is set. */
  readonly presentWhen: readonly string[];
  readonly rows: readonly SeedRow[];
  /** Defaults of the `connector` block for this target. */
  readonly connector: {
    readonly name: string;
    readonly scope: string;
    readonly liveStreamId?: string;
    readonly noDependencies: boolean;
  };
}

/** A kind of target. A new one is a folder and a line in `targets/mod.ts`. */
export interface TargetDefinition<Config = unknown> {
  /** "elastic-security": config type, metrics label, folder. */
  readonly name: string;
  readonly summary: string;
  /** Events per `deliver()`: many where there is a bulk call, else few. */
  readonly maxBatch: number;
  /**
   * True: changes of objects that do not match the stream's filter, but which
   * a container that matches holds, are delivered too, marked `outside`.
   */
  readonly followsContents?: boolean;
  readonly config: z.ZodType<Config>;
  readonly seed: SeedNames;
  /**
   * What the target alone may write to, in words: 'the list "x" of https://…'.
   * Two targets of one type with the same are refused, since each would undo
   * the other's work. Absent: several may share what they write to.
   */
  identity?(config: Config): string;
  /**
   * SSE id at which a first run begins, where nobody set
   * `live_stream_start_timestamp`. Default: the beginning.
   *
   * @param platformNow Milliseconds since 1970 by the platform's clock.
   */
  firstRunFrom?(config: Config, platformNow: number): string;
  /** No I/O here. */
  create(config: Config, services: TargetServices): Target;
}
