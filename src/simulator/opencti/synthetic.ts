import { compareEventIds, type EventId, formatEventId } from "./event_id.ts";
import { OCTI_EXTENSION } from "../../stix/object.ts";
import { derivedId } from "./identifiers.ts";
import type { LogEntry, StreamLog } from "./log.ts";

/** Events that are made when they are read, so that any number costs nothing. */
export interface SyntheticOptions {
  /** How many events. */
  readonly count: number;
  /** Milliseconds since 1970 of the first event. */
  readonly startMs: number;
  /** Events that share one millisecond, from sequence 0. Default 1. */
  readonly perMs?: number;
  /** The bytes of event `n`, counted from 0. Default an indicator. */
  readonly frame?: (n: number, id: EventId) => Uint8Array;
}

/** A stream log computed from an index: the load source of the benchmark. */
export class SyntheticLog implements StreamLog {
  readonly size: number;
  readonly #startMs: number;
  readonly #perMs: number;
  readonly #frame: (n: number, id: EventId) => Uint8Array;

  constructor(options: SyntheticOptions) {
    this.size = options.count;
    this.#startMs = options.startMs;
    this.#perMs = options.perMs ?? 1;
    this.#frame = options.frame ?? syntheticIndicator;
  }

  get firstId(): EventId | undefined {
    return this.size > 0 ? this.idOf(0) : undefined;
  }

  get lastId(): EventId | undefined {
    return this.size > 0 ? this.idOf(this.size - 1) : undefined;
  }

  /** The id of event `n`. */
  idOf(n: number): EventId {
    const ms = this.#startMs + Math.floor(n / this.#perMs);
    return { ms, seq: n % this.#perMs };
  }

  read(after: EventId, limit: number): readonly LogEntry[] {
    const entries: LogEntry[] = [];
    const start = this.#indexAfter(after);
    const end = Math.min(this.size, start + limit);
    for (let n = start; n < end; n++) {
      const id = this.idOf(n);
      const frame = {
        kind: "main" as const,
        event: "create",
        bytes: this.#frame(n, id),
      };
      entries.push({ id, frames: () => [frame] });
    }
    return entries;
  }

  #indexAfter(after: EventId): number {
    if (compareEventIds(after, { ms: this.#startMs, seq: 0 }) < 0) return 0;
    const offset = (after.ms - this.#startMs) * this.#perMs;
    return Math.min(this.size, offset + Math.min(after.seq + 1, this.#perMs));
  }
}

const encoder = new TextEncoder();
const AUTHOR = "identity--ac6f7b3a-7aa5-558d-a1bd-4a4f52840f9e";
const MARKING = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
const USER = derivedId("user", "load");

/**
 * The frame of a small STIX indicator on `<n>.load.example`, created at the
 * time of its id: about 1.3 kB, all ids derived from `n`.
 */
export function syntheticIndicator(n: number, id: EventId): Uint8Array {
  const date = new Date(id.ms).toISOString();
  const until = new Date(id.ms + 90 * 86_400_000).toISOString();
  const hex = n.toString(16).padStart(12, "0");
  const name = `${n}.load.example`;
  return encoder.encode(
    `id: ${formatEventId(id)}\nevent: create\ndata: {"version":"4",` +
      `"type":"create","scope":"external","message":"creates a Indicator ` +
      `\`${name}\`","origin":{"socket":"query","user_id":"${USER}"},` +
      `"data":{"id":"indicator--00000000-0000-5000-8000-${hex}",` +
      `"spec_version":"2.1","type":"indicator","extensions":{` +
      `"${OCTI_EXTENSION}":{"extension_type":"property-extension",` +
      `"id":"00000000-0000-4000-8000-${hex}","type":"Indicator",` +
      `"created_at":"${date}","updated_at":"${date}","is_inferred":false,` +
      `"detection":true,"score":${n % 101},` +
      `"main_observable_type":"Domain-Name","observable_values":[` +
      `{"type":"Domain-Name","value":"${name}"}]}},"created":"${date}",` +
      `"modified":"${date}","revoked":false,"confidence":75,"lang":"en",` +
      `"labels":["load"],"object_marking_refs":["${MARKING}"],` +
      `"created_by_ref":"${AUTHOR}","name":"${name}",` +
      `"pattern":"[domain-name:value = '${name}']","pattern_type":"stix",` +
      `"valid_from":"${date}","valid_until":"${until}"},` +
      `"event_id":"${id.ms}-0"}\n\n`,
  );
}
