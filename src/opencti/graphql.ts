import { DEFAULT_BACKOFF, fullJitterMs, sleep } from "../backoff.ts";
import { LoginError, RejectedError, TransientError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import { isRecord } from "../stix/object.ts";

/** The platform answered, and refuses this operation. */
export class GraphqlRefusal extends RejectedError {
  override name = "GraphqlRefusal";
  /** `extensions.code` of the answer, such as "FUNCTIONAL_ERROR". */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What an error code means. Source: OpenCTI `config/errors.js`; what is not
 * in the table is a refusal of this operation.
 */
// deno-fmt-ignore
const MEANINGS: Readonly<Record<string, "login" | "transient" | "lock">> = {
  AUTH_REQUIRED:          "login",
  FORBIDDEN_ACCESS:       "login",
  OTP_REQUIRED:           "login",
  OTP_REQUIRED_ACTIVATION: "login",
  LTS_REQUIRED_ACTIVATION: "login",
  LOCK_ERROR:             "lock",
  DATABASE_ERROR:         "transient",
  UNKNOWN_ERROR:          "transient",
  INTERNAL_SERVER_ERROR:  "transient",
};

const LOCK_TRIES = 10;
/** pycti's value; containers of thousands of objects take their time. */
const TIMEOUT_MS = 300_000;

/** Sends GraphQL operations to one platform. */
export class GraphqlClient {
  readonly #http: HttpClient;
  /** Platform clock minus ours, from the `Date` header; whole seconds. */
  #clockSkewMs = 0;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** The platform's clock, as of the last answer; milliseconds since 1970. */
  platformNow(): number {
    return Date.now() + this.#clockSkewMs;
  }

  /**
   * Runs one operation and returns `data`. Concurrent writes of the platform
   * (`LOCK_ERROR`) are tried again up to 10 times.
   *
   * @throws {LoginError} Token refused, or a capability is missing.
   * @throws {TransientError} Network, proxy or database of the platform.
   * @throws {GraphqlRefusal} The operation itself is refused.
   */
  async query<Data>(
    document: string,
    variables: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Data> {
    for (let attempt = 1;; attempt++) {
      const { data, errors } = await this.#post(document, variables, signal);
      const first = Array.isArray(errors) ? errors[0] : undefined;
      if (first === undefined) return data as Data;
      const failure = errorOf(first, nameOf(document));
      if (failure !== "lock") throw failure;
      if (attempt === LOCK_TRIES) {
        throw new TransientError(
          `Cannot run ${nameOf(document)}: the platform keeps its objects ` +
            `locked (LOCK_ERROR, ${attempt} tries)`,
        );
      }
      await sleep(fullJitterMs(attempt, DEFAULT_BACKOFF), signal);
    }
  }

  async #post(
    document: string,
    variables: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const response = await this.#http.request({
      method: "POST",
      path: "/graphql",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: document,
        variables,
        operationName: nameOf(document),
      }),
      timeoutMs: TIMEOUT_MS,
      signal,
      // A query the schema does not know is 400, with a GraphQL body.
      expect: [400],
    });
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isFinite(date)) this.#clockSkewMs = date - Date.now();
    const body = response.json();
    if (!isRecord(body)) {
      throw new TransientError(
        `Cannot run ${nameOf(document)}: the answer is not a GraphQL answer`,
      );
    }
    return body;
  }
}

/** "PlatformProbe" of `query PlatformProbe { ... }`. */
function nameOf(document: string): string {
  return /^\w+\s+(\w+)/.exec(document)?.[1] ?? "operation";
}

function errorOf(error: unknown, operation: string): Error | "lock" {
  const { message, name, extensions } = isRecord(error) ? error : {};
  const extended = isRecord(extensions) ? extensions : {};
  const code = typeof extended.code === "string"
    ? extended.code
    : typeof name === "string"
    ? name
    : "UNKNOWN_ERROR";
  const meaning = MEANINGS[code];
  if (meaning === "lock") return "lock";
  const text = `Cannot run ${operation} on OpenCTI: ${code}, ` +
    `"${String(message ?? "").slice(0, 500)}"`;
  if (meaning === "login") {
    return code === "FORBIDDEN_ACCESS"
      ? new LoginError(
        `${text}: give a role of the token's user the right to do this`,
        { status: 403 },
      )
      : new LoginError(
        `${text}: check opencti.token (OPENCTI_TOKEN), the token of the ` +
          "connector's user",
        { status: 401 },
      );
  }
  return meaning === "transient"
    ? new TransientError(text)
    : new GraphqlRefusal(text, code);
}
