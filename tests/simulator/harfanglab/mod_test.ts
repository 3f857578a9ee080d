/** The simulated console, held to the description of the API. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type HarfanglabOptions,
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";

const ROOT = "/api/data/threat_intelligence";

// deno-lint-ignore no-explicit-any
type Json = any;

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

interface Bench extends SimulatedHarfanglab {
  ask(method: string, path: string, body?: unknown): Promise<Answered>;
  /** Below the root of the threat intelligence API. */
  ti(method: string, path: string, body?: unknown): Promise<Answered>;
  /** Id of a new list. */
  list(kind: string, name?: string): Promise<string>;
}

function scenario(
  name: string,
  run: (bench: Bench) => Promise<void>,
  options: HarfanglabOptions = {},
): void {
  Deno.test(`startHarfanglab() ${name}`, async () => {
    const console = await startHarfanglab({ foreign: false, ...options });
    const ask = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${console.url}${path}`, {
        method,
        redirect: "manual",
        headers: {
          authorization: `Token ${console.token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const { status, headers } = answer;
      const isJson = headers.get("content-type") === "application/json";
      return {
        status,
        headers,
        body: text !== "" && isJson ? JSON.parse(text) : text,
      };
    };
    const ti: Bench["ti"] = (method, path, body) =>
      ask(method, `${ROOT}/${path}`, body);
    try {
      await run({
        ...console,
        ask,
        ti,
        async list(kind, name = "ours") {
          const { body } = await ti("POST", `${kind}Source/`, { name });
          return body.id;
        },
      });
    } finally {
      await console.stop();
    }
  });
}

function sigma(id: string): string {
  return `title: T\nid: ${id}\ndetection:\n  s:\n    a: 1\n  condition: s\n`;
}

scenario("takes its own token alone", async ({ ask, settings }) => {
  assertEquals((await ask("GET", "/api/version/")).status, 200);
  settings.token = "another";
  const { status, body } = await ask("GET", "/api/version/");
  assertEquals([status, body], [401, { detail: "Invalid token." }]);
});

scenario("lets a token that may read do no more", async ({ ti }) => {
  assertEquals((await ti("GET", "IOCRule/")).status, 200);
  for (const method of ["POST", "PATCH", "DELETE"]) {
    const { status } = await ti(method, "IOCRule/x/", {});
    assertEquals(status, 403);
  }
}, { readOnly: true });

scenario("redirects paths that do not end in a slash", async ({ ti }) => {
  for (const method of ["GET", "POST", "PATCH", "DELETE"]) {
    const body = method === "GET" ? undefined : {};
    const { status, headers } = await ti(method, "IOCRule?limit=1", body);
    assertEquals(status, 301);
    assertEquals(headers.get("location"), `${ROOT}/IOCRule/?limit=1`);
  }
  assertEquals((await ti("GET", "Unknown/")).status, 404);
  assertEquals((await ti("PUT", "IOCRule/")).status, 405);
});

scenario("has one list of a name per kind", async ({ ti }) => {
  const made = await ti("POST", "IOCSource/", { name: "ours" });
  assertEquals([made.status, made.body.enabled], [201, true]);
  const again = await ti("POST", "IOCSource/", { name: "ours" });
  assertEquals(again.status, 400);
  assert(`${again.body.name}`.includes("already exists"));
  assertEquals(
    (await ti("POST", "SigmaSource/", { name: "ours" })).status,
    201,
  );
  const found = await ti("GET", "IOCSource/?name__exact=ours");
  assertEquals(found.body.results.length, 1);
});

