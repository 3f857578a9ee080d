import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LoginError, RejectedError } from "../../src/errors.ts";
import type { HttpClient, HttpRequest } from "../../src/http/client.ts";
import { silentLog } from "../../src/observability/log.ts";
import type { Position, StreamItem } from "../../src/opencti/event.ts";
import { compareIds, idMs } from "../../src/opencti/event_id.ts";
import { firstPosition, readStream } from "../../src/opencti/stream.ts";
import type { StreamOptions } from "../../src/opencti/stream_options.ts";

const UTF8 = new TextEncoder();

/** One frame of the scripted stream. */
interface ScriptedFrame {
  id: string;
  event: string;
  data: unknown;
}

function main(id: string, name: string, event = "create"): ScriptedFrame {
  return {
    id,
    event,
    data: {
      type: event,
      data: { id: `indicator--${name}`, type: "indicator", name },
    },
  };
}

function dependency(id: string, name: string): ScriptedFrame {
  return {
    id,
    event: "create",
    data: {
      origin: { referer: "init-dependencies" },
      data: { id: `identity--${name}`, type: "identity", name },
    },
  };
}

function recovered(id: string, name: string): ScriptedFrame {
  return {
    id,
    event: "create",
    data: {
      origin: { referer: "init-create" },
      data: { id: `indicator--${name}`, type: "indicator", name },
    },
  };
}

function heartbeat(id: string): ScriptedFrame {
  return { id, event: "heartbeat", data: new Date(idMs(id)).toISOString() };
}

/** One answer: frames, and how the connection goes on after them. */
interface Answer {
  oldest?: string;
  newest?: string;
  frames?: readonly ScriptedFrame[];
  /** Bytes after which the connection is cut. */
  cutAfter?: number;
  /** Stays open without a byte. */
  silent?: boolean;
  fails?: Error;
}

