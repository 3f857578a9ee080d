import { internalId } from "../../stix/object.ts";
import { type ChaosOptions, Faults } from "./faults.ts";
import { Platform, type PlatformOptions } from "./platform.ts";
import type { Recording } from "./recording.ts";
import { PlatformServer, type RecordedRequest } from "./server.ts";
import type { StreamServerOptions } from "./stream.ts";
import { SyntheticLog, type SyntheticOptions } from "./synthetic.ts";

export type { GraphqlFault, StreamFault } from "./faults.ts";
export { Platform } from "./platform.ts";
export { loadRecording, readRecording } from "./recording.ts";

/** What `startOpencti()` starts. Everything has a default. */
export interface OpenctiOptions
  extends
    Partial<Omit<PlatformOptions, "log" | "firstId">>,
    StreamServerOptions {
  /** Loopback port. Default 0: any free one. */
  readonly port?: number;
  /** A recorded stream to hold from the start. */
  readonly recording?: Recording;
  /** Or events that are made when they are read. */
  readonly generator?: SyntheticOptions;
  /** Faults at random places. */
  readonly chaos?: ChaosOptions;
}

/** A running platform. */
export interface SimulatedOpencti {
  /** Base URL, without trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly streamId: string;
  readonly platform: Platform;
  readonly faults: Faults;
  /** The last 10,000 requests, oldest first. */
  readonly requests: readonly RecordedRequest[];
  /** Ends all streams and connections; leaves nothing open. */
  stop(): Promise<void>;
}

/** Starts a simulated OpenCTI platform on loopback. */
export async function startOpencti(
  options: OpenctiOptions = {},
): Promise<SimulatedOpencti> {
  const platform = new Platform({
    ...options,
    ...preload(options),
    now: options.now ?? Date.now,
  });
  for (const { object, updatedAt } of options.recording?.objects ?? []) {
    platform.objects.put(object, updatedAt);
  }
  const faults = new Faults(options.chaos);
  const server = new PlatformServer(platform, faults, options);
  const port = await server.listen(options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    get token() {
      return platform.token;
    },
    streamId: platform.streamId,
    platform,
    faults,
    requests: server.requests,
    stop: () => server.stop(),
  };
}

/** What the stream holds before the first change. */
function preload(options: OpenctiOptions): Partial<PlatformOptions> {
  const { recording, generator } = options;
  if (recording !== undefined) {
    return {
      log: recording.log,
      ...(recording.firstId === undefined
        ? {}
        : { firstId: recording.firstId }),
      matches: options.matches ??
        ((object) => !recording.hidden.has(internalId(object))),
    };
  }
  return generator === undefined ? {} : { log: new SyntheticLog(generator) };
}
