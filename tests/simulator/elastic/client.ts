import {
  type ElasticOptions,
  type SimulatedElastic,
  startElastic,
} from "../../../src/simulator/elastic/mod.ts";

/** A JSON answer as tests read it. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** One answer of either server. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

/** How a test asks. */
export interface Ask {
  body?: unknown;
  headers?: Record<string, string>;
}

/** A pair of servers with short ways to ask them. */
export interface Bench extends SimulatedElastic {
  /** Moves the simulated clock. */
  pass(ms: number): void;
  es(method: string, path: string, ask?: Ask): Promise<Answered>;
  kb(method: string, path: string, ask?: Ask): Promise<Answered>;
  /** Sends actions and sources, one line each. */
  bulk(lines: unknown[], query?: string): Promise<Answered>;
}

/** 2026-03-02T10:00:00Z. */
export const START = Date.UTC(2026, 2, 2, 10);

/** Runs a test with both servers on a clock that only `pass` moves. */
export async function withElastic(
  test: (bench: Bench) => Promise<void>,
  options: ElasticOptions = {},
): Promise<void> {
  let now = START;
  const elastic = await startElastic({ now: () => now, ...options });
  const { es, kb } = handsOn(elastic);
  const bench: Bench = {
    ...elastic,
    pass: (ms) => void (now += ms),
    es,
    kb,
    bulk: (lines, query = "") =>
      es("POST", `/_bulk${query}`, {
        body: ndjson(lines),
        headers: { "content-type": "application/x-ndjson" },
      }),
  };
  try {
    await test(bench);
  } finally {
    await elastic.stop();
  }
}

/** What a person with the key can do to both servers. */
export function handsOn(
  elastic: Pick<SimulatedElastic, "apiKey" | "url" | "kibanaUrl">,
): Pick<Bench, "es" | "kb"> {
  const authorization = `ApiKey ${elastic.apiKey}`;
  const ask = (base: string) => (method: string, path: string, ask: Ask = {}) =>
    call(`${base}${path}`, method, {
      ...ask,
      headers: { authorization, "kbn-xsrf": "true", ...ask.headers },
    });
  return { es: ask(elastic.url), kb: ask(elastic.kibanaUrl) };
}

/** One JSON text per line, the last ended too. */
export function ndjson(lines: unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Headers of a request whose value "" takes the header away. */
async function call(
  url: string,
  method: string,
  { body, headers = {} }: Ask,
): Promise<Answered> {
  const raw = typeof body === "string" || body instanceof Uint8Array ||
    body instanceof FormData;
  const sent = new Headers();
  if (body !== undefined && !raw) sent.set("content-type", "application/json");
  for (const [name, value] of Object.entries(headers)) {
    if (value !== "") sent.set(name, value);
  }
  const response = await fetch(url, {
    method,
    headers: sent,
    ...(body !== undefined && {
      body: (raw ? body : JSON.stringify(body)) as BodyInit,
    }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: /^[{[]/.test(text) ? JSON.parse(text) : undefined,
  };
}