/** A platform that answers connection by connection; the last one repeats. */
function scripted(
  answer: (request: HttpRequest, connection: number) => Answer,
): { http: HttpClient; requests: HttpRequest[] } {
  const requests: HttpRequest[] = [];
  const http: HttpClient = {
    request: () => Promise.reject(new Error("not used")),
    close: () => {},
    stream(request) {
      requests.push(request);
      const { frames = [], cutAfter, silent, fails, ...bounds } = answer(
        request,
        requests.length,
      );
      if (fails !== undefined) return Promise.reject(fails);
      const { oldest = "0-1", newest = frames.at(-1)?.id ?? "0-1" } = bounds;
      const text = [
        `event: connected\ndata: ${
          JSON.stringify({ firstEventId: oldest, lastEventId: newest })
        }\n\n`,
        ...frames.map(({ id, event, data }) =>
          `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
        ),
      ].join("");
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          const bytes = UTF8.encode(text).slice(0, cutAfter);
          if (bytes.length > 0) controller.enqueue(bytes);
          if (!silent) controller.close();
          request.signal?.addEventListener("abort", () => {
            try {
              controller.error(request.signal?.reason);
            } catch { /* closed already */ }
          });
        },
      });
      return Promise.resolve({
        status: 200,
        headers: new Headers({ "content-type": "text/event-stream" }),
        body,
      });
    },
  };
  return { http, requests };
}

const NOW = 2_000_000_000_000;

function optionsFor(
  http: HttpClient,
  more: Partial<StreamOptions> = {},
): StreamOptions {
  return {
    http,
    streamId: "s",
    listenDelete: true,
    noDependencies: true,
    withInferences: false,
    updatesAreUnsure: false,
    once: true,
    log: silentLog(),
    remember: () => {},
    platformNow: () => NOW,
    explainRefusal: () => Promise.resolve("explained"),
    backoff: { baseMs: 1, maxMs: 1 },
    ...more,
  };
}

async function readAll(
  options: StreamOptions,
  start: Position,
): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  const signal = AbortSignal.timeout(5000);
  for await (const item of readStream(options, start, signal)) {
    items.push(item);
  }
  assert(!signal.aborted, "the stream did not end by itself");
  return items;
}

function names(items: readonly StreamItem[]): string[] {
  return items.flatMap((item) =>
    item.kind === "event" ? [String(item.event.object.name)] : []
  );
}

/** Trains of dependencies, a heartbeat inside one, characters of 2 to 4 bytes. */
const SESSION: readonly ScriptedFrame[] = [
  dependency("1000-0", "author"),
  main("1000-0", "première"),
  main("2000-0", "deuxième 🚨"),
  dependency("3000-0", "author two"),
  heartbeat("3000-0"),
  dependency("3000-0", "marking"),
  main("3000-0", "third"),
  main("3000-1", "fourth", "update"),
  main("9000-0", "fifth", "delete"),
  heartbeat("70000-0"),
];

/** What the platform sends after a position: whole groups, exclusive. */
function after(from: string): ScriptedFrame[] {
  return SESSION.filter(({ id }) => compareIds(id, from) > 0);
}

Deno.test("readStream() applies the same events wherever it is cut", async () => {
  const whole = scripted(({ query }) => ({
    newest: "9000-0",
    frames: after(String(query?.from)),
  }));
  const expected = names(
    await readAll(optionsFor(whole.http), { from: "0-1" }),
  );
  assertEquals(expected.length, 5);
  const bytes = UTF8.encode(JSON.stringify(SESSION)).length + 800;
  for (let cutAfter = 0; cutAfter < bytes; cutAfter++) {
    const cut = scripted(({ query }, connection) => ({
      newest: "9000-0",
      frames: after(String(query?.from)),
      ...(connection === 1 ? { cutAfter } : {}),
    }));
    const seen = names(await readAll(optionsFor(cut.http), { from: "0-1" }));
    // At least once, in order: without repetitions it is the whole session.
    const once = seen.filter((name, index) => seen.lastIndexOf(name) === index);
    assertEquals(once, expected, `cut after ${cutAfter} bytes`);
  }
});

Deno.test("readStream() names positions that lose nothing", async () => {
  const whole = scripted(({ query }) => ({
    newest: "9000-0",
    frames: after(String(query?.from)),
  }));
  const items = await readAll(optionsFor(whole.http), { from: "0-1" });
  for (const [index, item] of items.entries()) {
    const rest = names(
      await readAll(optionsFor(whole.http), item.resumeFrom),
    );
    for (const name of names(items.slice(index + 1))) {
      assert(rest.includes(name), `${name} after ${item.resumeFrom.from}`);
    }
  }
  assertEquals(items.at(-1)?.resumeFrom.from, "10000-0");
});

// A batch is bounded in items: positions of their own would halve it.
Deno.test("readStream() gives one item per event, position included", async () => {
  const ids = ["1000-0", "2000-0", "3000-0"];
  const { http } = scripted(() => ({
    newest: "3000-0",
    frames: [...ids.map((id) => main(id, id)), heartbeat("3000-0")],
  }));
  const items = await readAll(optionsFor(http), { from: "0-1" });
  assertEquals(
    items.map(({ kind, resumeFrom }) => [kind, resumeFrom.from]),
    [
      ["event", "0-1"],
      ["event", "1000-0"],
      ["event", "2000-0"],
      ["position", "3000-0"],
    ],
  );
});

Deno.test("readStream() never makes a position of a heartbeat's id", async () => {
  const { http } = scripted(() => ({
    newest: "9000-0",
    frames: [main("9000-0", "a"), heartbeat("100000-0")],
  }));
  const items = await readAll(optionsFor(http), { from: "0-1" });
  assertEquals(items.at(-1)?.resumeFrom.from, "40000-0");
});

Deno.test("readStream() discards the half frame of a cut connection", async () => {
  const { http } = scripted((_request, connection) =>
    connection === 1
      ? { newest: "2000-0", frames: [main("2000-0", "a")], cutAfter: 100 }
      : { newest: "2000-0", frames: [main("2000-0", "a"), heartbeat("2000-0")] }
  );
  assertEquals(names(await readAll(optionsFor(http), { from: "0-1" })), ["a"]);
});

Deno.test("readStream() gives up a silent connection", async () => {
  const { http, requests } = scripted((_request, connection) =>
    connection === 1
      ? { frames: [main("1000-0", "a")], silent: true }
      : { frames: [main("1000-0", "a"), heartbeat("1000-0")] }
  );
  await readAll(optionsFor(http, { silenceMs: 20 }), { from: "0-1" });
  assertEquals(requests.length, 2);
});

Deno.test("readStream() sends dates and flags as the platform reads them", async () => {
  const { http, requests } = scripted(() => ({ frames: [heartbeat("9-0")] }));
  await readAll(
    optionsFor(http, {
      listenDelete: false,
      noDependencies: false,
      withInferences: true,
    }),
    { from: "5-3" },
  );
  assertEquals(requests[0]?.query, {
    from: "5-3",
    recover: undefined,
    "listen-delete": "false",
    "no-dependencies": "false",
    "with-inferences": "true",
  });
});

Deno.test("readStream() keeps the position while it recovers, then goes live", async () => {
  const recoverUntil = "1970-01-01T00:00:10.000Z";
  const { http, requests } = scripted(() => ({
    newest: "20000-0",
    frames: [
      dependency("3000-0", "context"),
      recovered("5000-0", "b"),
      recovered("4000-0", "a"),
      main("20000-0", "live"),
      heartbeat("20000-0"),
    ],
  }));
  const items = await readAll(optionsFor(http), {
    from: "0-0",
    recoverUntil,
  });
  assertEquals(requests[0]?.query?.recover, recoverUntil);
  const events = items.filter((item) => item.kind === "event");
  assertEquals(
    events.map(({ event, resumeFrom }) => [
      event.object.name,
      event.unsure === true,
      resumeFrom.from,
      resumeFrom.recoverUntil !== undefined,
    ]),
    [
      // Sent only as context: the platform is asked whether it belongs here.
      ["context", true, "0-0", true],
      ["b", false, "0-0", true],
      ["a", false, "0-0", true],
      ["live", false, "10000-0", false],
    ],
  );
});

Deno.test("readStream() opens the live phase anew when it wants dependencies", async () => {
  const { http, requests } = scripted((_request, connection) =>
    connection === 1
      ? {
        newest: "20000-0",
        frames: [recovered("5000-0", "a"), heartbeat("20000-0")],
      }
      : { newest: "20000-0", frames: [heartbeat("20000-0")] }
  );
  await readAll(optionsFor(http, { noDependencies: false }), {
    from: "0-0",
    recoverUntil: "1970-01-01T00:00:10.000Z",
  });
  assertEquals(
    requests.map(({ query }) => [query?.from, query?.["no-dependencies"]]),
    [["0-0", "true"], ["10000-0", "false"]],
  );
});

Deno.test("readStream() recovers over a gap, with an alarm", async () => {
  const gaps: string[][] = [];
  const { http, requests } = scripted(() => ({
    oldest: "5000-0",
    newest: "6000-0",
    frames: [heartbeat(`${NOW}-0`)],
  }));
  await readAll(
    optionsFor(http, {
      watch: {
        connected: () => {},
        waiting: () => {},
        reached: () => {},
        gap: (from, oldest) => gaps.push([from, oldest]),
      },
    }),
    { from: "1000-0" },
  );
  assertEquals(gaps, [["1000-0", "5000-0"]]);
  assertEquals(requests.length, 2);
  assertEquals(requests[1]?.query?.from, "1000-0");
  assertEquals(
    requests[1]?.query?.recover,
    new Date(NOW - 60_000).toISOString(),
  );
});

Deno.test("readStream() reads all again when the platform's ids went back", async () => {
  const { http, requests } = scripted(() => ({
    newest: "500-0",
    frames: [main("500-0", "a"), heartbeat("500-0"), heartbeat(`${NOW}-0`)],
  }));
  const items = await readAll(optionsFor(http), {
    from: "9000-0",
    lastEventId: "9000-0",
  });
  assertEquals(requests.map(({ query }) => query?.from), ["9000-0", "0-0"]);
  const [event] = items.filter((item) => item.kind === "event");
  // What was written before the platform went back must not look newer.
  assertEquals(event?.event.version, 9_001_000);
});

Deno.test("readStream() goes on without a recovery that is refused", async () => {
  const { http } = scripted(() => ({
    newest: "6000-0",
    frames: [
      {
        id: "5000-0",
        event: "no-recover",
        data: { message: "no recovery", resume_from: "1000-0" },
      },
      main("6000-0", "a"),
      heartbeat("6000-0"),
    ],
  }));
  const items = await readAll(optionsFor(http), {
    from: "1000-0",
    recoverUntil: "1970-01-01T00:00:05.500Z",
  });
  const [event] = items.filter((item) => item.kind === "event");
  assertEquals(event?.resumeFrom, { from: "1000-0" });
});

Deno.test("readStream() with `once` throws what only a person can repair", async () => {
  const stopped = scripted(() => ({
    fails: new RejectedError("410", { status: 410 }),
  }));
  await assertRejects(
    () => readAll(optionsFor(stopped.http), { from: "0-1" }),
    ConfigError,
    "stopped",
  );
  const refused = scripted(() => ({ fails: new LoginError("401") }));
  await assertRejects(
    () => readAll(optionsFor(refused.http), { from: "0-1" }),
    LoginError,
  );
});

Deno.test("readStream() without `once` waits until the stream is started", async () => {
  const waits: string[] = [];
  const { http } = scripted((_request, connection) =>
    connection < 3
      ? { fails: new RejectedError("410", { status: 410 }) }
      : { frames: [main("1000-0", "a")], silent: true }
  );
  const stop = new AbortController();
  const options = optionsFor(http, {
    once: false,
    watch: {
      connected: () => {},
      waiting: (reason) => waits.push(reason),
      reached: () => {},
      gap: () => {},
    },
  });
  const seen: string[] = [];
  for await (
    const item of readStream(options, { from: "0-1" }, stop.signal)
  ) {
    seen.push(...names([item]));
    stop.abort();
  }
  assertEquals(seen, ["a"]);
  assertEquals(waits.length, 2);
  assert(waits[0]?.includes("stopped"));
});

Deno.test("readStream() hands a malformed event on and continues", async () => {
  const { http } = scripted(() => ({
    frames: [
      { id: "1000-0", event: "create", data: { type: "create" } },
      main("2000-0", "a"),
      heartbeat("2000-0"),
    ],
  }));
  const items = await readAll(optionsFor(http), { from: "0-1" });
  assertEquals(
    items.filter(({ kind }) => kind !== "position").map(({ kind }) => kind),
    ["malformed", "event"],
  );
});

Deno.test("firstPosition() recovers up to the platform's clock, less a minute", () => {
  assertEquals(firstPosition("0-0", "until-now", NOW), {
    from: "0-0",
    recoverUntil: new Date(NOW - 60_000).toISOString(),
  });
  assertEquals(firstPosition("0-0", "off", NOW), { from: "0-0" });
  assertEquals(firstPosition("5000-0", "1970-01-01T00:00:01Z", NOW), {
    from: "5000-0",
  });
});
