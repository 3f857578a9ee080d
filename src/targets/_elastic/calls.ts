/**
 * How every call to Elasticsearch is made, and what its refusals mean.
 */
import type { Client } from "@elastic/elasticsearch";
import { LoginError, TransientError } from "../../errors.ts";
import type { HttpClient } from "../../http/client.ts";
import { countOf, reasonOf, record } from "./answer.ts";
import { createElasticClient } from "./connection.ts";

/** Wait after a refusal that only a person at the cluster can lift. */
export const SLOW_RETRY_MS = 60_000;

/** How the settings of the target are called, for messages. */
export interface ElasticSettingNames {
  readonly url: string;
  readonly login: string;
}

/** Status and body of an answer that was expected. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What the official client has to be told with each call. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly meta: true;
  readonly ignore: number[];
  readonly context: { readonly expect: readonly number[] };
}

/**
 * Calls by way of the official client, which is loaded at the first of them.
 */
export class ElasticCalls {
  readonly #http: HttpClient;
  readonly #names: ElasticSettingNames;
  #client: Promise<Client> | undefined;

  constructor(http: HttpClient, names: ElasticSettingNames) {
    this.#http = http;
    this.#names = names;
  }

  /** One call; these statuses are answers, not errors. */
  async call(
    run: (client: Client, options: CallOptions) => Promise<unknown>,
    expect: readonly number[],
    signal: AbortSignal,
  ): Promise<Answer> {
    signal.throwIfAborted();
    this.#client ??= createElasticClient(this.#http, this.#names.url);
    const client = await this.#client;
    try {
      const answer = record(
        await run(client, {
          signal,
          meta: true,
          ignore: [...expect],
          context: { expect },
        }),
      );
      return { status: countOf(answer.statusCode), body: answer.body };
    } catch (error) {
      throw this.named(error);
    }
  }

  /** Says which setting holds the login that was refused. */
  named(error: unknown): unknown {
    if (!(error instanceof LoginError) || error.status !== 401) return error;
    return new LoginError(
      `Elasticsearch refuses the login in "${this.#names.login}": create an ` +
        `API key and set its encoded form (${error.message})`,
      { status: error.status, cause: error },
    );
  }

  /** @throws {TransientError} Refused: tried again slowly, rights may come. */
  allow({ status, body }: Answer, action: string, privilege: string): void {
    if (status !== 403) return;
    throw new TransientError(
      `Elasticsearch refuses to ${action}: the key in ` +
        `"${this.#names.login}" may lack ${privilege}: ${reasonOf(body)}`,
      { status, retryAfterMs: SLOW_RETRY_MS },
    );
  }
}
