/** A target of Sekoia.io before its simulated far side, and its events. */
import { openState, type RelayState } from "../../../src/state/open_state.ts";
import {
  type SekoiaOptions,
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { OCTI_EXTENSION, type StixObject } from "../../../src/stix/object.ts";
import { sekoia } from "../../../src/targets/sekoia/mod.ts";
import type { SekoiaTarget } from "../../../src/targets/sekoia/target.ts";
import type { Outcome, TargetState } from "../../../src/targets/target.ts";
import { CAUSES } from "../sample_events.ts";
import { TestServices } from "../services.ts";

/** The platform's URL in descriptions. */
export const OPENCTI = "https://cti.example.org";
/** When the tests begin. */
export const START = Date.parse("2026-02-01T08:00:00.000Z");

/** How a bench differs from the usual. */
export interface BenchOptions extends SekoiaOptions {
  /** Settings of the target. */
  readonly config?: Record<string, unknown>;
  /** State file that outlives the bench; default one in memory. */
  readonly path?: string;
  /** Wraps the state that the target is given. */
  readonly wrap?: (state: TargetState) => TargetState;
  /** Default: a new one. */
  readonly server?: SimulatedSekoia;
  readonly clock?: { at: number };
}

/** One life of the program after another, before one far side. */
export class Bench implements AsyncDisposable {
  readonly server: SimulatedSekoia;
  readonly services: TestServices;
  readonly clock: { at: number };
  readonly signal = new AbortController().signal;
  readonly #options: BenchOptions;
  readonly #state: RelayState;
  target: SekoiaTarget;

  private constructor(
    server: SimulatedSekoia,
    services: TestServices,
    state: RelayState,
    options: BenchOptions & { clock: { at: number } },
  ) {
    this.server = server;
    this.services = services;
    this.#state = state;
    this.#options = options;
    this.clock = options.clock;
    this.target = this.restart();
  }

  /** Prepared, unless `prepare` is false. */
  static async start(
    options: BenchOptions = {},
    { prepare = true } = {},
  ): Promise<Bench> {
    const clock = options.clock ?? { at: START };
    const now = () => clock.at;
    const server = options.server ?? await startSekoia({ now, ...options });
    const services = await TestServices.open(now);
    const state = await openState(options.path ?? ":memory:");
    const bench = new Bench(server, services, state, { ...options, clock });
    if (prepare) await bench.target.prepare(bench.signal);
    return bench;
  }

  get state(): TargetState {
    return this.#state.target("soc").rows;
  }

  /** A new life of the program; nothing but the state is remembered. */
  restart(config: Record<string, unknown> = {}): SekoiaTarget {
    const { wrap = (state: TargetState) => state } = this.#options;
    const { apiKey: apikey, collectionId, url } = this.server;
    const named = { ...this.#options.config, ...config };
    const services = {
      ...this.services.services,
      state: wrap(this.state),
    };
    this.target = sekoia.create(
      sekoia.config.parse({
        url,
        apikey,
        ...("ioc_collection_name" in named
          ? {}
          : { ioc_collection_uuid: collectionId }),
        max_requests_per_second: 1000,
        ...named,
      }),
      services,
    ) as SekoiaTarget;
    return this.target;
  }

  /** As the pipeline: rows are committed once all is settled. */
  async deliver(...events: StreamEvent[]): Promise<Outcome[]> {
    const outcomes = await this.target.deliver(events, this.signal);
    await this.state.flush();
    return outcomes;
  }

  /** The same; what was done over the wire. */
  async calls(...events: StreamEvent[]): Promise<string[]> {
    this.server.requests.clear();
    await this.deliver(...events);
    return this.requests();
  }

  /** `POST {json}`, `DELETE <value>`, `PUT <value> {json}`, `GET <term>`. */
  requests(): string[] {
    return this.server.requests.list.map(({ method, path, query, body }) => {
      const id = decodeURIComponent(path.split("/").at(-1) ?? "");
      const indicator = this.server.collection().indicators.get(id);
      const about = indicator?.value ??
        (method === "GET" ? new URLSearchParams(query).get("term") ?? id : "");
      return [method, about, body].filter((part) => part !== "").join(" ");
    });
  }

  /** Active values of ours, sorted. */
  values(): string[] {
    return this.server.active().map(({ value }) => value).sort();
  }

  /** Values that were revoked, in order of creation. */
  revoked(): string[] {
    return this.server.ours().filter(({ revoked }) => revoked)
      .map(({ value }) => value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state.close();
    await this.services.close();
    if (this.#options.server === undefined) await this.server.stop();
  }
}

/** The platform's id of a test's indicator. */
export function idOf(name: string): string {
  const hex = [...new TextEncoder().encode(name)]
    .map((byte) => byte.toString(16)).join("").slice(0, 12).padStart(12, "0");
  return `0f6d3c1e-8b54-4f0e-9d5f-${hex}`;
}

/** An indicator as the stream has it. */
export function indicator(
  name: string,
  pattern: string,
  members: Record<string, unknown> = {},
  octi: Record<string, unknown> = {},
): StixObject {
  return {
    id: "indicator--77aa1c0e-1111-5222-8333-944455556666",
    type: "indicator",
    spec_version: "2.1",
    name,
    pattern_type: "stix",
    pattern,
    valid_from: "2026-02-01T00:00:00.000Z",
    valid_until: "2026-05-01T00:00:00.000Z",
    revoked: false,
    extensions: {
      // Not the first one: it has to be read by its id.
      "extension-definition--0000": { id: "wrong" },
      [OCTI_EXTENSION]: {
        extension_type: "property-extension",
        id: idOf(name),
        type: "Indicator",
        score: 50,
        ...octi,
      },
    },
    ...members,
  };
}

let sequence = 0;

/** An event, later than all before it. */
export function event(
  action: StreamEvent["action"],
  object: StixObject,
): StreamEvent {
  sequence++;
  const extensions = object.extensions as Record<string, { id: string }>;
  return {
    id: `${START}-${sequence}`,
    version: START * 1000 + sequence,
    action,
    cause: CAUSES[action],
    internalId: extensions[OCTI_EXTENSION]?.id ?? object.id,
    object,
    bytes: 500,
  };
}

/** A pattern of domains. */
export function domains(...names: string[]): string {
  return names.map((name) => `[domain-name:value = '${name}']`).join(" OR ");
}
