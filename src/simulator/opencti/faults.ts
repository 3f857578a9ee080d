import { seededRandom } from "../random.ts";

/**
 * How a response stops: the body's regular end, the socket closed in the
 * middle of the body, or the socket reset (RST).
 */
export type Ending = "clean" | "cut" | "reset";

/** Where inside a frame it is cut. A number is a count of bytes. */
export type CutPoint =
  | number
  /** Half of its bytes. */
  | "middle"
  /** Inside the first character of several bytes; waits for a frame with one. */
  | "inside-character"
  /** Between the `id:` line and the next one. */
  | "after-id"
  /** Everything but the LF of the closing blank line. */
  | "before-blank-line"
  /** Before a main frame, after its dependencies; waits for such a one. */
  | "before-main";

/**
 * What goes wrong with one stream response. Frames are counted per response,
 * from 1, heartbeats and `connected` left out.
 */
export type StreamFault =
  /** An answer of a proxy or of the platform in place of the stream. */
  | {
    kind: "status";
    status: number;
    reason?: string;
    headers?: Record<string, string>;
    body?: string;
  }
  /** The answer's headers come late. */
  | { kind: "delay"; ms: number }
  | { kind: "end-after-bytes"; bytes: number; how?: Ending }
  | { kind: "end-after"; frames: number; how?: Ending }
  | { kind: "cut-in-frame"; frame: number; at: CutPoint; how?: Ending }
  /** No bytes after these frames: for a time, or until the client goes. */
  | { kind: "stall-after"; frames: number; ms?: number }
  /** Raw text after these frames (0: right after `connected`). */
  | { kind: "insert-after"; frames: number; text: string }
  /** The last frames of the connections before, once more, first. */
  | { kind: "repeat"; frames: number }
  /** A heartbeat with the group's id between dependencies and main frame. */
  | { kind: "heartbeat-in-groups" }
  | { kind: "byte-chunks" }
  | { kind: "crlf" }
  /** A comment line before every frame. */
  | { kind: "comments" }
  /** A proxy that lets go of what it holds only so often. */
  | { kind: "buffering"; everyMs: number }
  /** Compresses the body, if the client accepts gzip. */
  | { kind: "gzip" };

/** What goes wrong with one GraphQL request. */
export type GraphqlFault =
  | {
    kind: "status";
    status: number;
    headers?: Record<string, string>;
    body?: string;
  }
  /** An error of the platform, in a 200 answer. */
  | { kind: "error"; code: string; message?: string }
  | { kind: "delay"; ms: number }
  /** The work is done, then the socket closes before the answer's body. */
  | { kind: "lost-answer"; afterMs?: number };

/** Faults at random places, the same for the same seed. */
export interface ChaosOptions {
  readonly seed: number;
  /** Probability of a fault per data frame and per request, 0 to 1. */
  readonly rate: number;
  /** Length of a stall. Default 100. */
  readonly stallMs?: number;
}

/** What chaos does to one frame. */
export type FrameChaos =
  | { kind: "cut"; at: number }
  | { kind: "end" }
  | { kind: "stall"; ms: number }
  | { kind: "duplicate" };

interface PlannedGraphqlFault {
  readonly fault: GraphqlFault;
  readonly field: string | undefined;
  left: number;
}

/** The scripted faults of one simulated platform, and what became of them. */
export class Faults {
  #plans: StreamFault[][] = [];
  #always: StreamFault[] = [];
  #graphql: PlannedGraphqlFault[] = [];
  #chaos: ChaosOptions | undefined;
  #streams = 0;
  #graphqlRandom: () => number = () => 1;
  readonly #applied = new Map<string, number>();

  constructor(chaos?: ChaosOptions) {
    this.setChaos(chaos);
  }

  /** Plans faults for one stream response; each call plans the next one. */
  nextStream(...faults: StreamFault[]): void {
    this.#plans.push(faults);
  }

