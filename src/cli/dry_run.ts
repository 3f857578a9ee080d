import {
  Clients,
  createTarget,
  emptyState,
  limitsOf,
  openSource,
  platformEndpoint,
  type Wiring,
} from "../app.ts";
import type { TargetConfig } from "../config/load.ts";
import { startOf } from "../config/start.ts";
import { createFilter } from "../filter/mod.ts";
import { TargetStats } from "../observability/target_stats.ts";
import { PlatformClient } from "../opencti/client.ts";
import type { Position } from "../opencti/event.ts";
import { firstPosition, readStream } from "../opencti/stream.ts";
import { inBatches } from "../pipeline/batch.ts";
import { withhold } from "../pipeline/withhold.ts";
import { openStateReadOnly } from "../state/open_state.ts";

/** How a dry run ends and where its lines go. */
export interface DryRunOptions {
  /** End when all that the streams held at connection time was planned. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  /** Takes one JSON line per action. */
  print(line: string): void;
}

/**
 * Reads and maps as `run` would, from the saved position on, and writes
 * nothing anywhere: no target, no OpenCTI, no state.
 */
export async function dryRun(
  wiring: Wiring,
  options: DryRunOptions,
): Promise<void> {
  const clients = new Clients(wiring.config);
  try {
    const http = clients.http(platformEndpoint(wiring.config));
    const platform = new PlatformClient(http, {
      url: wiring.config.opencti.externalUrl,
      log: wiring.log,
    });
    await platform.probe(options.signal);
    await Promise.all(
      wiring.config.targets.map((target) =>
        planTarget(target, wiring, { ...options, clients, http, platform })
      ),
    );
  } finally {
    clients.close();
  }
}

async function planTarget(
  config: TargetConfig,
  wiring: Wiring,
  { clients, http, once, platform, print, signal }: DryRunOptions & {
    clients: Clients;
    http: ReturnType<Clients["http"]>;
    platform: PlatformClient;
  },
): Promise<void> {
  const target = createTarget(config, wiring, {
    http: (endpoint) => clients.http(endpoint),
    opencti: platform,
    state: emptyState(),
  });
  const filter = createFilter(config.filter, platform, wiring.now);
  const stats = new TargetStats(config.name);
  const { scope, stream } = await openSource(config, wiring, {
    platform,
    http,
    once,
    stats,
    signal,
  });
  const platformNow = platform.graphql.platformNow();
  const start = await savedPosition(config, wiring) ?? firstPosition(
    startOf(config, platformNow),
    config.stream.recover,
    platformNow,
  );
  const items = readStream(stream, start, signal);
  for await (const batch of inBatches(items, limitsOf(config))) {
    const outside = await scope.outside(batch.events, signal);
    const inside = batch.events.filter((event) => !outside.has(event));
    for (const { id, reason } of batch.malformed) {
      printAction({ event: id, action: "dead-letter", reason });
    }
    // Nothing is known of what is there: an object that does not match goes.
    const { events, reasons, dropped } = await withhold(
      inside,
      new Map(),
      filter,
      signal,
    );
    for (const [{ id, internalId }, reason] of dropped) {
      printAction({ event: id, object: internalId, action: "skip", reason });
    }
    const withheld = new Map(
      [...reasons.values()].map(({ event, reason }) => [
        event.internalId,
        reason,
      ]),
    );
    for (const action of await target.plan(events, signal)) {
      const reason = withheld.get(action.object);
      printAction(reason === undefined ? action : { ...action, reason });
    }
  }

  function printAction(action: object): void {
    print(JSON.stringify({ target: config.name, ...action }));
  }
}

/** A first run has no state yet. */
async function savedPosition(
  { name }: TargetConfig,
  { config }: Wiring,
): Promise<Position | undefined> {
  const { path } = config.state;
  const isThere = /^https?:/.test(path) ||
    await Deno.stat(path).then(() => true, () => false);
  if (!isThere) return undefined;
  const state = await openStateReadOnly(path);
  try {
    return await state.target<Position>(name).checkpoint.load();
  } finally {
    await state.close();
  }
}
