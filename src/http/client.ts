/** Where requests go and how the connection is made. */
export interface Endpoint {
  /** Base URL; a path prefix survives, a trailing slash does not matter. */
  readonly url: string;
  /** Sent with every request. May hold secrets: never logged. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: TlsOptions;
  /** `http://`, `https://` or `socks5://` URL, credentials allowed. */
  readonly proxy?: string;
  /** Limit of one request, headers to last byte. Default 30,000. */
  readonly timeoutMs?: number;
}

/** TLS of one endpoint. Every PEM member holds the text, not a path. */
export interface TlsOptions {
  /** False: any certificate is accepted. Default true. */
  readonly verify?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** One request, relative to the endpoint. */
export interface HttpRequest {
  /** Default "GET". */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Joined to the endpoint's URL; already percent-encoded. A dot segment,
   * backslash or fragment in it is a `RejectedError`.
   */
  readonly path: string;
  readonly query?: Readonly<
    Record<string, string | number | boolean | undefined>
  >;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as `application/json` unless a header says otherwise. */
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
  /** Statuses outside 2xx that the caller handles itself. */
  readonly expect?: readonly number[];
  readonly timeoutMs?: number;
  /**
   * Limit of the answer's body after decompression; a larger one is a
   * `RejectedError`. Default 64 MiB.
   */
  readonly maxBodyBytes?: number;
  readonly signal?: AbortSignal;
}

/** An answer that was read to its end. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** @throws {TransientError} The body is not JSON (a proxy's page). */
  json<Body = unknown>(): Body;
}

/** An answer whose body is still arriving. */
export interface HttpStream {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Sends requests to one endpoint.
 *
 * Both methods throw `TransientError`, `RejectedError`, `LoginError` or
 * `ConfigError` for everything that is not 2xx or expected; when `signal` is
 * aborted, its reason as it is. Redirects are not followed.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** For bodies without end; `timeoutMs` covers the headers alone. */
  stream(request: HttpRequest): Promise<HttpStream>;
  /** Ends all connections, those in use too. */
  close(): void;
}