scenario(
  "pages through lists, with addresses of both kinds",
  async ({ ti, list, settings, url }) => {
    const source_id = await list("IOC");
    for (let at = 0; at < 45; at++) {
      const rule = { source_id, type: "filename", value: `f${at}` };
      assertEquals((await ti("POST", "IOCRule/", rule)).status, 201);
    }
    const first = (await ti("GET", "IOCRule/")).body;
    assertEquals([first.count, first.results.length, first.previous], [
      45,
      20,
      null,
    ]);
    assertEquals(first.next, `${ROOT}/IOCRule/?limit=20&offset=20`);
    const last = (await ti("GET", "IOCRule/?limit=20&offset=40")).body;
    assertEquals([last.results.length, last.next], [5, null]);
    settings.nextMode = "absolute";
    const { next } = (await ti("GET", "IOCRule/")).body;
    assertEquals(next, `${url}${ROOT}/IOCRule/?limit=20&offset=20`);
  },
);

scenario(
  "filters exactly, searches loosely, ignores what it does not know",
  async ({ ti, list }) => {
    const source_id = await list("IOC");
    for (const value of ["evil.com", "notevil.com"]) {
      await ti("POST", "IOCRule/", { source_id, type: "domain_name", value });
    }
    const count = async (query: string) =>
      (await ti("GET", `IOCRule/?${query}`)).body.count;
    assertEquals(await count("value__exact=evil.com"), 1);
    assertEquals(await count("search=EVIL.com"), 2);
    assertEquals(await count("type=url"), 0);
    assertEquals(await count(`source_id=${source_id}`), 2);
    assertEquals(await count("unknown=1"), 2);
  },
);

const HASH = "9e107d9d372bb6826bd81d3542a419d6";

// deno-fmt-ignore
const REFUSED: readonly (readonly [change: Record<string, unknown>, field: string])[] = [
  [{ source_id: "none" },              "source_id"],
  [{ type: "domain" },                 "type"],
  [{ type: null },                     "type"],
  [{ value: "" },                      "value"],
  [{ value: 7 },                       "value"],
  [{ value: undefined },               "value"],
  [{ type: "hash", value: "abc" },     "value"],
  [{ comment: { a: 1 } },              "comment"],
  [{ hl_status: "new" },               "hl_status"],
  [{ global_state: "on" },             "global_state"],
  [{ enabled: "yes" },                 "enabled"],
];

for (const [change, field] of REFUSED) {
  scenario(
    `refuses an IOC rule with ${JSON.stringify(change)}`,
    async ({ ti, list }) => {
      const rule = { source_id: await list("IOC"), type: "url", value: "u" };
      const { status, body } = await ti("POST", "IOCRule/", {
        ...rule,
        ...change,
      });
      assertEquals([status, Object.keys(body)], [400, [field]]);
    },
  );
}

scenario("has one IOC rule of a value, type and list", async ({ ti, list }) => {
  const rule = { source_id: await list("IOC"), type: "hash", value: HASH };
  const made = await ti("POST", "IOCRule/", rule);
  assertEquals([made.status, made.body.enabled, made.body.hl_status], [
    201,
    true,
    "testing",
  ]);
  const again = await ti("POST", "IOCRule/", rule);
  assertEquals([again.status, again.body], [400, {
    __all__: ["['Ioc rule with this Type, Value and Source already exists.']"],
  }]);
  const other = await ti("POST", "IOCRule/", { ...rule, type: "filename" });
  const path = `IOCRule/${other.body.id}/`;
  assertEquals((await ti("PATCH", path, { type: "hash" })).status, 400);
  assertEquals((await ti("PATCH", path, { comment: 1 })).status, 400);
  const patched = await ti("PATCH", path, { comment: null, enabled: false });
  assertEquals([patched.status, patched.body.enabled], [200, false]);
  assertEquals((await ti("DELETE", path)).status, 204);
  for (const method of ["GET", "DELETE"]) {
    assertEquals((await ti(method, path)).status, 404);
  }
  assertEquals((await ti("PATCH", path, {})).status, 404);
});

