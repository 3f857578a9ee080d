/** IOC collections of the Intelligence Center, one method per call. */
import { TransientError } from "../../errors.ts";
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
} from "../../http/client.ts";
import { retryAfterMs } from "../../http/retry_after.ts";
import type { Throttle } from "../_ioc/throttle.ts";
import {
  type Collection,
  isNoCollection,
  isPurged,
  isThere,
  itemsOf,
  recordOf,
  type StoredIndicator,
  toCollection,
  toError,
  toIndicator,
  wrongAddress,
} from "./answers.ts";
import type { Fields } from "./fields.ts";

/** [Sekoia.io] Most values of one request, and items of one page. */
export const PAGE_SIZE = 100;

/** How many indicators there are, and may be. */
export interface Count {
  readonly count: number;
  /** Absent: the server does not say. */
  readonly max: number | undefined;
}

/** What a new collection is made of. */
export interface NewCollection {
  readonly name: string;
  readonly description?: string;
  readonly community_uuid?: string;
  readonly available_for_sub_communities: boolean;
}

/** Nobody's indicator: to change it proves the right and changes nothing. */
const PROBE_ID = "indicator--00000000-0000-4000-8000-000000000000";
/** [Sekoia.io] Waits after a 429 that names none. */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;

/**
 * The `ioc-collections` resource.
 *
 * Every method throws `TransientError` where it cannot be reached or asks to
 * wait, `LoginError` where it refuses the key (401) or lacks a permission
 * (403), `RejectedError` where it refuses what is sent (400, 413, 422), and
 * `ConfigError` where there is no such collection or API.
 */
export class SekoiaClient {
  readonly #http: HttpClient;
  readonly #throttle: Throttle;
  #waits = 0;
  /** Once the body was taken there is no other way. */
  #forcesByBody = false;

  constructor(http: HttpClient, throttle: Throttle) {
    this.#http = http;
    this.#throttle = throttle;
  }