  /** Faults for every stream response from now on. */
  everyStream(...faults: StreamFault[]): void {
    this.#always = faults;
  }

  /**
   * Plans a fault for the next GraphQL requests, or for the next that select
   * this root field.
   */
  graphql(
    fault: GraphqlFault,
    options: { field?: string; times?: number } = {},
  ): void {
    const { field, times = 1 } = options;
    this.#graphql.push({ fault, field, left: times });
  }

  /** Starts, changes or (without options) stops the chaos. */
  setChaos(chaos?: ChaosOptions): void {
    this.#chaos = chaos;
    this.#graphqlRandom = seededRandom((chaos?.seed ?? 0) ^ 0x5eed);
  }

  /** Forgets everything that is planned. */
  clear(): void {
    this.#plans = [];
    this.#always = [];
    this.#graphql = [];
    this.setChaos(undefined);
  }

  /** How often faults of this kind (all kinds) took effect. */
  count(kind?: string): number {
    if (kind !== undefined) return this.#applied.get(kind) ?? 0;
    return [...this.#applied.values()].reduce((sum, n) => sum + n, 0);
  }

  /** Planned stream responses and GraphQL faults that are still to come. */
  get pending(): number {
    return this.#plans.length +
      this.#graphql.reduce((sum, planned) => sum + planned.left, 0);
  }

  /** Notes that a fault took effect. */
  note(kind: string): void {
    this.#applied.set(kind, this.count(kind) + 1);
  }

  /** The faults of the stream response that starts now. */
  takeStream(): StreamPlan {
    const faults = [...this.#always, ...this.#plans.shift() ?? []];
    const chaos = this.#chaos;
    const random = seededRandom((chaos?.seed ?? 0) + this.#streams++ * 7919);
    if (chaos !== undefined && random() < chaos.rate) {
      const status = [500, 502, 503, 429][Math.floor(random() * 4)] ?? 503;
      faults.push({ kind: "status", status, headers: { "retry-after": "0" } });
    }
    return {
      faults,
      chaos: chaos === undefined
        ? undefined
        : (bytes) => frameChaos(chaos, random, bytes),
    };
  }

  /** The fault of the GraphQL request that selects these root fields. */
  takeGraphql(fields: readonly string[]): GraphqlFault | undefined {
    const planned = this.#graphql.find(({ field }) =>
      field === undefined || fields.includes(field)
    );
    if (planned !== undefined) {
      planned.left--;
      this.#graphql = this.#graphql.filter(({ left }) => left > 0);
      return planned.fault;
    }
    if (this.#chaos === undefined) return undefined;
    const random = this.#graphqlRandom;
    if (random() >= this.#chaos.rate) return undefined;
    return GRAPHQL_CHAOS[Math.floor(random() * GRAPHQL_CHAOS.length)];
  }
}

/** The faults of one stream response. */
export interface StreamPlan {
  readonly faults: readonly StreamFault[];
  /** Asked once per data frame, with its size. */
  readonly chaos: ((bytes: number) => FrameChaos | undefined) | undefined;
}

const GRAPHQL_CHAOS: readonly GraphqlFault[] = [
  { kind: "status", status: 503 },
  { kind: "status", status: 429, headers: { "retry-after": "0" } },
  { kind: "error", code: "UNKNOWN_ERROR" },
  { kind: "error", code: "LOCK_ERROR" },
  { kind: "delay", ms: 20 },
  { kind: "lost-answer" },
];

function frameChaos(
  chaos: ChaosOptions,
  random: () => number,
  bytes: number,
): FrameChaos | undefined {
  if (random() >= chaos.rate) return undefined;
  const kinds: readonly FrameChaos[] = [
    { kind: "cut", at: Math.floor(random() * bytes) },
    { kind: "end" },
    { kind: "stall", ms: chaos.stallMs ?? 100 },
    { kind: "duplicate" },
  ];
  return kinds[Math.floor(random() * kinds.length)];
}
