import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { TransientError } from "../errors.ts";
import type { HttpClient, HttpRequest } from "./client.ts";

/** Tries of one request, the first included. */
const TRIES = 5;

/**
 * A client that sends a request again where the far side was in trouble, five
 * times in all, with backoff. For work that only reads.
 */
export function patientClient(
  client: HttpClient,
  backoff: BackoffOptions,
): HttpClient {
  const persist = async <Answer>(
    { signal = new AbortController().signal }: HttpRequest,
    send: () => Promise<Answer>,
  ): Promise<Answer> => {
    for (let tries = 1;; tries++) {
      try {
        return await send();
      } catch (error) {
        const isOver = tries >= TRIES || signal.aborted;
        if (!(error instanceof TransientError) || isOver) throw error;
        const jitterMs = fullJitterMs(tries, backoff);
        await sleep(Math.max(jitterMs, error.retryAfterMs ?? 0), signal);
      }
    }
  };
  return {
    request: (request) => persist(request, () => client.request(request)),
    stream: (request) => persist(request, () => client.stream(request)),
    close: () => client.close(),
  };
}
