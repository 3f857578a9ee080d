import { sleep } from "../backoff.ts";
import { LoginError, RejectedError, TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import { isRecord } from "../stix/object.ts";
import type { Position } from "./event.ts";
import { idAt, idMs, isEventId } from "./event_id.ts";
import { GraphqlClient, GraphqlRefusal } from "./graphql.ts";
import {
  PING,
  PING_LEGACY,
  REGISTER,
  REGISTER_INPUT_FIELDS,
} from "./operations.ts";

/** How one target appears among the platform's connectors. */
export interface ConnectorIdentity {
  /** UUID, unique per target. */
  readonly id: string;
  readonly name: string;
  readonly scope: readonly string[];
}

/** What is remembered of the registration between two runs. */
export interface RegistrationMemory {
  /** The state text pushed last; absent before the first push. */
  readonly pushed?: string;
  /** `connector_state_timestamp`: only a reset on the platform moves it. */
  readonly resetAt?: string;
}

/** What the platform asks for at start. */
export type StartAdvice =
  /** Go on where the local checkpoint says. */
  | { kind: "continue" }
  /** A person reset the connector's state: begin again. */
  | { kind: "reset" }
  /** State of the connector that this program replaces, or edited by hand. */
  | { kind: "adopt"; position: Position };

/** The platform counts a connector as active for 5 minutes after a ping. */
const PING_INTERVAL_MS = 40_000;
/** The Python connectors save heartbeat ids, which may be invented. */
const TAKEOVER_MARGIN_MS = 60_000;

/**
 * Registers one target as a stream connector, so that the platform shows it,
 * and keeps telling the platform that it lives. The platform's copy of the
 * state is for display, reset and takeover: the local checkpoint decides.
 */
export class Registration {
  readonly #graphql: GraphqlClient;
  readonly #identity: ConnectorIdentity;
  readonly #log: Log;
  #memory: RegistrationMemory;
  #legacyPing = false;

  constructor(
    graphql: GraphqlClient,
    identity: ConnectorIdentity,
    options: { memory: RegistrationMemory; log: Log },
  ) {
    this.#graphql = graphql;
    this.#identity = identity;
    this.#memory = options.memory;
    this.#log = options.log;
  }

  /** To be saved with the local state, after each call of the others. */
  get memory(): RegistrationMemory {
    return this.#memory;
  }

  /**
   * Registers and says what to do with the position. Idempotent.
   *
   * @param position The local checkpoint, where there is one.
   */
  async start(
    position: Position | undefined,
    signal: AbortSignal,
  ): Promise<StartAdvice> {
    const stored = await this.#register(signal);
    const found = parseState(stored);
    const { pushed } = this.#memory;
    if (pushed === undefined) {
      return found !== undefined && position === undefined
        ? { kind: "adopt", position: takeover(found) }
        : { kind: "continue" };
    }
    // A reset while we were down: its state is empty, and the first ping is
    // swallowed, so ping once before the stream is opened.
    if (position === undefined) return { kind: "continue" };
    const reset = await this.ping(position, signal);
    if (found === undefined || reset) return { kind: "reset" };
    return stored === pushed
      ? { kind: "continue" }
      : { kind: "adopt", position: takeover(found) };
  }

  /** Tells the platform where we are. True: a person reset the state. */
  async ping(position: Position, signal: AbortSignal): Promise<boolean> {
    const state = toState(position);
    const { connector_state: stored, connector_state_timestamp: resetAt } =
      await this.#sendPing(state, signal);
    const { pushed, resetAt: knownResetAt } = this.#memory;
    const moved = typeof resetAt === "string" && pushed !== undefined &&
      resetAt !== knownResetAt;
    const emptied = pushed !== undefined && stored !== state &&
      parseState(stored) === undefined;
    this.#memory = {
      pushed: state,
      ...(typeof resetAt === "string" ? { resetAt } : {}),
    };
    return moved || emptied;
  }

  /**
   * Pings every 40 s until `signal` is aborted. A failed ping is logged and
   * disturbs nothing: the stream goes on without.
   *
   * @param position Where the target is now.
   * @param onPing Told after each ping whether the state was reset.
   */
  async keepAlive(
    position: () => Position,
    onPing: (reset: boolean) => Promise<void>,
    { signal, intervalMs = PING_INTERVAL_MS }: {
      signal: AbortSignal;
      intervalMs?: number;
    },
  ): Promise<void> {
    while (!signal.aborted) {
      await sleep(intervalMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await onPing(await this.ping(position(), signal));
      } catch (error) {
        if (signal.aborted) return;
        if (!isExpected(error)) throw error;
        this.#log.warn("cannot ping OpenCTI", { reason: error.message });
      }
    }
  }

  async #register(signal: AbortSignal): Promise<unknown> {
    const known = await this.#inputFields(signal);
    const input: Record<string, unknown> = {
      id: this.#identity.id,
      name: this.#identity.name,
      type: "STREAM",
      scope: this.#identity.scope,
    };
    const optional = {
      auto: false,
      only_contextual: false,
      playbook_compatible: false,
    };
    for (const [name, value] of Object.entries(optional)) {
      if (known.has(name)) input[name] = value;
    }
    const { registerConnector } = await this.#graphql.query<{
      registerConnector: { connector_state?: string | null } | null;
    }>(REGISTER, { input }, signal);
    return registerConnector?.connector_state;
  }

  async #inputFields(signal: AbortSignal): Promise<Set<string>> {
    const { __type } = await this.#graphql.query<{
      __type: { inputFields: { name: string }[] } | null;
    }>(REGISTER_INPUT_FIELDS, {}, signal);
    return new Set((__type?.inputFields ?? []).map(({ name }) => name));
  }

  async #sendPing(state: string, signal: AbortSignal): Promise<Pong> {
    const { id } = this.#identity;
    try {
      const { pingConnector } = this.#legacyPing
        ? await this.#graphql.query<Ping>(PING_LEGACY, { id, state }, signal)
        : await this.#graphql.query<Ping>(
          PING,
          { id, state, info: PING_INFO },
          signal,
        );
      return pingConnector ?? {};
    } catch (error) {
      if (!(error instanceof GraphqlRefusal)) throw error;
      if (!this.#legacyPing && isSchemaMismatch(error)) {
        this.#legacyPing = true;
        return await this.#sendPing(state, signal);
      }
      // Deleted on the platform's screen: it is there again, state kept here.
      this.#log.warn("OpenCTI no longer knows this connector: registering", {
        reason: error.message,
      });
      await this.#register(signal);
      return { connector_state: state };
    }
  }
}