scenario(
  "keeps enabled, global_state and the agent's flags in agreement",
  async ({ ti, list }) => {
    const made = await ti("POST", "IOCRule/", {
      source_id: await list("IOC"),
      type: "url",
      value: "u",
      global_state: "backend_alert",
    });
    const path = `IOCRule/${made.body.id}/`;
    const after = async (body: unknown) => {
      const rule = (await ti("PATCH", path, body)).body;
      const { global_state, enabled, block_on_agent, quarantine_on_agent } =
        rule;
      return [global_state, enabled, block_on_agent, quarantine_on_agent];
    };
    assertEquals(made.body.global_state, "alert");
    assertEquals(await after({ global_state: "quarantine" }), [
      "quarantine",
      true,
      true,
      true,
    ]);
    assertEquals(await after({ global_state: "block" }), [
      "block",
      true,
      true,
      false,
    ]);
    assertEquals(await after({ description: "x" }), [
      "block",
      true,
      true,
      false,
    ]);
    assertEquals((await after({ enabled: false }))[0], "disabled");
    assertEquals(
      (await after({ enabled: true, global_state: "alert" }))[0],
      "alert",
    );
  },
);

scenario(
  "has no global_state where the release has none",
  async ({ ti, list }) => {
    const { body } = await ti("POST", "IOCRule/", {
      source_id: await list("IOC"),
      type: "url",
      value: "u",
      global_state: "block",
    });
    assertEquals("global_state" in body, false);
  },
  { withGlobalState: false },
);

for (const sigmaIdMode of ["same", "separate"] as const) {
  scenario(
    `reports on Sigma rules, ids ${sigmaIdMode}`,
    async ({ ti, list }) => {
      const source_id = await list("Sigma");
      const other = await list("Sigma", "others");
      const rule = { source_id, name: " T ", content: sigma("one") };
      const made = await ti("POST", "SigmaRule/", rule);
      const [element] = made.body.status;
      assertEquals([made.status, element.status], [201, true]);
      assertEquals(element.id === "one", sigmaIdMode === "same");
      const stored = (await ti("GET", `SigmaRule/${element.id}/`)).body;
      assertEquals([stored.rule_id, stored.rule_name, stored.name], [
        "one",
        "T",
        "T",
      ]);
      assert(stored.content.startsWith("detection:"), "written anew");
      const again = await ti("POST", "SigmaRule/", rule);
      assertEquals([again.status, again.body.status[0].code], [
        201,
        "duplicate_rule",
      ]);
      const elsewhere = await ti("POST", "SigmaRule/", {
        ...rule,
        source_id: other,
      });
      assertEquals([elsewhere.status, Object.keys(elsewhere.body)], [400, [
        "id",
      ]]);
      const path = `SigmaRule/${element.id}/`;
      const changed = { content: sigma("two") };
      assertEquals((await ti("PATCH", path, changed)).status, 400);
      const patched = await ti("PATCH", path, { name: "new" });
      assertEquals([patched.status, patched.body.errors], [200, []]);
      const over = { ...rule, name: "over", overwrite: true };
      assertEquals(
        (await ti("POST", "SigmaRule/", over)).body.status[0].status,
        true,
      );
      assertEquals((await ti("DELETE", path)).status, 204);
    },
    { sigmaIdMode },
  );
}

scenario(
  "refuses Sigma rules in a report with status 201",
  async ({ ti, list }) => {
    const source_id = await list("Sigma");
    for (const content of ["a: [", "title: T\nid: x\n", "text"]) {
      const rule = { source_id, name: "n", content };
      const { status, body } = await ti("POST", "SigmaRule/", rule);
      assertEquals([status, body.status[0].status, body.status[0].code], [
        201,
        false,
        "invalid_sigma_content",
      ]);
    }
    const long = { source_id, name: "n".repeat(101), content: sigma("x") };
    const { status, body } = await ti("POST", "SigmaRule/", long);
    assertEquals([status, Object.keys(body)], [400, ["name"]]);
  },
);

