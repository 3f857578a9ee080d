import { TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { MispClient } from "./client.ts";
import type { LiveEvent } from "./live_event.ts";
import {
  isDivisible,
  type PatchElement,
  takeElements,
  toPatch,
  totalOf,
} from "./patch.ts";
import { MispRefusal } from "./refusal.ts";

/** What all parts of an event share. */
interface PartOptions {
  readonly isNew: boolean;
  readonly signal: AbortSignal;
}

/** What the first part of an event carries beside elements. */
type Head = { readonly uuid: string } & Readonly<Record<string, unknown>>;

/** [MISP] Elements of one call, below the limits of PHP and its proxies. */
const MAX_ELEMENTS = 1_000;
const LEAST_ELEMENTS = 25;
/** Tries of one element that MISP fails at, while all else succeeds. */
const MAX_TRIES = 3;

/**
 * Sends the elements of events in parts that MISP takes: fewer at a time where
 * it fails at many, and without the one element that it fails at alone.
 */
export class PartSender {
  readonly #client: MispClient;
  readonly #log: Log;
  /** Elements of the next call: fewer where MISP fails at that many. */
  #limit = MAX_ELEMENTS;

  constructor(client: MispClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /**
   * Sends all elements, in as many calls as it takes.
   *
   * @param isNew The first call adds the event.
   * @returns The event as it is after that.
   * @throws {MispRefusal} MISP refuses a part, or the event.
   * @throws {TransientError} MISP fails, whatever is sent.
   */
  async send(
    elements: readonly PatchElement[],
    head: Head,
    { isNew, signal }: PartOptions,
  ): Promise<LiveEvent> {
    const { uuid } = head;
    const search = new Search();
    let left = [...elements];
    let answer: LiveEvent | undefined;
    let calls = 0;
    const call = async (taken: readonly PatchElement[], isLast: boolean) => {
      const patch = toPatch(calls === 0 ? head : { uuid }, taken);
      const options = { brief: calls > 0 || !isLast, signal };
      answer = isNew && calls === 0
        ? await this.#client.addEvent(patch, options)
        : await this.#client.editEvent(patch, options);
      calls++;
    };
    do {
      const rest = [...left];
      const taken = takeElements(rest, Math.min(this.#limit, search.limit));
      try {
        await call(taken, rest.length === 0);
        search.succeeded();
        left = rest;
      } catch (error) {
        this.#shrink(error, taken);
        if (isTooMuch(error, taken)) continue;
        const isAlone = taken.length === 1 && isTooLarge(error);
        if (!isAlone) {
          if (!isBroken(error) || !isFew(taken)) throw error;
          // Fails too where MISP fails at everything: then it is waited for.
          await call([], false);
          if (!search.isFound(taken)) continue;
        }
        this.#leaveOut(taken, uuid, error);
        left = rest;
      }
    } while (left.length > 0 || calls === 0);
    this.#limit = Math.min(MAX_ELEMENTS, this.#limit * 2);
    if (calls === 1 && answer !== undefined) return answer;
    const after = await this.#client.readEvent(uuid, signal);
    if (after !== undefined) return after;
    throw new TransientError(
      `Event "${uuid}" was deleted in MISP while it was written`,
    );
  }

  #shrink(error: unknown, taken: readonly PatchElement[]): void {
    const isFailure = error instanceof TransientError &&
      (isTooSlow(error) || (error.status ?? 0) >= 500);
    if (!isFailure && !isTooLarge(error)) return;
    const least = isTooLarge(error) ? 1 : LEAST_ELEMENTS;
    const half = Math.floor(Math.min(totalOf(taken), this.#limit) / 2);
    this.#limit = Math.max(least, half);
  }

  #leaveOut(
    [element]: readonly PatchElement[],
    event: string,
    error: unknown,
  ): void {
    const { uuid, name } = element?.body as { uuid?: string; name?: string };
    this.#log.warn(
      isTooLarge(error)
        ? "an element is too large for MISP and left out"
        : "MISP fails at one element of an event, which is left out",
      {
        event,
        kind: element?.kind,
        ...(uuid === undefined ? { name } : { uuid }),
        ...(error instanceof Error ? { reason: error.message } : {}),
      },
    );
  }
}

/** The way to the one element of a part that MISP fails at. */
class Search {
  /** Elements of the next call. */
  limit = Infinity;
  #tries = 0;

  succeeded(): void {
    this.limit *= 2;
    this.#tries = 0;
  }

  /** Whether it is this one, which MISP failed at now; else it looks closer. */
  isFound(taken: readonly PatchElement[]): boolean {
    this.limit = Math.max(1, Math.floor(totalOf(taken) / 2));
    if (canBeLess(taken)) return false;
    if (++this.#tries < MAX_TRIES) return false;
    this.#tries = 0;
    return true;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof MispRefusal && error.kind === "too-large";
}

function isTooSlow(error: unknown): boolean {
  return error instanceof TransientError &&
    (error.status === 504 || /no complete answer within/.test(error.message));
}

/** [MISP] 500 is an error of its own code; gateways give others. */
function isBroken(error: unknown): boolean {
  return error instanceof TransientError && error.status === 500;
}

function canBeLess(taken: readonly PatchElement[]): boolean {
  return taken.length > 1 || taken.some(isDivisible);
}

function isFew(taken: readonly PatchElement[]): boolean {
  return taken.length > 0 && totalOf(taken) <= LEAST_ELEMENTS;
}

/** Less at a time may succeed at once: what was sent was too much. */
function isTooMuch(error: unknown, taken: readonly PatchElement[]): boolean {
  if (isTooLarge(error)) return canBeLess(taken);
  return isTooSlow(error) && totalOf(taken) > LEAST_ELEMENTS;
}