  /** `GET B/{collection}`. Nothing where it is absent. */
  async readCollection(
    id: string,
    signal: AbortSignal,
  ): Promise<Collection | undefined> {
    const answer = await this.#send(
      { path: `/${encodeURIComponent(id)}`, signal },
      [404],
    );
    if (answer.status !== 404) return toCollection(answer.json());
    if (isNoCollection(answer)) return undefined;
    throw wrongAddress(answer);
  }

  /** `GET B`: all collections of exactly this name. */
  async findCollections(
    name: string,
    signal: AbortSignal,
  ): Promise<Collection[]> {
    const found: Collection[] = [];
    for (let offset = 0;; offset += PAGE_SIZE) {
      const answer = await this.#send({
        path: "",
        query: { term: name, limit: PAGE_SIZE, offset },
        signal,
      });
      const items = itemsOf(answer).map(toCollection);
      found.push(...items.filter((item) => item.name === name));
      if (items.length < PAGE_SIZE) return found;
    }
  }

  /** `POST B`. */
  async createCollection(
    collection: NewCollection,
    signal: AbortSignal,
  ): Promise<Collection> {
    const answer = await this.#send(
      { method: "POST", path: "", body: JSON.stringify(collection), signal },
    );
    return toCollection(answer.json());
  }

  /** `GET B/count-total-iocs`. */
  async readCount(
    community: string | undefined,
    signal: AbortSignal,
  ): Promise<Count> {
    const answer = await this.#send({
      path: "/count-total-iocs",
      query: { "match[community_uuid]": community },
      signal,
    });
    const body = recordOf(answer.json());
    return {
      count: Number(body.count) || 0,
      max: typeof body.max === "number" ? body.max : undefined,
    };
  }

  /**
   * `POST B/{collection}/indicators`, 1 to 100 values. A value without an item
   * in the result was ignored. Undefined: 409, one of them is there.
   */
  async createIndicators(
    collection: string,
    values: readonly string[],
    fields: Partial<Fields>,
    signal: AbortSignal,
  ): Promise<StoredIndicator[] | undefined> {
    const answer = await this.#send({
      method: "POST",
      path: `/${encodeURIComponent(collection)}/indicators`,
      body: JSON.stringify({
        indicators: values.map((value) => ({ value })),
        default_fields: fields,
      }),
      signal,
    }, [409]);
    if (answer.status === 409) return undefined;
    return itemsOf(answer).map(toIndicator);
  }

  /** `POST B/{collection}/indicators/text`, one value per line. */
  async importText(
    collection: string,
    { format, lines, fields }: {
      format: string;
      lines: readonly string[];
      fields: Partial<Fields>;
    },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send({
      method: "POST",
      path: `/${encodeURIComponent(collection)}/indicators/text`,
      body: JSON.stringify({ format, indicators: lines.join("\n"), ...fields }),
      signal,
    }, [409]);
  }

  /** `GET B/{collection}/indicators`: one page, whose end is a short one. */
  async listIndicators(
    collection: string,
    { term, offset = 0 }: { term?: string; offset?: number },
    signal: AbortSignal,
  ): Promise<StoredIndicator[]> {
    const answer = await this.#send({
      path: `/${encodeURIComponent(collection)}/indicators`,
      query: { term, limit: PAGE_SIZE, offset },
      signal,
    });
    return itemsOf(answer).map(toIndicator);
  }

  /** `PUT B/{collection}/indicators/{id}`. False where it is absent. */
  async updateIndicator(
    collection: string,
    id: string,
    fields: Partial<Fields>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const answer = await this.#send({
      method: "PUT",
      path: indicatorPath(collection, id),
      body: JSON.stringify(fields),
      signal,
    }, [404]);
    return isThere(answer);
  }

  /** `DELETE B/{collection}/indicators/{id}`. False where it is absent. */
  async revokeIndicator(
    collection: string,
    id: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const path = indicatorPath(collection, id);
    return isThere(await this.#send({ method: "DELETE", path, signal }, [404]));
  }

  /**
   * The same with `force_deletion`: for good. False where it is too early. The
   * specification puts the flag into the body, the prose into the query.
   */
  async purgeIndicator(
    collection: string,
    id: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const request = {
      method: "DELETE" as const,
      path: indicatorPath(collection, id),
      signal,
    };
    const meant = [400, 404, 409, 422];
    const byBody = await this.#send(
      { ...request, body: JSON.stringify({ force_deletion: true }) },
      meant,
    );
    if (byBody.status === 200) this.#forcesByBody = true;
    if (byBody.status !== 400 || this.#forcesByBody) return isPurged(byBody);
    return isPurged(
      await this.#send({ ...request, query: { force_deletion: true } }, meant),
    );
  }

  /** Proves that indicators may be changed: reading takes a lesser right. */
  async proveRights(collection: string, signal: AbortSignal): Promise<void> {
    const none = { kill_chain_phases: [] };
    await this.updateIndicator(collection, PROBE_ID, none, signal);
  }

  /** @param meant Statuses that the caller understands. */
  async #send(
    request: HttpRequest & { readonly signal: AbortSignal },
    meant: readonly number[] = [],
  ): Promise<HttpResponse> {
    await this.#throttle.turn(request.signal);
    const answer = await this.#http.request({
      ...request,
      ...(request.body === undefined
        ? {}
        : { headers: { "content-type": "application/json" } }),
      expect: [400, 401, 403, 404, 405, 409, 413, 422, 429],
    });
    if (answer.status === 429) throw this.#asksToWait(answer);
    this.#waits = 0;
    if (answer.status < 400 || meant.includes(answer.status)) return answer;
    throw toError(answer, request);
  }

  #asksToWait(answer: HttpResponse): TransientError {
    const doubled = Math.min(FIRST_WAIT_MS * 2 ** this.#waits, LONGEST_WAIT_MS);
    this.#waits = Math.min(this.#waits + 1, 10);
    return new TransientError("Sekoia.io asks to send fewer requests (429)", {
      status: 429,
      retryAfterMs: retryAfterMs(answer.headers, Date.now()) ??
        Math.ceil(doubled * (0.75 + Math.random() / 4)),
    });
  }
}

function indicatorPath(collection: string, id: string): string {
  return [collection, "indicators", id]
    .map((step) => `/${encodeURIComponent(step)}`).join("");
}
