import { type BackoffOptions, DEFAULT_BACKOFF } from "./backoff.ts";
import type { RelayConfig, TargetConfig } from "./config/load.ts";
import { proxyFor } from "./config/proxy.ts";
import { startOf } from "./config/start.ts";
import { ConfigError } from "./errors.ts";
import type { Endpoint, HttpClient } from "./http/client.ts";
import { createHttpClient } from "./http/create_client.ts";
import type { Log } from "./observability/log.ts";
import { TargetStats } from "./observability/target_stats.ts";
import { hasCapability } from "./opencti/capability.ts";
import { PlatformClient } from "./opencti/client.ts";
import type { Position } from "./opencti/event.ts";
import type { RegistrationMemory } from "./opencti/registration.ts";
import { type StreamScope, streamScope } from "./opencti/scope.ts";
import type { StreamOptions } from "./opencti/stream_options.ts";
import type { BatchLimits } from "./pipeline/batch.ts";
import { createFilter } from "./filter/mod.ts";
import { DeleteBudget } from "./pipeline/delete_budget.ts";
import { follow } from "./pipeline/follow.ts";
import type { TargetPlace } from "./pipeline/perform_task.ts";
import { type PipelineSignals, retryTransient } from "./pipeline/pipeline.ts";
import { TaskDesk } from "./pipeline/task_desk.ts";
import type { RelayState } from "./state/open_state.ts";
import type { Target, TargetServices } from "./targets/target.ts";

export { hasCapability } from "./opencti/capability.ts";
export { emptyState } from "./state/empty_state.ts";

/** What the parts of the program are wired with. */
export interface Wiring {
  readonly config: RelayConfig;
  readonly log: Log;
  /** Milliseconds since 1970: what counts as expired. */
  now(): number;
  /** Default 1 s to 60 s; tests are less patient. */
  readonly backoff?: BackoffOptions;
}

/** The clients of one run; closed together. */
export class Clients {
  readonly #open: HttpClient[] = [];
  readonly #proxies: RelayConfig["proxy"];

  constructor({ proxy }: RelayConfig) {
    this.#proxies = proxy;
  }

