import {
  type MispOptions,
  type RoleName,
  type SimulatedMisp,
  startMisp,
} from "../../../src/simulator/misp/mod.ts";
import type { Answered, Json } from "../elastic/client.ts";

export type { Answered, Json } from "../elastic/client.ts";

/** How a test asks. */
export interface Ask {
  readonly body?: unknown;
  /** A default role of the host organisation, or a key. Default `syncUser`. */
  readonly as?: RoleName | (string & Record<never, never>);
  /** "" takes a header away. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A MISP with short ways to ask it, on a clock that only `pass` moves. */
export interface Bench extends SimulatedMisp {
  pass(seconds: number): void;
  /** Unix seconds. */
  now(): number;
  call(method: string, path: string, ask?: Ask): Promise<Answered>;
  get(path: string, ask?: Ask): Promise<Answered>;
  post(path: string, body?: unknown, ask?: Ask): Promise<Answered>;
  /** Adds an event, which must work; gives it as answered. */
  add(event?: Json, ask?: Ask): Promise<Json>;
  edit(event: Json, ask?: Ask): Promise<Answered>;
}

/** 2026-03-02T10:00:00Z, in seconds. */
export const START = Date.UTC(2026, 2, 2, 10) / 1000;
export const EVENT = "bbbbbbbb-1111-4111-8111-aaaaaaaaaaaa";

/** Runs a test with a MISP. */
export async function withMisp(
  test: (bench: Bench) => Promise<void>,
  options: MispOptions = {},
): Promise<void> {
  let now = START;
  const misp = await startMisp({ now: () => now * 1000, ...options });
  const call: Bench["call"] = (method, path, ask = {}) => {
    const { as = "syncUser", ...rest } = ask;
    const key = misp.keys[as as RoleName] ?? as;
    return send(`${misp.url}/${path}`, method, {
      ...rest,
      headers: { authorization: key, ...ask.headers },
    });
  };
  const bench: Bench = {
    ...misp,
    pass: (seconds) => void (now += seconds),
    now: () => now,
    call,
    get: (path, ask) => call("GET", path, ask),
    post: (path, body, ask) => call("POST", path, { ...ask, body }),
    async add(event = {}, ask) {
      const answer = await call("POST", "events/add", {
        ...ask,
        body: { Event: sampleEvent(event) },
      });
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.body.Event;
    },
    edit: (event, ask) =>
      call("POST", `events/edit/${EVENT}`, { ...ask, body: { Event: event } }),
  };
  try {
    await test(bench);
  } finally {
    await misp.stop();
  }
}

/** A valid event with an attribute, or with what is given. */
export function sampleEvent(members: Json = {}): Json {
  return {
    uuid: EVENT,
    info: "Phishing wave against banks",
    date: "2024-01-01",
    timestamp: "1706745600",
    threat_level_id: "1",
    analysis: "2",
    distribution: "1",
    published: false,
    Attribute: [attribute()],
    ...members,
  };
}

/** A valid attribute, or with what is given. */
export function attribute(members: Json = {}): Json {
  return {
    uuid: uuid(1),
    type: "ip-dst",
    category: "Network activity",
    value: "1.2.3.4",
    to_ids: true,
    distribution: "5",
    comment: "Emotet C2",
    deleted: false,
    ...members,
  };
}

/** A valid object of the template `file`, or with what is given. */
export function fileObject(members: Json = {}): Json {
  return {
    uuid: uuid(100),
    name: "file",
    "meta-category": "file",
    description: "File object describing a file with meta-information",
    template_uuid: "688c46fb-5edb-40a3-8273-1af7923e2215",
    template_version: "25",
    distribution: "5",
    comment: "",
    deleted: false,
    Attribute: [{
      uuid: uuid(101),
      object_relation: "md5",
      type: "md5",
      category: "Payload delivery",
      value: "d41d8cd98f00b204e9800998ecf8427e",
      to_ids: true,
      distribution: "5",
      deleted: false,
    }],
    ...members,
  };
}

/** A UUID of version 5 that ends in this number. */
export function uuid(number: number): string {
  return `90cf2942-34f0-54a2-a10c-${String(number).padStart(12, "0")}`;
}

async function send(
  url: string,
  method: string,
  { body, headers }: Ask,
): Promise<Answered> {
  const sent = new Headers({
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  });
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === "") sent.delete(name);
    else sent.set(name, value);
  }
  const response = await fetch(url, {
    method,
    headers: sent,
    redirect: "manual",
    ...(body === undefined
      ? {}
      : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: /^[{[]/.test(text) ? JSON.parse(text) : undefined,
  };
}
