import type { HttpClient } from "../../src/http/client.ts";
import { createHttpClient } from "../../src/http/create_client.ts";
import { silentLog } from "../../src/observability/log.ts";
import { PlatformClient } from "../../src/opencti/client.ts";
import type { Position, StreamItem } from "../../src/opencti/event.ts";
import { readStream } from "../../src/opencti/stream.ts";
import type { StreamOptions } from "../../src/opencti/stream_options.ts";
import {
  type OpenctiOptions,
  type SimulatedOpencti,
  startOpencti,
} from "../../src/simulator/opencti/mod.ts";
import type { StixObject } from "../../src/stix/object.ts";

/** A simulated platform and the program's clients of it. */
export interface TestPlatform {
  readonly simulated: SimulatedOpencti;
  readonly http: HttpClient;
  readonly client: PlatformClient;
  streamOptions(more?: Partial<StreamOptions>): StreamOptions;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts one on loopback; the clock stands unless one is given. */
export async function startPlatform(
  options: OpenctiOptions = {},
): Promise<TestPlatform> {
  const simulated = await startOpencti({ heartbeatMs: 20, ...options });
  const http = createHttpClient({
    url: simulated.url,
    headers: { authorization: `Bearer ${simulated.token}` },
  });
  const log = silentLog();
  const client = new PlatformClient(http, { url: simulated.url, log });
  return {
    simulated,
    http,
    client,
    streamOptions: (more = {}) => ({
      http,
      streamId: simulated.streamId,
      listenDelete: true,
      noDependencies: true,
      withInferences: false,
      updatesAreUnsure: false,
      once: true,
      log,
      remember: (object) => client.remember(object),
      platformNow: () => client.graphql.platformNow(),
      explainRefusal: () => Promise.resolve("refused"),
      backoff: { baseMs: 1, maxMs: 10 },
      ...more,
    }),
    async [Symbol.asyncDispose]() {
      http.close();
      await simulated.stop();
    },
  };
}

/** Reads to the end of what was there. */
export async function readItems(
  options: StreamOptions,
  start: Position,
): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  const signal = AbortSignal.timeout(20_000);
  for await (const item of readStream(options, start, signal)) {
    items.push(item);
  }
  if (signal.aborted) throw new Error("the stream did not end by itself");
  return items;
}

/** What a target holds that applies the items in order: internal id to name. */
export function applied(items: readonly StreamItem[]): Map<string, string> {
  const state = new Map<string, string>();
  for (const item of items) {
    if (item.kind !== "event") continue;
    const { action, internalId, object } = item.event;
    if (action === "delete") state.delete(internalId);
    else state.set(internalId, String(object.name));
  }
  return state;
}

const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

/** An indicator as the platform holds it. */
export function indicator(
  number: number,
  more: Record<string, unknown> = {},
): StixObject {
  const tail = String(number).padStart(12, "0");
  const at = "2026-03-02T09:00:00.000Z";
  return {
    id: `indicator--00000000-0000-5000-8000-${tail}`,
    type: "indicator",
    spec_version: "2.1",
    created: at,
    modified: at,
    revoked: false,
    confidence: 75,
    lang: "en",
    name: `indicator ${number}`,
    pattern: `[domain-name:value = 'host-${number}.example']`,
    pattern_type: "stix",
    valid_from: at,
    extensions: {
      [OCTI]: {
        extension_type: "property-extension",
        id: `00000000-0000-4000-8000-${tail}`,
        type: "Indicator",
        created_at: at,
        updated_at: at,
        is_inferred: false,
        detection: true,
        score: 70,
      },
    },
    ...more,
  };
}
