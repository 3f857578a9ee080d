/**
 * The threat intelligence API of a HarfangLab console, one method per call.
 * Every path ends in a slash, since the console redirects those that do not.
 */
import { ConfigError, LoginError, TransientError } from "../../errors.ts";
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
} from "../../http/client.ts";
import { text } from "../../stix/object.ts";
import {
  type Body,
  bodyOf,
  errorBody,
  type Item,
  messageOf,
  refusalOf,
  refusedError,
  toItem,
  toPage,
  type Written,
} from "./answers.ts";
import { type Report, toReport } from "./report.ts";
import type { Throttle } from "../_ioc/throttle.ts";

const ROOT = "/api/data/threat_intelligence";

/** The three kinds of rule, by the name of their collection. */
export type RuleKind = "IOCRule" | "SigmaRule" | "YaraFile";

/** All of them. */
export const RULE_KINDS: readonly RuleKind[] = [
  "IOCRule",
  "SigmaRule",
  "YaraFile",
];

/** Collection of the source lists of each kind. */
// deno-fmt-ignore
const SOURCES: Readonly<Record<RuleKind, string>> = {
  IOCRule:   "IOCSource",
  SigmaRule: "SigmaSource",
  YaraFile:  "YaraSource",
};

const NOBODYS_RULE = "00000000-0000-0000-0000-000000000000";
const MAX_WAIT_MS = 300_000;
/** Where a 429 does not say how long to wait. */
const USUAL_WAIT_MS = 60_000;

/** Speaks to one console, at the pace that is allowed. */
export class HarfanglabClient {
  readonly #http: HttpClient;
  readonly #throttle: Throttle;
  readonly #pageSize: number;
  /** Whether rules have these members in this release, once it is known. */
  readonly shows: { references?: boolean; globalState?: boolean } = {};

  constructor(http: HttpClient, options: {
    throttle: Throttle;
    pageSize: number;
  }) {
    this.#http = http;
    this.#throttle = options.throttle;
    this.#pageSize = options.pageSize;
  }

  /** `GET /api/version/`: nothing where this release does not tell. */
  async readVersion(signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#send({ path: "/api/version/", signal }, [404]);
    if (answer.status === 404) return undefined;
    const { version } = bodyOf(answer);
    return text(version);
  }

  /** `GET /api/auth/users/me/`: name of the token's user, where it is told. */
  async readUser(signal: AbortSignal): Promise<string | undefined> {
    const path = "/api/auth/users/me/";
    const answer = await this.#send({ path, signal }, [404]);
    return answer.status === 404 ? undefined : text(bodyOf(answer).username);
  }

  /** `GET …Source/?name__exact=` */
  async findSource(
    kind: RuleKind,
    name: string,
    signal: AbortSignal,
  ): Promise<Item | undefined> {
    const query = { name__exact: name };
    for await (const source of this.#pages(SOURCES[kind], query, signal)) {
      if (source.name === name) return source;
    }
    return undefined;
  }

  /** `POST …Source/` */
  async createSource(
    kind: RuleKind,
    body: Body,
    signal: AbortSignal,
  ): Promise<Written> {
    return await this.#write("POST", `${ROOT}/${SOURCES[kind]}/`, body, signal);
  }

  /** Rules of a kind, page by page. A filter that is unknown counts not. */
  async *findRules(
    kind: RuleKind,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Item> {
    for await (const item of this.#pages(kind, query, signal)) {
      yield this.#learn(item);
    }
  }

  /** Looks at rules until it is known which members this release has. */
  async learnRelease(signal: AbortSignal): Promise<void> {
    for (const kind of RULE_KINDS) {
      if (this.shows.references !== undefined) return;
      const path = `${ROOT}/${kind}/`;
      const answer = await this.#send(
        { path, query: { limit: 1 }, signal },
        [],
      );
      for (const item of toPage(answer).results) this.#learn(item);
    }
  }

