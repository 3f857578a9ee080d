import { seededRandom } from "../random.ts";

/** Which of the simulated servers. */
export type ServerName =
  | "elasticsearch"
  | "kibana"
  | "harfanglab"
  | "misp"
  | "sekoia";

/** What goes wrong with one request. */
export type FaultAction =
  /** An answer instead of the real one; nothing is applied. */
  | {
    readonly do: "status";
    readonly status: number;
    /** Seconds, or a time that is sent as an HTTP date. */
    readonly retryAfter?: number | Date;
    /** In place of the body such a server gives. */
    readonly body?: string;
    readonly contentType?: string;
  }
  /** The connection breaks before anything is applied or answered. */
  | { readonly do: "reset" }
  /** The request is applied, then the connection breaks. */
  | { readonly do: "lose-answer" }
  /** The request is applied, half of the answer arrives. */
  | { readonly do: "cut-answer" }
  /** The request is applied and answered, this much later. */
  | { readonly do: "delay"; readonly ms: number }
  /** Nothing is applied and no answer ever comes. */
  | { readonly do: "hang" };

/** Which requests a fault meets. */
export interface FaultFilter {
  readonly server?: ServerName;
  readonly method?: string;
  /** A part of the path, or a test of it. */
  readonly path?: string | RegExp;
  /** How many it meets. Default 1; `Infinity` for all. */
  readonly times?: number;
  /** How many matching ones are let through first. Default 0. */
  readonly skip?: number;
}

/** A scripted fault. `hits` counts how often it struck. */
export interface Fault {
  hits: number;
  /** Takes the fault away. */
  remove(): void;
}

/** Random trouble, the same for the same numbers. */
export interface Chaos {
  /** Share of the requests that it strikes, 0 to 1. */
  readonly rate: number;
  readonly seed: number;
  readonly server?: ServerName;
  /** Default: 429, 500, 502, 503, resets, lost and cut answers. */
  readonly actions?: readonly FaultAction[];
}

const CHAOS_ACTIONS: readonly FaultAction[] = [
  { do: "status", status: 429, retryAfter: 0 },
  { do: "status", status: 500 },
  { do: "status", status: 502 },
  { do: "status", status: 503 },
  { do: "reset" },
  { do: "lose-answer" },
  { do: "cut-answer" },
];

interface Scripted extends Fault {
  readonly action: FaultAction;
  readonly filter: FaultFilter;
  seen: number;
}

/** The script of what goes wrong at a server, or at several. */
export class Faults {
  readonly #requests = new Set<Scripted>();
  #chaos: (Chaos & { random: () => number }) | undefined;
  /** Requests that chaos struck. */
  chaosHits = 0;

  /** Something that happens to the next matching requests. */
  next(action: FaultAction, filter: FaultFilter = {}): Fault {
    const fault: Scripted = {
      action,
      filter,
      seen: 0,
      hits: 0,
      remove: () => void this.#requests.delete(fault),
    };
    this.#requests.add(fault);
    return fault;
  }

  /** Random trouble until `clear()`; undefined ends it. */
  chaos(chaos: Chaos | undefined): void {
    this.#chaos = chaos && { ...chaos, random: seededRandom(chaos.seed) };
  }

  /** Takes every fault away. */
  clear(): void {
    this.#requests.clear();
    this.#chaos = undefined;
  }

  /** What goes wrong with this request, if anything. */
  take(request: {
    server: ServerName;
    method: string;
    path: string;
  }): FaultAction | undefined {
    for (const fault of this.#requests) {
      if (!meets(fault.filter, request)) continue;
      fault.seen += 1;
      const { skip = 0, times = 1 } = fault.filter;
      if (fault.seen <= skip) continue;
      fault.hits += 1;
      if (fault.hits >= times) this.#requests.delete(fault);
      return fault.action;
    }
    return this.#takeChaos(request.server);
  }

  #takeChaos(server: ServerName): FaultAction | undefined {
    const chaos = this.#chaos;
    if (chaos === undefined || (chaos.server ?? server) !== server) {
      return undefined;
    }
    const [strikes, which] = [chaos.random(), chaos.random()];
    if (strikes >= chaos.rate) return undefined;
    this.chaosHits += 1;
    const actions = chaos.actions ?? CHAOS_ACTIONS;
    return actions[Math.floor(which * actions.length)];
  }
}

function meets(
  filter: FaultFilter,
  { server, method, path }: {
    server: ServerName;
    method: string;
    path: string;
  },
): boolean {
  if (filter.server !== undefined && filter.server !== server) return false;
  if (filter.method !== undefined && filter.method !== method) return false;
  if (filter.path === undefined) return true;
  return typeof filter.path === "string"
    ? path.includes(filter.path)
    : filter.path.test(path);
}