interface Pong {
  readonly connector_state?: string | null;
  readonly connector_state_timestamp?: string | null;
}

interface Ping {
  readonly pingConnector: Pong | null;
}

const PING_INFO = {
  run_and_terminate: false,
  buffering: false,
  queue_threshold: 0,
  queue_messages_size: 0,
};

function isSchemaMismatch(error: GraphqlRefusal): boolean {
  return error.code === "GRAPHQL_VALIDATION_FAILED" ||
    error.code === "BAD_USER_INPUT";
}

function isExpected(error: unknown): error is Error {
  return error instanceof TransientError || error instanceof RejectedError ||
    error instanceof LoginError;
}

/** The state as the Python connectors write it: `start_from`, `recover_until`. */
function toState({ from, recoverUntil }: Position): string {
  return JSON.stringify({
    start_from: from,
    ...(recoverUntil === undefined ? {} : { recover_until: recoverUntil }),
  });
}

/** `null`, "", "null" and text that is no such object all mean: no state. */
function parseState(state: unknown): Position | undefined {
  if (typeof state !== "string") return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(state);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { start_from: from, recover_until: until } = parsed;
  if (typeof from !== "string" || !isEventId(from)) return undefined;
  return typeof until === "string" && Date.parse(until) > idMs(from)
    ? { from, recoverUntil: new Date(until).toISOString() }
    : { from };
}

function takeover({ from, ...rest }: Position): Position {
  return { ...rest, from: idAt(idMs(from), -TAKEOVER_MARGIN_MS) };
}
