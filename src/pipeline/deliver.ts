import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { LoginError, RejectedError, TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { StreamEvent } from "../opencti/event.ts";
import type { Outcome, Target } from "../targets/target.ts";
import { retryReasonOf, retryReasonOfText } from "./retry_reason.ts";

/** An event that the target refused for good. */
export interface RejectedEvent {
  readonly event: StreamEvent;
  readonly reason: string;
  readonly httpStatus: number | undefined;
  readonly attempts: number;
}

/** How deliveries are repeated, and what is told about them. */
export interface DeliverOptions {
  readonly backoff: BackoffOptions;
  /** Ends waiting; a call in hand may finish. */
  readonly stop: AbortSignal;
  /** Ends the call in hand too. */
  readonly abort: AbortSignal;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Why an event stands for one that the filter withheld. */
  withheld?(event: StreamEvent): string | undefined;
  /** Told what became of each event in the end. */
  settled?(event: StreamEvent, outcome: Outcome): void;
}

/** Tries of one bad item before it becomes a dead letter. */
const MAX_TRIES = 3;
/** A refused login: a person must act. */
const PAUSE: BackoffOptions = { baseMs: 60_000, maxMs: 600_000 };

/**
 * Delivers until every event is settled, and returns those the target refused.
 * A target in trouble is waited for without end: nothing is lost, and nothing
 * overtakes, since the next batch comes only after this one.
 *
 * @throws The reason of `stop` or `abort`, when aborted before the end.
 */
export async function deliverAll(
  target: Pick<Target, "deliver">,
  events: readonly StreamEvent[],
  options: DeliverOptions,
): Promise<RejectedEvent[]> {
  const rejected: RejectedEvent[] = [];
  const tries = new Map<StreamEvent, number>();
  let open = events;
  for (let failures = 0; open.length > 0;) {
    const { outcomes, trouble } = await tryOnce(target, open, options);
    const again: StreamEvent[] = [];
    let waitMs = trouble === undefined ? 0 : trouble.afterMs;
    outcomes.forEach((outcome, index) => {
      const event = open[index] as StreamEvent;
      if (outcome.status === "retry") {
        waitMs = Math.max(waitMs ?? 0, outcome.afterMs ?? 0);
        again.push(event);
        return;
      }
      const withheld = options.withheld?.(event);
      if (outcome.status === "rejected") {
        const attempts = (tries.get(event) ?? 0) + 1;
        tries.set(event, attempts);
        if (attempts < MAX_TRIES) {
          again.push(event);
          return;
        }
        rejected.push(toRejected(event, outcome, attempts));
      } else if (withheld !== undefined) options.stats.skip(withheld);
      else if (outcome.status === "skipped") options.stats.skip(outcome.reason);
      else options.stats.delivered++;
      options.settled?.(event, outcome);
    });
    const progressed = again.length < open.length;
    open = again;
    const retried = outcomes.find((outcome) => outcome.status === "retry");
    if (trouble === undefined && retried === undefined) continue;
    failures = progressed ? 1 : failures + 1;
    await waitFor(trouble, retried, { ...options, failures, waitMs });
  }
  return rejected;
}

/** Why a whole call came to nothing. */
interface Trouble {
  readonly error: Error;
  readonly afterMs: number | undefined;
}

async function tryOnce(
  target: Pick<Target, "deliver">,
  events: readonly StreamEvent[],
  options: DeliverOptions,
): Promise<{ outcomes: Outcome[]; trouble?: Trouble }> {
  const { abort, stats } = options;
  const startedAt = performance.now();
  try {
    const outcomes = await target.deliver(events, abort);
    if (outcomes.length !== events.length) {
      throw new Error(
        `target "${stats.name}" gave ${outcomes.length} outcomes for ` +
          `${events.length} events`,
      );
    }
    return { outcomes };
  } catch (error) {
    if (abort.aborted) throw abort.reason;
    if (error instanceof RejectedError && events.length === 1) {
      const { message: reason, status: httpStatus } = error;
      return { outcomes: [{ status: "rejected", reason, httpStatus }] };
    }
    if (error instanceof RejectedError) {
      return await oneByOne(target, events, options);
    }
    const isTrouble = error instanceof TransientError ||
      error instanceof LoginError;
    if (!isTrouble) throw error;
    const afterMs = error instanceof TransientError
      ? error.retryAfterMs
      : undefined;
    const outcomes = events.map((): Outcome => ({
      status: "retry",
      reason: error.message,
    }));
    return { outcomes, trouble: { error, afterMs } };
  } finally {
    stats.alive();
    stats.writeSeconds.observe((performance.now() - startedAt) / 1000);
  }
}

/** The far side refused the whole call: find out which event it means. */
async function oneByOne(
  target: Pick<Target, "deliver">,
  events: readonly StreamEvent[],
  options: DeliverOptions,
): Promise<{ outcomes: Outcome[]; trouble?: Trouble }> {
  const outcomes: Outcome[] = [];
  let trouble: Trouble | undefined;
  for (const event of events) {
    const one = await tryOnce(target, [event], options);
    outcomes.push(...one.outcomes);
    trouble ??= one.trouble;
  }
  return trouble === undefined ? { outcomes } : { outcomes, trouble };
}

function toRejected(
  event: StreamEvent,
  outcome: Extract<Outcome, { status: "rejected" }>,
  attempts: number,
): RejectedEvent {
  const { reason, httpStatus } = outcome;
  return { event, reason, httpStatus, attempts };
}

async function waitFor(
  trouble: Trouble | undefined,
  retried: Outcome | undefined,
  options: DeliverOptions & { failures: number; waitMs: number | undefined },
): Promise<void> {
  const { backoff, failures, log, stats, stop } = options;
  const reason = trouble?.error.message ??
    (retried?.status === "retry" ? retried.reason : "");
  stats.retry(
    trouble === undefined
      ? retryReasonOfText(reason)
      : retryReasonOf(trouble.error),
  );
  const isPaused = trouble?.error instanceof LoginError;
  const jitterMs = fullJitterMs(failures, isPaused ? slow(backoff) : backoff);
  const retryInMs = Math.max(jitterMs, options.waitMs ?? 0);
  stats.enter(isPaused ? "paused" : "waiting", reason);
  if (isPaused) {
    log.error("login refused, target paused", { reason, retryInMs });
  } else log.warn("target in trouble, waiting", { reason, retryInMs });
  await sleep(retryInMs, stop);
  stats.enter("running");
}

/** A test's short backoff shortens the pause too. */
function slow(backoff: BackoffOptions): BackoffOptions {
  return backoff.maxMs < PAUSE.baseMs ? backoff : PAUSE;
}
