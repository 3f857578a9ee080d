import type { BackoffOptions } from "../backoff.ts";
import type { HttpClient } from "../http/client.ts";
import type { Log } from "../observability/log.ts";
import type { StixObject } from "../stix/object.ts";

/** One live stream and how it is read. */
export interface StreamOptions {
  /** The platform, with the token among its headers. */
  readonly http: HttpClient;
  readonly streamId: string;
  readonly listenDelete: boolean;
  readonly noDependencies: boolean;
  readonly withInferences: boolean;
  /** See `StreamScope.updatesAreUnsure`. */
  readonly updatesAreUnsure: boolean;
  /** End when all that the stream held at connection time was given out. */
  readonly once: boolean;
  readonly log: Log;
  /** Takes objects sent as context: authors, markings. */
  remember(object: StixObject): void;
  /** The platform's clock, milliseconds since 1970. */
  platformNow(): number;
  /** Says why the platform refuses the stream, and what to do. */
  explainRefusal(signal: AbortSignal): Promise<string>;
  /** Told what happens to the connection, for people who watch. */
  readonly watch?: StreamWatcher;
  /** Bytes that one event may have. Default 64 MiB. */
  readonly maxEventBytes?: number;
  /** Silence after which a connection counts as dead. Default 45,000. */
  readonly silenceMs?: number;
  readonly backoff?: BackoffOptions;
}

/** What a person who watches a stream wants to know. */
export interface StreamWatcher {
  /** Connected; the newest id the platform holds, of any kind. */
  connected(newestId: string): void;
  /** Not connected: why, and when it is tried again. */
  waiting(reason: string, ms: number): void;
  /** A data event or a heartbeat with this id was read. */
  reached(id: string): void;
  /** The platform no longer holds what comes after our position. */
  gap(from: string, oldestId: string): void;
  /** The platform refuses to recover this stream from its database. */
  noRecovery?(message: string): void;
}
