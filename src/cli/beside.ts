/** One target as a command sees it that only reads, beside a running program. */
import { DEFAULT_BACKOFF } from "../backoff.ts";
import {
  Clients,
  createTarget,
  emptyState,
  openSource,
  platformEndpoint,
  type Wiring,
} from "../app.ts";
import type { RelayConfig, TargetConfig } from "../config/load.ts";
import { patientClient } from "../http/patient_client.ts";
import { TargetStats } from "../observability/target_stats.ts";
import { PlatformClient } from "../opencti/client.ts";
import type { Position } from "../opencti/event.ts";
import type { StreamScope } from "../opencti/scope.ts";
import type { StreamOptions } from "../opencti/stream_options.ts";
import { openStateReadOnly, type ReadOnlyState } from "../state/open_state.ts";
import type { TargetReader } from "../state/target_store.ts";
import type { Target, TargetState } from "../targets/target.ts";

/** A target that nothing was made ready for, and all that can be read of it. */
export interface BesideTarget {
  readonly config: TargetConfig;
  readonly target: Target;
  /** What the program remembers; absent before its first run. */
  readonly reader: TargetReader<Position> | undefined;
}

/** Its stream on the platform. */
export interface BesideStream {
  readonly stream: StreamOptions;
  readonly scope: StreamScope;
  /** JSON text of the filter. */
  readonly filters: string;
}

/**
 * Configuration, platform, targets and state for a command that changes
 * nothing. Requests that meet trouble are sent again, five times in all.
 */
export class Beside {
  readonly platform: PlatformClient;
  readonly wiring: Wiring;
  readonly #clients: Clients;
  readonly #http: ReturnType<Clients["http"]>;
  #state: ReadOnlyState | undefined;

  private constructor(wiring: Wiring, state: ReadOnlyState | undefined) {
    const { config, log } = wiring;
    this.wiring = wiring;
    this.#state = state;
    this.#clients = new Clients(config);
    this.#http = this.#patient(platformEndpoint(config));
    const { externalUrl: url } = config.opencti;
    this.platform = new PlatformClient(this.#http, { url, log });
  }

  /** @throws {ConfigError} The state file cannot be read. */
  static async open(wiring: Wiring): Promise<Beside> {
    return new Beside(wiring, await openStateIfThere(wiring.config));
  }

  /** Looks for a state that was not there, and may have been made since. */
  async findState(): Promise<void> {
    this.#state ??= await openStateIfThere(this.wiring.config);
  }

  target(config: TargetConfig): BesideTarget {
    const reader = this.#state?.target<Position>(config.name);
    const target = createTarget(config, this.wiring, {
      http: (endpoint) => this.#patient(endpoint),
      opencti: this.platform,
      state: reader === undefined ? emptyState() : readOnlyRows(reader),
    });
    return { config, target, reader };
  }

  /** @throws {ConfigError} There is no such stream. */
  async stream(
    config: TargetConfig,
    signal: AbortSignal,
  ): Promise<BesideStream> {
    const { scope, stream } = await openSource(config, this.wiring, {
      platform: this.platform,
      http: this.#http,
      once: true,
      stats: new TargetStats(config.name),
      signal,
    });
    const info = await this.platform.streamInfo(config.stream.id, signal);
    return { scope, stream, filters: info?.filters ?? "" };
  }

  /** True: no run has saved a place in the stream, or it was lost. */
  async isWithoutPosition({ name }: TargetConfig): Promise<boolean> {
    const reader = this.#state?.target<Position>(name);
    return await reader?.checkpoint.load() === undefined;
  }

  async close(): Promise<void> {
    this.#clients.close();
    await this.#state?.close();
  }

  #patient(endpoint: Parameters<Clients["http"]>[0]) {
    const backoff = this.wiring.backoff ?? DEFAULT_BACKOFF;
    return patientClient(this.#clients.http(endpoint), backoff);
  }
}

async function openStateIfThere(
  { state: { path } }: RelayConfig,
): Promise<ReadOnlyState | undefined> {
  const isThere = /^https?:/.test(path) ||
    await Deno.stat(path).then(() => true, () => false);
  return isThere ? await openStateReadOnly(path) : undefined;
}

/** What is staged goes nowhere. */
function readOnlyRows({ rows }: TargetReader<Position>): TargetState {
  return {
    get: (key) => rows.get(key),
    getMany: (keys) => rows.getMany(keys),
    list: (prefix) => rows.list(prefix),
    set: () => {},
    delete: () => {},
    flush: () => Promise.resolve(),
  };
}
