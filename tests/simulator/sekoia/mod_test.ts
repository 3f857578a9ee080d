/** The double is as strict as its description. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  type SekoiaOptions,
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";

const DAY_MS = 86_400_000;
const PATH = "/v2/inthreat/ioc-collections";

interface Reply {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>;

interface Given {
  readonly server: SimulatedSekoia;
  readonly ask: Ask;
  /** Path of the collection. */
  readonly at: string;
  readonly clock: { at: number };
}

function behaves(
  name: string,
  test: (given: Given) => Promise<void>,
  options: SekoiaOptions = {},
): void {
  Deno.test(`startSekoia() ${name}`, async () => {
    const clock = { at: Date.parse("2026-02-01T08:00:00Z") };
    const server = await startSekoia({ now: () => clock.at, ...options });
    const ask: Ask = async (method, path, body, headers = {}) => {
      const answer = await fetch(server.url + path, {
        method,
        headers: {
          authorization: `Bearer ${server.apiKey}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        body: text === "" ? undefined : JSON.parse(text),
      };
    };
    try {
      const at = `${PATH}/${server.collectionId}`;
      await test({ server, ask, at, clock });
    } finally {
      await server.stop();
    }
  });
}

const one = (value: string, fields: Record<string, unknown> = {}) => ({
  indicators: [{ value }],
  default_fields: fields,
});

behaves("answers 401 without the key, 403 without the permission", async (
  { ask, at, server },
) => {
  assertEquals(await ask("GET", at, undefined, { authorization: "Bearer x" }), {
    status: 401,
    body: { message: "The token is invalid", code: "T300" },
  });
  server.account.canManage = false;
  assertEquals((await ask("GET", at)).status, 200);
  assertEquals((await ask("POST", `${at}/indicators`, one("a.b"))).status, 403);
  server.account.canView = false;
  assertEquals((await ask("GET", at)).status, 403);
});

behaves(
  "knows its own path alone, and its own collections",
  async ({ ask }) => {
    for (const path of ["/", "/v2/inthreat", "/ioc-collections", `${PATH}x`]) {
      assertEquals((await ask("GET", path)).status, 404, path);
    }
    for (const path of ["", "/indicators", "/indicators/x"]) {
      const { status, body } = await ask("GET", `${PATH}/nope${path}`);
      assertEquals([status, body.code], [404, "INTHREAT2500"]);
    }
  },
);

behaves("takes a slash at the end", async ({ ask, at }) => {
  const { status } = await ask("POST", `${at}/indicators/`, one("a.example"));
  assertEquals(status, 200);
  assertEquals((await ask("GET", `${PATH}/`)).status, 200);
});

behaves("lists and makes collections", async ({ ask, server }) => {
  const made = await ask("POST", PATH, { name: "OpenCTI test" });
  assertEquals([made.status, made.body.name], [201, "OpenCTI test"]);
  assertEquals((await ask("POST", PATH, { name: "OpenCTI test" })).status, 201);
  assertEquals((await ask("POST", PATH, {})).status, 400);
  assertEquals((await ask("POST", PATH, { name: "a", b: 1 })).status, 400);
  const found = await ask("GET", `${PATH}?term=test&limit=1`);
  assertEquals([found.body.items.length, found.body.total], [1, 2]);
  assertEquals("indicators_count" in found.body.items[0], false);
  const counted = await ask("GET", `${PATH}?with_indicators_count=true`);
  assertEquals(
    counted.body.items[0].indicators_count,
    server.foreign.length,
  );
  assertEquals((await ask("GET", `${PATH}?limit=101`)).status, 400);
});

behaves("answers with the item, its pattern and its type", async (
  { ask, at },
) => {
  const fields = {
    description: "d",
    valid_from: "2026-02-01T00:00:00Z",
    valid_until: "2026-05-01T00:00:00Z",
    kill_chain_phases: [{
      kill_chain_name: "mitre-attack",
      phase_name: "execution",
    }],
  };
  const { status, body } = await ask(
    "POST",
    `${at}/indicators`,
    one("203.0.113.7", fields),
  );
  assertEquals([status, body.total], [200, 1]);
  const [{ id, created, modified, x_ic_collection_ref, ...item }] = body.items;
  assert(id.startsWith("indicator--"));
  assertEquals(created, modified);
  assert(at.endsWith(x_ic_collection_ref));
  assertEquals(item, {
    type: "indicator",
    name: "203.0.113.7",
    ...fields,
    pattern: "[ipv4-addr:value = '203.0.113.7']",
    pattern_type: "stix",
    revoked: false,
    x_ic_observable_types: ["ipv4-addr"],
  });
});

const BAD: readonly (readonly [why: string, body: unknown])[] = [
  ["no default_fields", { indicators: [{ value: "a.example" }] }],
  ["no indicators", { default_fields: {} }],
  ["no items", { indicators: [], default_fields: {} }],
  ["101 items", {
    indicators: Array.from(
      { length: 101 },
      (_i, at) => ({ value: `a${at}.b` }),
    ),
    default_fields: {},
  }],
  ["an unknown member", { ...one("a.example"), format: "x" }],
  ["a format per value", {
    indicators: [{ value: "a.example", format: "x" }],
    default_fields: {},
  }],
  ["501 characters", one("a.example", { description: "x".repeat(501) })],
  ["a date that is none", one("a.example", { valid_from: "2026-02-01" })],
  [
    "an end before the beginning",
    one("a.example", {
      valid_from: "2026-02-02T00:00:00Z",
      valid_until: "2026-02-01T00:00:00Z",
    }),
  ],
  [
    "a phase with more members",
    one("a.example", {
      kill_chain_phases: [{
        kill_chain_name: "mitre-attack",
        phase_name: "x",
        extensions: {},
      }],
    }),
  ],
  [
    "a threat of OpenCTI",
    one("a.example", { x_ic_related_threat_refs: ["threat-actor--1"] }),
  ],
];

for (const [why, body] of BAD) {
  behaves(`refuses ${why}`, async ({ ask, at, server }) => {
    const { status } = await ask("POST", `${at}/indicators`, body);
    assertEquals(status, 400);
    assertEquals(server.ours(), []);
  });
}

behaves("ignores what is no value, without a word", async ({ ask, at }) => {
  const values = ["203.0.113.0/24", "x", "a b.example", "example", ""];
  const { body, status } = await ask("POST", `${at}/indicators`, {
    indicators: [...values.slice(0, 4), "fine.example"].map((value) => ({
      value,
    })),
    default_fields: {},
  });
  assertEquals(status, 200);
  assertEquals(
    body.items.map(({ name }: { name: string }) => name),
    ["fine.example"],
  );
});

for (const duplicateMode of ["same_id", "new_id", "ignored"] as const) {
  behaves(`treats a duplicate as ${duplicateMode}`, async (
    { ask, at, server },
  ) => {
    const post = (description: string) =>
      ask("POST", `${at}/indicators`, one("a.example", { description }));
    const [first] = (await post("one")).body.items;
    const [second] = (await post("two")).body.items;
    const said = second === undefined
      ? "ignored"
      : second.id === first.id
      ? "same_id"
      : "new_id";
    assertEquals(said, duplicateMode);
    assertEquals(server.active().length, duplicateMode === "new_id" ? 2 : 1);
    const [stored] = server.active();
    assertEquals(
      stored?.properties.description,
      duplicateMode === "same_id" ? "two" : "one",
    );
  }, { settings: { duplicateMode } });
}

behaves("keeps to the quota, and stores nothing of what exceeds it", async (
  { ask, at, server },
) => {
  const two = {
    indicators: [{ value: "a.example" }, { value: "b.example" }],
    default_fields: {},
  };
  const refused = await ask("POST", `${at}/indicators`, two);
  assertEquals([refused.status, refused.body.code], [400, "INTHREAT2510"]);
  assertEquals(server.ours(), []);
  await ask("POST", `${at}/indicators`, one("a.example"));
  assertEquals((await ask("GET", `${PATH}/count-total-iocs`)).body, {
    count: 7,
    max: 7,
  });
  // A value that is there takes no more room.
  assertEquals(
    (await ask("POST", `${at}/indicators`, one("a.example"))).status,
    200,
  );
}, { settings: { max: 7 } });

behaves("finds whatever contains the text, revoked ones too, by pages", async (
  { ask, at, server },
) => {
  const { store } = server;
  for (let index = 0; index < 130; index++) {
    store.add(server.collection(), `a${index}evil.example`, {});
  }
  store.revoke(server.collection(), server.active()[0]!);
  const page = async (query: string) =>
    (await ask("GET", `${at}/indicators?${query}`)).body;
  const usual = await page("term=evil.example");
  assertEquals([usual.items.length, usual.total, usual.has_more], [
    20,
    130,
    true,
  ]);
  const last = await page("term=evil.example&limit=100&offset=100");
  assertEquals([last.items.length, last.has_more], [30, false]);
  assertEquals((await ask("GET", `${at}/indicators?limit=0`)).status, 400);
});

behaves("updates five fields, never the value", async ({ ask, at }) => {
  const { body } = await ask("POST", `${at}/indicators`, one("a.example"));
  const path = `${at}/indicators/${body.items[0].id}`;
  const put = (fields: unknown) => ask("PUT", path, fields);
  assertEquals((await put({ description: "new" })).body.description, "new");
  assertEquals((await put({ value: "b.example" })).status, 400);
  assertEquals((await put({ pattern: "[x]" })).status, 400);
  assertEquals(
    (await ask("PUT", `${at}/indicators/indicator--x`, {})).status,
    404,
  );
});

behaves("revokes for ever, deletes a day later", async ({ ask, at, clock }) => {
  const { body } = await ask("POST", `${at}/indicators`, one("a.example"));
  const path = `${at}/indicators/${body.items[0].id}`;
  const force = () => ask("DELETE", path, { force_deletion: true });
  assertEquals((await force()).status, 400);
  for (let times = 2; times > 0; times--) {
    const { status, body } = await ask("DELETE", path);
    assertEquals([status, body.revoked], [200, true]);
  }
  clock.at += DAY_MS - 1;
  assertEquals((await force()).status, 400);
  clock.at += 1;
  assertEquals(
    (await ask("DELETE", `${path}?force_deletion=true`)).status,
    200,
  );
  assertEquals((await force()).status, 404);
  const again = await ask("POST", `${at}/indicators`, one("a.example"));
  assert(again.body.items[0].id !== body.items[0].id);
});

behaves("imports text after a while, hashes of a line as one", async (
  { ask, at, server },
) => {
  const md5 = "9e107d9d372bb6826bd81d3542a419d6";
  const sha1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
  const { status, body } = await ask("POST", `${at}/indicators/text`, {
    format: "file.hashes",
    indicators: `${md5},${sha1}\nnot a hash\n${md5}`,
  });
  assertEquals([status, typeof body.task_id], [202, "string"]);
  assertEquals(server.active(), []);
  while (server.active().length === 0) await ask("GET", at);
  assertEquals(server.active().map(({ pattern }) => pattern), [
    `[file:hashes.MD5 = '${md5}' AND file:hashes.'SHA-1' = '${sha1}']`,
    `[file:hashes.MD5 = '${md5}']`,
  ]);
  const unknown = { format: "hash", indicators: md5 };
  assertEquals(
    (await ask("POST", `${at}/indicators/text`, unknown)).status,
    400,
  );
}, { settings: { textDelayMs: 30 } });

behaves("does what its faults say", async ({ ask, at, server }) => {
  const { faults } = server;
  faults.next({ do: "status", status: 429, retryAfter: 1 }, { times: 2 });
  assertEquals([
    (await ask("GET", at)).status,
    (await ask("GET", at)).status,
    (await ask("GET", at)).status,
  ], [429, 429, 200]);
  faults.next({ do: "reset" }, { times: 2 });
  await assertRejects(() => ask("GET", at));
  faults.clear();
  faults.next({ do: "lose-answer" }, { method: "PUT", times: 2 });
  const [stored] = server.collection().indicators.values();
  const path = `${at}/indicators/${stored?.id}`;
  await assertRejects(() => ask("PUT", path, { description: "x" }));
  assertEquals(stored?.properties.description, "x");
  faults.chaos({ rate: 1, seed: 1 });
  await ask("GET", at).catch(() => {});
  assert(faults.chaosHits >= 1);
});

behaves("takes JSON alone, and no packed body", async ({ ask, at, server }) => {
  const path = `${at}/indicators`;
  const body = one("packed.example");
  const plain = await ask("POST", path, body, { "content-type": "text/plain" });
  assertEquals(plain.status, 415);
  const packed = await fetch(server.url + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${server.apiKey}`,
      "content-type": "application/json",
      "content-encoding": "gzip",
    },
    body: new Uint8Array(gzipSync(JSON.stringify(body))),
  });
  assertEquals([packed.status, await packed.json()], [400, {
    message: "The body is packed",
    code: "INTHREAT2400",
  }]);
  assertEquals(server.ours(), []);
});
