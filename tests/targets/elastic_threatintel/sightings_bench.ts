/** What the tests of the sightings poller share: both servers and a state. */
import { createHttpClient } from "../../../src/http/create_client.ts";
import type { Log } from "../../../src/observability/log.ts";
import { PlatformClient } from "../../../src/opencti/client.ts";
import type { SightedSpan } from "../../../src/opencti/sightings.ts";
import {
  type SimulatedElastic,
  startElastic,
} from "../../../src/simulator/elastic/mod.ts";
import {
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import { openState, type RelayState } from "../../../src/state/open_state.ts";
import { internalId, type StixObject } from "../../../src/stix/object.ts";
import { PointInTimeClient } from "../../../src/targets/_elastic/point_in_time.ts";
import {
  pollSightingsOnce,
  type SightingsOptions,
  type SightingsSettings,
} from "../../../src/targets/elastic_threatintel/sightings.ts";
import { indicator } from "../../simulator/opencti/objects.ts";

/** 2026-03-02T10:05:00Z. */
export const START = Date.UTC(2026, 2, 2, 10, 5);
export const MINUTE = 60_000;

export const SETTINGS: SightingsSettings = {
  intervalMs: 5 * MINUTE,
  lookbackMs: 5 * MINUTE,
  alertIndex: ".alerts-security.alerts-*,.siem-signals-*",
  place: { name: "Elastic CTI Cluster", description: "Alerts" },
  confidence: 80,
  feedName: "OpenCTI",
  ownIndices: ["opencti-*"],
};

/** A sighting as the simulated platform holds it. */
export interface Held {
  readonly of: string;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

/** Both servers, a state on disk and the poller between them. */
export interface Bench {
  readonly elastic: SimulatedElastic;
  readonly opencti: SimulatedOpencti;
  readonly logged: string[];
  now: number;
  readonly signal: AbortSignal;
  options(more?: Partial<SightingsOptions>): SightingsOptions;
  /** One round, with settings other than the default. */
  round(settings?: Partial<SightingsSettings>): Promise<void>;
  /** Closes the state and opens it again, as a restart does. */
  restart(): Promise<void>;
  /** Adds an indicator to the platform; its internal id. */
  know(name: string, members?: Record<string, unknown>): string;
  /** Sightings of the platform, by indicator and first moment. */
  sightings(): Held[];
  /** Keys of the poller's rows. */
  rows(): Promise<string[]>;
}

/** Runs a test between both servers; nothing is left behind. */
export async function withBench(
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const clock = { now: START };
  const elastic = await startElastic({ now: () => clock.now });
  const opencti = await startOpencti({ now: () => clock.now });
  const stop = new AbortController();
  const clients = clientsOf({
    elastic: elastic.url,
    apiKey: elastic.apiKey,
    opencti: opencti.url,
    token: opencti.token,
  });
  const path = `${folder}/relay.kv`;
  let state: RelayState = await openState(path);
  const logged: string[] = [];
  const options = (more: Partial<SightingsOptions> = {}) => ({
    elastic: clients.elastic,
    opencti: clients.opencti.sightings,
    state: state.target("soc").rows,
    log: recordingLog(logged),
    now: () => clock.now,
    settings: SETTINGS,
    backoff: { baseMs: 1, maxMs: 10 },
    readBackAfterMs: 1,
    ...more,
  });
  try {
    await test({
      elastic,
      opencti,
      logged,
      get now() {
        return clock.now;
      },
      set now(now) {
        clock.now = now;
      },
      signal: stop.signal,
      options,
      round: (settings) =>
        pollSightingsOnce(
          options({ settings: { ...SETTINGS, ...settings } }),
          stop.signal,
        ),
      restart: async () => {
        await state.close();
        state = await openState(path);
      },
      know: (name, members) => know(opencti, indicator(name, members)),
      sightings: () => heldBy(opencti),
      rows: async () => {
        const keys = [];
        for await (const { key } of options().state.list(["sightings"])) {
          keys.push(key.slice(1).join("/"));
        }
        return keys;
      },
    });
  } finally {
    stop.abort();
    clients.close();
    await state.close();
    await Promise.all([elastic.stop(), opencti.stop()]);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Our clients of both servers. */
export function clientsOf(
  at: { elastic: string; apiKey: string; opencti: string; token: string },
): { elastic: PointInTimeClient; opencti: PlatformClient; close(): void } {
  const elastic = createHttpClient({
    url: at.elastic,
    headers: { authorization: `ApiKey ${at.apiKey}` },
  });
  const opencti = createHttpClient({
    url: at.opencti,
    headers: { authorization: `Bearer ${at.token}` },
  });
  return {
    // Less patient than the client of the program.
    elastic: new PointInTimeClient({
      ...elastic,
      request: (request) => elastic.request({ ...request, timeoutMs: 1000 }),
    }, { url: "hosts", login: "api_key" }),
    opencti: new PlatformClient(opencti, {
      url: at.opencti,
      log: recordingLog([]),
    }),
    close: () => {
      elastic.close();
      opencti.close();
    },
  };
}

/** Adds an object to a platform; its internal id. */
export function know(opencti: SimulatedOpencti, object: StixObject): string {
  const at = opencti.platform.now();
  opencti.platform.apply({ at, op: "create", object });
  return internalId(object);
}

/** The sightings that a platform holds. */
export function heldBy({ platform }: SimulatedOpencti): Held[] {
  return [...platform.objects.all()].flatMap(({ object }) => {
    if (object.type !== "sighting") return [];
    const of = platform.objects.get(`${object.sighting_of_ref}`)?.object.name;
    return [{
      of: `${of}`,
      first: `${object.first_seen}`,
      last: `${object.last_seen}`,
      count: Number(object.count),
    }];
  }).sort((a, b) =>
    a.of === b.of ? (a.first < b.first ? -1 : 1) : a.of < b.of ? -1 : 1
  );
}

/** What an alert says of one match; the indicator's id unless given. */
export interface MatchParts {
  readonly id?: string | readonly string[];
  readonly field?: string;
  readonly value?: string;
  readonly feed?: string;
  readonly type?: string;
  readonly index?: string;
  readonly document?: string;
}

/** An alert of 8.x, written at `at`, of an event at `seenAt`. */
export function alertOf(
  { at, seenAt = at, matches }: {
    at: number;
    seenAt?: number;
    matches: readonly MatchParts[];
  },
): Record<string, unknown> {
  return {
    "@timestamp": new Date(at).toISOString(),
    "kibana.alert.original_time": new Date(seenAt).toISOString(),
    "kibana.alert.rule.type": "threat_match",
    threat: {
      enrichments: matches.map((match) => ({
        feed: { name: match.feed ?? "OpenCTI" },
        indicator: {
          ...(match.id === undefined ? {} : { id: match.id }),
          type: match.type ?? "domain-name",
        },
        matched: {
          atomic: match.value ?? "value",
          field: match.field ?? "url.domain",
          id: match.document ?? "0123456789abcdef",
          index: match.index ?? "logs-ti_custom_opencti.indicator",
          type: "indicator_match_rule",
        },
      })),
    },
  };
}

/** ISO text of a moment. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** Sum of the counts. */
export function total(spans: readonly Pick<SightedSpan, "count">[]): number {
  return spans.reduce((sum, { count }) => sum + count, 0);
}

function recordingLog(logged: string[]): Log {
  const at = (level: string) => (message: string, fields: object = {}) => {
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log: Log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: () => log,
  };
  return log;
}