  /** A client that `close()` closes, by way of the general proxy. */
  http(endpoint: Endpoint): HttpClient {
    const proxy = endpoint.proxy ?? proxyFor(this.#proxies, endpoint.url);
    const client = createHttpClient(
      proxy === undefined ? endpoint : { ...endpoint, proxy },
    );
    this.#open.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#open) client.close();
  }
}

/** The platform's HTTP endpoint, token included. */
export function platformEndpoint({ opencti }: RelayConfig): Endpoint {
  return {
    url: opencti.url,
    headers: { authorization: `Bearer ${opencti.token.reveal()}` },
    tls: opencti.tls,
    ...(opencti.proxy === undefined ? {} : { proxy: opencti.proxy }),
  };
}

/** One configured target with the services it needs. */
export function createTarget(
  { definition, filter, name, settings }: TargetConfig,
  wiring: Wiring,
  services: Pick<TargetServices, "http" | "opencti" | "state">,
): Target {
  return definition.create(settings, {
    name,
    log: wiring.log.with({ target: name }),
    now: wiring.now,
    contents: createFilter(filter, services.opencti, wiring.now).contents,
    ...services,
  });
}

/** How many events, and bytes of their text, a target takes at once. */
export function limitsOf({ definition }: TargetConfig): BatchLimits {
  return { maxEvents: definition.maxBatch, maxBytes: 16 * 1024 * 1024 };
}

/** What of the stream a target reads, and how. */
export async function openSource(
  target: TargetConfig,
  wiring: Wiring,
  { platform, http, once, stats, signal }: {
    platform: PlatformClient;
    http: HttpClient;
    once: boolean;
    stats: TargetStats;
    signal: AbortSignal;
  },
): Promise<{ scope: StreamScope; stream: StreamOptions }> {
  const log = wiring.log.with({ target: target.name });
  const backoff = wiring.backoff ?? DEFAULT_BACKOFF;
  const info = await platform.streamInfo(target.stream.id, signal);
  if (info === undefined) {
    throw new ConfigError(
      `Cannot find the live stream "${target.stream.id}" of target ` +
        `"${target.name}" on OpenCTI: check live_stream_id, and that the ` +
        "token's user may read the stream",
    );
  }
  const scope = streamScope(info.filters, platform, log);
  const stream: StreamOptions = {
    http,
    streamId: target.stream.id,
    listenDelete: target.stream.listenDelete,
    noDependencies: target.stream.noDependencies,
    withInferences: target.stream.withInferences,
    updatesAreUnsure: scope.updatesAreUnsure,
    once,
    log,
    backoff,
    remember: (object) => platform.remember(object),
    platformNow: () => platform.graphql.platformNow(),
    explainRefusal: (abort) => explainRefusal(platform, target, abort),
    watch: {
      connected: (newestId) => {
        stats.connections++;
        stats.newestId = newestId;
        stats.enter("running");
      },
      waiting: (reason) => stats.enter("waiting", reason),
      reached: (id) => {
        stats.startId ??= id;
        stats.reachedId = id;
      },
      gap: () => stats.gaps++,
    },
  };
  return { scope, stream };
}

async function explainRefusal(
  platform: PlatformClient,
  target: TargetConfig,
  signal: AbortSignal,
): Promise<string> {
  const { user, capabilities } = await platform.probe(signal);
  const info = await platform.streamInfo(target.stream.id, signal);
  if (info === undefined) {
    return `the live stream "${target.stream.id}" does not exist, or user ` +
      `"${user}" may not read it`;
  }
  if (!hasCapability(capabilities, "TAXIIAPI")) {
    return `user "${user}" lacks the capability to read streams (TAXIIAPI)`;
  }
  return `user "${user}" is no member of the live stream "${info.name}", or ` +
    "lacks the markings it requires";
}

/** A target with its stream and its part of the state, ready to be run. */
export function targetPlace(
  target: TargetConfig,
  wiring: Wiring,
  { clients, platform, http, state, once, stats }: {
    clients: Clients;
    platform: PlatformClient;
    http: HttpClient;
    state: RelayState;
    once: boolean;
    stats: TargetStats;
  },
): TargetPlace {
  const store = state.target<Position>(target.name);
  return {
    name: target.name,
    startFrom: (platformNow) => startOf(target, platformNow),
    recover: target.stream.recover,
    openSource: (signal) =>
      openSource(target, wiring, { platform, http, once, stats, signal }),
    createTarget: () =>
      createTarget(target, wiring, {
        http: (endpoint) => clients.http(endpoint),
        opencti: platform,
        state: store.rows,
      }),
    platform,
    store,
    filter: createFilter(target.filter, platform, wiring.now),
    budget: new DeleteBudget(store.budget, target.deleteBudget, wiring.now),
    memory: state.target<RegistrationMemory>(`${target.name}/connector`)
      .checkpoint,
    now: wiring.now,
    followsContents: target.definition.followsContents === true,
    limits: limitsOf(target),
    backoff: wiring.backoff ?? DEFAULT_BACKOFF,
    stats,
    log: wiring.log.with({ target: target.name }),
  };
}

/** Signs of life of a run, for those who watch it. */
export interface RunOptions extends PipelineSignals {
  readonly wiring: Wiring;
  readonly state: RelayState;
  /** End when all that the streams held at connection time is settled. */
  readonly once: boolean;
  readonly stats: readonly TargetStats[];
  /** By target name: where tasks are handed in. */
  readonly desks?: ReadonlyMap<string, TaskDesk>;
}

/**
 * Runs every configured target side by side until `stop` is aborted, or with
 * `once` until each stream's end.
 *
 * A target that a person must repair is paused and tried again slowly while
 * others work; if it is the only one, its error is thrown.
 */
export async function runTargets(options: RunOptions): Promise<void> {
  const { wiring, stats, stop } = options;
  const { config, log } = wiring;
  const clients = new Clients(config);
  // A bug in one target ends them all.
  const failure = new AbortController();
  const signals: PipelineSignals = {
    stop: AbortSignal.any([stop, failure.signal]),
    abort: AbortSignal.any([options.abort, failure.signal]),
  };
  try {
    const http = clients.http(platformEndpoint(config));
    const platform = new PlatformClient(http, {
      url: config.opencti.externalUrl,
      log,
    });
    // Tasks are done meanwhile: the platform may be down for long.
    const reached = announcePlatform(platform, options, signals.stop);
    reached.catch((error) => failure.abort(error));
    const runs = config.targets.map(async (target, index) => {
      try {
        await follow({
          ...signals,
          ...targetPlace(target, wiring, {
            clients,
            platform,
            http,
            state: options.state,
            once: options.once,
            stats: stats[index] as TargetStats,
          }),
          connector: target.connector,
          desk: options.desks?.get(target.name) ?? new TaskDesk(),
          once: options.once,
          reached,
          maxLetterAgeMs: config.deadLetters.maxAgeMs,
          failFast: options.once || config.targets.length === 1,
        });
      } catch (error) {
        // One target that a person must repair does not end the others.
        if (!(error instanceof ConfigError)) failure.abort(error);
        throw error;
      }
    });
    const results = await Promise.allSettled(runs);
    if (failure.signal.aborted) throw failure.signal.reason;
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } catch (error) {
    if (stop.aborted && error === stop.reason) return;
    throw error;
  } finally {
    clients.close();
  }
}

async function announcePlatform(
  platform: PlatformClient,
  { wiring, stats }: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  const info = await retryTransient(
    () => platform.probe(signal),
    {
      backoff: wiring.backoff ?? DEFAULT_BACKOFF,
      log: wiring.log,
      stats: stats[0] ?? new TargetStats("opencti"),
    },
    signal,
  );
  wiring.log.info("connected to OpenCTI", {
    version: info.version,
    user: info.user,
  });
}