  /** Deletes a rule that nobody has: reading takes a lesser right. */
  async proveRights(signal: AbortSignal): Promise<void> {
    await this.#send({
      method: "DELETE",
      path: pathOf("IOCRule", NOBODYS_RULE),
      signal,
    }, [404]);
  }

  /** `GET …/{id}/`: nothing where it is absent. */
  async readRule(
    kind: RuleKind,
    id: string,
    signal: AbortSignal,
  ): Promise<Item | undefined> {
    const answer = await this.#send({ path: pathOf(kind, id), signal }, [404]);
    return answer.status === 404 ? undefined : this.#learn(toItem(answer));
  }

  /** `POST IOCRule/` */
  async createIocRule(body: Body, signal: AbortSignal): Promise<Written> {
    return await this.#write("POST", `${ROOT}/IOCRule/`, body, signal);
  }

  /** `POST SigmaRule/` or `YaraFile/`, whose answer is a report. */
  async createDocument(
    kind: RuleKind,
    body: Body,
    signal: AbortSignal,
  ): Promise<Report | Exclude<Written, { status: "done" }>> {
    const path = `${ROOT}/${kind}/`;
    const answer = await this.#post("POST", path, body, signal);
    const refusal = refusalOf(answer);
    return refusal ?? toReport(answer.json());
  }

  /** `PATCH …/{id}/` with some members. */
  async updateRule(
    kind: RuleKind,
    id: string,
    body: Body,
    signal: AbortSignal,
  ): Promise<Written> {
    return await this.#write("PATCH", pathOf(kind, id), body, signal);
  }

  /** `DELETE …/{id}/`. An absent rule is as good as deleted. */
  async deleteRule(
    kind: RuleKind,
    id: string,
    signal: AbortSignal,
  ): Promise<{ linked: string | undefined }> {
    const answer = await this.#send({
      method: "DELETE",
      path: pathOf(kind, id),
      signal,
    }, [400, 404]);
    if (answer.status !== 400) return { linked: undefined };
    const { code } = errorBody(answer);
    if (`${code}`.startsWith("linked_")) return { linked: `${code}` };
    throw refusedError(answer);
  }

  async *#pages(
    collection: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Item> {
    for (let offset = 0;;) {
      const answer = await this.#send({
        path: `${ROOT}/${collection}/`,
        query: { ...query, limit: this.#pageSize, offset },
        signal,
      }, []);
      const { results, next, count } = toPage(answer);
      yield* results;
      offset += results.length;
      const isLast = next === null || results.length === 0 || offset >= count;
      if (isLast) return;
    }
  }

  #post(
    method: "POST" | "PATCH",
    path: string,
    body: Body,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.#send({
      method,
      path,
      body: JSON.stringify(body),
      signal,
    }, method === "POST" ? [400, 409] : [400, 404, 409]);
  }

  async #write(
    method: "POST" | "PATCH",
    path: string,
    body: Body,
    signal: AbortSignal,
  ): Promise<Written> {
    const answer = await this.#post(method, path, body, signal);
    return refusalOf(answer) ??
      { status: "done", item: this.#learn(toItem(answer)) };
  }

  #learn(item: Item): Item {
    if ("creation_date" in item || "hl_status" in item) {
      this.shows.references = "references" in item;
      this.shows.globalState = "global_state" in item;
    }
    return item;
  }

  /** @param meant Statuses that say something of the rule. */
  async #send(
    request: HttpRequest & { readonly signal: AbortSignal },
    meant: readonly number[],
  ): Promise<HttpResponse> {
    await this.#throttle.turn(request.signal);
    const answer = await this.#request(request);
    if (meant.includes(answer.status)) return answer;
    switch (answer.status) {
      case 401:
        throw new LoginError(
          'HarfangLab refuses the "token": make an API token in the console ' +
            `and set it (${messageOf(answer)})`,
          { status: 401 },
        );
      case 403:
        throw new LoginError(
          'The user of the "token" may not do this: grant the right to ' +
            `manage threat intelligence in the console (${messageOf(answer)})`,
          { status: 403 },
        );
      case 404:
        throw new ConfigError(
          'HarfangLab knows no threat intelligence rules at the "url": set ' +
            "the root of the console; releases before 2.0 are too old " +
            `(${messageOf(answer)})`,
        );
      case 400:
      case 409:
        throw refusedError(answer);
    }
    return answer;
  }

  async #request(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.#http.request({
        ...request,
        expect: [400, 401, 403, 404, 409],
      });
    } catch (error) {
      if (!(error instanceof TransientError) || error.status !== 429) {
        throw error;
      }
      const waitMs = Math.min(error.retryAfterMs ?? USUAL_WAIT_MS, MAX_WAIT_MS);
      const { status, body } = error;
      throw new TransientError(error.message, {
        status,
        body,
        retryAfterMs: waitMs,
      });
    }
  }
}

function pathOf(kind: RuleKind, id: string): string {
  return `${ROOT}/${kind}/${encodeURIComponent(id)}/`;
}