scenario(
  "keeps a Sigma rule that a correlation needs",
  async ({ ti, list, store }) => {
    const source_id = await list("Sigma");
    const rule = { source_id, name: "n", content: sigma("x") };
    const [{ id }] = (await ti("POST", "SigmaRule/", rule)).body.status;
    store.linked.add(id);
    const { status, body } = await ti("DELETE", `SigmaRule/${id}/`);
    assertEquals([status, body.code], [400, "linked_sigma_rule"]);
  },
);

scenario(
  "tells YARA files apart by the names of their rules",
  async ({ ti, list }) => {
    const source_id = await list("Yara");
    const content = "rule B { condition: true }\nrule A { condition: true }";
    const file = { source_id, name: "n", content };
    const [{ id }] = (await ti("POST", "YaraFile/", file)).body.status;
    const stored = (await ti("GET", `YaraFile/${id}/`)).body;
    assertEquals(stored.rule_names, ["B", "A"]);
    const same = await ti("POST", "YaraFile/", {
      ...file,
      name: "other",
      content: "rule A { condition: false }\nrule B { condition: false }",
    });
    assertEquals([same.status, same.body], [400, {
      id: ["Yara file with this Id already exists."],
    }]);
    for (const broken of ["rule A {", "rule A { }", "no rule", "}"]) {
      const { body } = await ti("POST", "YaraFile/", {
        ...file,
        content: broken,
      });
      assertEquals(body.status[0].status, false);
    }
  },
);

scenario("may say nothing of what it stored", async ({ ti, list }) => {
  const source_id = await list("Sigma");
  const rule = { source_id, name: "n", content: sigma("x") };
  const { status, body } = await ti("POST", "SigmaRule/", rule);
  assertEquals([status, body], [201, { status: [] }]);
  assertEquals((await ti("GET", "SigmaRule/")).body.count, 1);
}, { emptyReport: true });

scenario("may store rules as stable whatever is sent", async ({ ti, list }) => {
  const rule = { source_id: await list("IOC"), type: "url", value: "u" };
  const { body } = await ti("POST", "IOCRule/", {
    ...rule,
    hl_status: "testing",
  });
  assertEquals(body.hl_status, "stable");
  const patched = await ti("PATCH", `IOCRule/${body.id}/`, {
    hl_status: "testing",
  });
  assertEquals(patched.body.hl_status, "testing");
}, { ignoreTestingOnCreate: true });

scenario("loses its rules with a list", async ({ ti, list, store }) => {
  const source_id = await list("IOC");
  const rule = { source_id, type: "url", value: "u" };
  await ti("POST", "IOCRule/", rule);
  store.deleteSource("IOCRule", source_id);
  assertEquals((await ti("GET", "IOCRule/")).body.count, 0);
  const { status, body } = await ti("POST", "IOCRule/", rule);
  assertEquals([status, Object.keys(body)], [400, ["source_id"]]);
});

scenario("holds what others made from the start", async ({ ti }) => {
  const counts = [];
  for (const kind of ["IOCRule", "SigmaRule", "YaraFile"]) {
    counts.push((await ti("GET", `${kind}/`)).body.count);
  }
  assertEquals(counts, [6, 1, 1]);
}, { foreign: true });

scenario(
  "has faults, and notes what was asked",
  async ({ ti, faults, requests }) => {
    faults.next({ do: "status", status: 429, retryAfter: 7 }, { times: 2 });
    faults.next({
      do: "status",
      status: 200,
      contentType: "text/html",
      body: "<html>",
    });
    for (let times = 0; times < 2; times++) {
      const { status, headers } = await ti("GET", "IOCRule/");
      assertEquals([status, headers.get("retry-after")], [429, "7"]);
    }
    assertEquals((await ti("GET", "IOCRule/")).body, "<html>");
    // A client may try once more by itself.
    const fault = faults.next({ do: "reset" }, { times: Infinity });
    await assertRejects(() => ti("GET", "IOCRule/"));
    fault.remove();
    assertEquals((await ti("GET", "IOCRule/")).status, 200);
    assert(requests.count("GET", "IOCRule") >= 5);
  },
);
