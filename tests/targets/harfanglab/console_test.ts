/** How the target bears with the console: lists, faults, releases, analysts. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  ConfigError,
  LoginError,
  TransientError,
} from "../../../src/errors.ts";
import { makeCertificate } from "../../http/certificates.ts";
import { tlsFront } from "../../http/tls_front.ts";
import { wordOf } from "../outcome_word.ts";
import { Bench, scenario, sigma, yara } from "./bench.ts";
import { LIST } from "./far_side.ts";

const SIGMA_ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";

function oneOfEach(bench: Bench) {
  return [
    bench.event("a"),
    bench.event("b", { pattern_type: "sigma", pattern: sigma(SIGMA_ID) }),
    bench.event("c", { pattern_type: "yara", pattern: yara("One") }),
  ];
}

function counts(bench: Bench): number[] {
  return (["IOCRule", "SigmaRule", "YaraFile"] as const).map((kind) =>
    bench.rules(kind).length
  );
}

scenario(
  "makes the three lists, and uses them the next time",
  async (bench) => {
    const { sources } = bench.console.store;
    const ids = Object.values(sources).map((map) =>
      [...map.values()].filter(({ name }) => name === LIST).map(({ id }) => id)
    );
    assertEquals(ids.map(({ length }) => length), [1, 1, 1]);
    await bench.restart().prepare(bench.signal);
    assertEquals(bench.writes(), []);
  },
);

scenario("finds a list that somebody made at the same time", async (bench) => {
  bench.console.faults.next({
    do: "status",
    status: 400,
    contentType: "application/json",
    body: '{"name": ["source with this name already exists."]}',
  }, { method: "POST", path: "SigmaSource" });
  const raced = bench.prepare();
  // Nothing is there yet: the list that "exists" is not found.
  await assertRejects(() => raced, TransientError);
  bench.console.store.addSource("SigmaRule", { name: LIST });
  await bench.prepare();
  await bench.settle(...oneOfEach(bench));
  assertEquals(counts(bench), [1, 1, 1]);
}, { prepared: false });

scenario(
  "warns of a list that is disabled, and leaves it so",
  async (bench) => {
    const { store } = bench.console;
    store.addSource("IOCRule", { name: LIST, enabled: false });
    await bench.prepare();
    assert(bench.services.logged.some((line) => line.includes("is disabled")));
    const list = [...store.sources.IOCRule.values()].at(-1);
    assertEquals(list?.enabled, false);
  },
  { prepared: false },
);

scenario(
  "makes all rules again whose list was deleted during the run",
  async (bench) => {
    await bench.settle(...oneOfEach(bench), bench.event("d"));
    const { store } = bench.console;
    for (const kind of ["IOCRule", "SigmaRule", "YaraFile"] as const) {
      const [list] = [...store.sources[kind].values()].filter(({ name }) =>
        name === LIST
      );
      store.deleteSource(kind, list!.id);
    }
    assertEquals(counts(bench), [0, 0, 0]);
    // New rules show that the lists are gone.
    await bench.settle(
      bench.event("e"),
      bench.event("f", {
        pattern_type: "sigma",
        pattern: sigma("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
      }),
      bench.event("g", { pattern_type: "yara", pattern: yara("Two") }),
    );
    assertEquals(counts(bench), [3, 2, 2]);
    await bench.settle(bench.remove("a"));
    assertEquals(bench.iocs(), ["domain_name|d.test", "domain_name|e.test"]);
  },
);

scenario(
  "makes all rules again when a list is another one at the start",
  async (bench) => {
    await bench.settle(...oneOfEach(bench));
    const { store } = bench.console;
    const list = [...store.sources.IOCRule.values()].find(({ name }) =>
      name === LIST
    );
    store.deleteSource("IOCRule", list!.id);
    await bench.restart().prepare(bench.signal);
    assertEquals(counts(bench), [1, 1, 1]);
  },
);

scenario("goes on making rules again after trouble", async (bench) => {
  const names = Array.from({ length: 30 }, (_, at) => `i${at}`);
  await bench.settle(...names.map((name) => bench.event(name)));
  const { store, faults } = bench.console;
  const list = [...store.sources.IOCRule.values()].find(({ name }) =>
    name === LIST
  );
  store.deleteSource("IOCRule", list!.id);
  faults.next({ do: "status", status: 503 }, {
    method: "POST",
    path: "IOCRule",
    skip: 10,
    times: 20,
  });
  await assertRejects(
    () => bench.restart().prepare(bench.signal),
    TransientError,
  );
  assert(bench.rules().length < 30);
  faults.clear();
  await bench.restart().prepare(bench.signal);
  assertEquals(bench.rules().length, 30);
});

scenario("says that the token is refused, then goes on", async (bench) => {
  bench.console.settings.token = "another";
  const events = oneOfEach(bench);
  const error = await assertRejects(() => bench.deliver(...events), LoginError);
  assertStringIncludes(`${error}`, "make an API token");
  bench.console.settings.token = bench.console.token;
  await bench.settle(...events);
  assertEquals(counts(bench), [1, 1, 1]);
});

scenario("says that the token may only read", async (bench) => {
  const error = await assertRejects(() => bench.prepare(), LoginError);
  assertStringIncludes(`${error}`, "may not do this");
  const results = await bench.target.check(bench.signal);
  assertEquals(results.map(({ subject, status }) => [subject, status]), [
    ["HarfangLab", "ok"],
    ["rights", "failed"],
    ["list of IOCRules", "ok"],
    ["list of SigmaRules", "ok"],
    ["list of YaraFiles", "ok"],
  ]);
}, { prepared: false, options: { readOnly: true } });

scenario("says that the address is not that of a console", async (bench) => {
  const target = bench.restart({ url: `${bench.console.url}/wrong` });
  const error = await assertRejects(
    () => target.prepare(bench.signal),
    ConfigError,
  );
  assertStringIncludes(`${error}`, '"url"');
}, { prepared: false });

scenario("takes the API's own path in the address", async (bench) => {
  await bench.restart({ url: `${bench.console.url}/api/` }).prepare(
    bench.signal,
  );
  await bench.settle(bench.event("a"));
}, { prepared: false });

// deno-fmt-ignore
const WAITS: readonly (readonly [says: number | undefined, waits: number])[] = [
  [undefined, 60_000],
  [90,        90_000],
  [4000,     300_000],
];

for (const [says, waits] of WAITS) {
  scenario(`waits ${waits} ms where a 429 says ${says} s`, async (bench) => {
    bench.console.faults.next({
      do: "status",
      status: 429,
      ...(says === undefined ? {} : { retryAfter: says }),
    }, { method: "POST" });
    const event = bench.event("a");
    const [outcome] = await bench.target.deliver([event], bench.signal);
    assertEquals(outcome?.status === "retry" && outcome.afterMs, waits);
    await bench.settle(event);
  });
}

scenario("bears with a login page instead of an answer", async (bench) => {
  bench.console.faults.next({
    do: "status",
    status: 200,
    contentType: "text/html",
    body: "<html>Please log in</html>",
  });
  const events = oneOfEach(bench);
  const outcomes = await bench.target.deliver(events, bench.signal);
  assert(outcomes.some(({ status }) => status === "retry"));
  await bench.settle(...events);
  assertEquals(counts(bench), [1, 1, 1]);
});

scenario(
  "stops asking a console that fails, and loses nothing",
  async (bench) => {
    const events = Array.from({ length: 50 }, (_, at) => bench.event(`i${at}`));
    bench.console.faults.next({ do: "status", status: 500 }, {
      times: Infinity,
    });
    const outcomes = await bench.target.deliver(events, bench.signal);
    assert(outcomes.every(({ status }) => status === "retry"));
    assert(bench.console.requests.count() < 25);
    bench.console.faults.clear();
    await bench.settle(...events);
    assertEquals(bench.rules().length, 50);
  },
);

scenario("passes by a value that is refused for good", async (bench) => {
  bench.console.faults.next({
    do: "status",
    status: 400,
    contentType: "application/json",
    body: '{"value": ["Ensure this field has no more than 5 characters."]}',
  }, { method: "POST", path: "IOCRule", skip: 1 });
  const outcomes = [];
  for (const name of ["good", "poison", "fine"]) {
    outcomes.push(...await bench.deliver(bench.event(name)));
  }
  assertEquals(outcomes, [
    "delivered",
    'rejected: IOC rule "domain_name|poison.test": HarfangLab refuses it: ' +
    "value: Ensure this field has no more than 5 characters.",
    "delivered",
  ]);
  assertEquals(bench.iocs(), [
    "domain_name|fine.test",
    "domain_name|good.test",
  ]);
  // What was refused once is tried again when a person asks for it.
  const again = bench.event("poison");
  await bench.settle({ ...again, version: again.version - 2 });
  assertEquals(bench.iocs().length, 3);
});

scenario("makes a rule again that somebody deleted", async (bench) => {
  await bench.settle(bench.event("a"));
  bench.console.store.rules.IOCRule.delete(bench.ioc("a.test").id);
  await bench.settle(bench.update("a", { description: "new" }));
  assertEquals(bench.ioc("a.test").description, "new");
  bench.console.store.rules.IOCRule.delete(bench.ioc("a.test").id);
  await bench.settle(bench.remove("a"));
});

scenario(
  "takes over a rule of its value that somebody made in our list",
  async (bench) => {
    await bench.settle(bench.event("x"));
    const rule = structuredClone(bench.ioc("x.test"));
    bench.console.store.rules.IOCRule.set("hand", {
      ...rule,
      id: "hand",
      value: "a.test",
      comment: "by hand",
    });
    await bench.settle(bench.event("a"));
    assertEquals(bench.ioc("a.test").id, "hand");
    assertEquals(bench.comment("a.test").indicator_id, "indicator--a");
    assert(bench.services.logged.some((line) => line.includes("taking over")));
  },
);

for (const state of ["block", "quarantine"]) {
  for (const remove_indicator of [true, false]) {
    scenario(
      `leaves ${state} as an analyst set it, ${remove_indicator}`,
      async (bench) => {
        await bench.settle(...oneOfEach(bench));
        const set = () => {
          for (const kind of ["IOCRule", "SigmaRule", "YaraFile"] as const) {
            const [rule] = bench.rules(kind);
            bench.console.store.settle(rule!, { global_state: state });
          }
        };
        const states = () =>
          (["IOCRule", "SigmaRule", "YaraFile"] as const).map((kind) =>
            bench.rules(kind)[0]?.global_state
          );
        set();
        await bench.settle(
          bench.update("a", { description: "new" }),
          bench.update("b", {
            pattern_type: "sigma",
            pattern: sigma(SIGMA_ID, "new.exe"),
          }),
          bench.update("c", {
            pattern_type: "yara",
            pattern: yara("One", "Two"),
          }),
        );
        assertEquals(states(), [state, state, state]);
        if (remove_indicator) return;
        // Disabled by us, then set by an analyst: given back as they set it.
        await bench.settle(bench.update("a", { revoked: true }));
        set();
        await bench.settle(bench.update("a"));
        assertEquals(states(), [state, state, state]);
      },
      { settings: { remove_indicator } },
    );
  }
}

scenario("leaves a rule off that an analyst switched off", async (bench) => {
  await bench.settle(bench.event("a"));
  bench.console.store.settle(bench.ioc("a.test"), { global_state: "disabled" });
  await bench.settle(bench.update("a", { description: "new" }));
  assertEquals(bench.iocs(), ["domain_name|a.test off"]);
  assertEquals(bench.ioc("a.test").description, "new");
});

for (const withGlobalState of [true, false]) {
  scenario(
    `disables and enables where global_state is ${withGlobalState}`,
    async (bench) => {
      await bench.settle(...oneOfEach(bench));
      const body = (path: string) => bench.lastBody("PATCH", path);
      const gone = oneOfEach(bench).map((event) => ({
        ...event,
        action: "delete" as const,
        cause: "deleted" as const,
      }));
      await bench.settle(...gone);
      for (const kind of ["IOCRule", "SigmaRule", "YaraFile"]) {
        assertEquals(
          body(kind),
          withGlobalState
            ? { enabled: false, global_state: "disabled" }
            : { enabled: false },
        );
      }
      await bench.settle(...oneOfEach(bench));
      assertEquals(body("IOCRule").enabled, true);
      assertEquals(
        body("IOCRule").global_state,
        withGlobalState ? "alert" : undefined,
      );
      assertEquals(bench.iocs(), ["domain_name|a.test"]);
    },
    { settings: { remove_indicator: false }, options: { withGlobalState } },
  );
}

scenario(
  "gives new rules the action that is set, and changes none",
  async (bench) => {
    await bench.settle(...oneOfEach(bench));
    assertEquals(bench.ioc("a.test").global_state, "block");
    assertEquals(bench.rules("SigmaRule")[0]?.block_on_agent, true);
    bench.console.store.settle(bench.ioc("a.test"), { global_state: "alert" });
    await bench.settle(bench.update("a", { description: "new" }));
    assertEquals(bench.ioc("a.test").global_state, "alert");
  },
  { settings: { rule_action: "block" } },
);

scenario("gives rules the maturity that is set", async (bench) => {
  await bench.settle(...oneOfEach(bench));
  for (const kind of ["IOCRule", "SigmaRule", "YaraFile"] as const) {
    assertEquals(bench.rules(kind)[0]?.hl_status, "testing");
  }
  assertEquals(bench.writes(), [
    "POST IOCRule",
    "POST SigmaRule",
    "POST YaraFile",
  ]);
}, { settings: { rule_maturity: "testing" } });

scenario(
  "sets the maturity again that the console ignores in a new rule",
  async (bench) => {
    await bench.settle(...oneOfEach(bench));
    for (const kind of ["IOCRule", "SigmaRule", "YaraFile"] as const) {
      assertEquals(bench.rules(kind)[0]?.hl_status, "testing");
    }
  },
  {
    settings: { rule_maturity: "testing" },
    options: { ignoreTestingOnCreate: true },
  },
);

scenario(
  "gives references to rules of a release that has them",
  async (bench) => {
    const external_references = [
      { source_name: "x", url: "https://report.example/1" },
      { source_name: "y" },
      { source_name: "z", url: "javascript:alert(1)" },
    ];
    await bench.settle(bench.event("a", { external_references }));
    assertEquals(bench.ioc("a.test").references, ["https://report.example/1"]);
  },
);

for (
  const [score, level] of [
    [100, "critical"],
    [90, "critical"],
    [89, "high"],
    [70, "high"],
    [40, "medium"],
    [20, "low"],
    [19, "informational"],
    [0, "informational"],
  ] as const
) {
  scenario(`gives score ${score} the level ${level}`, async (bench) => {
    await bench.settle(bench.event("a", { score }));
    assertEquals(bench.ioc("a.test").rule_level_override, level);
    await bench.settle(bench.update("a", { score: 100 }));
    assertEquals(bench.ioc("a.test").rule_level_override, "critical");
  }, { settings: { map_score_to_level: true } });
}

scenario(
  "reads lists of several pages, whatever their addresses",
  async (bench) => {
    const events = Array.from({ length: 25 }, (_, at) => bench.event(`i${at}`));
    await bench.settle(...events);
    bench.console.settings.nextMode = "absolute";
    await bench.forget();
    await bench.prepare();
    bench.writes();
    await bench.settle(...events);
    assertEquals(bench.writes(), []);
    assertEquals(bench.rules().length, 25);
  },
  { settings: { page_size: 7 } },
);

scenario("asks in paths that end in a slash alone", async (bench) => {
  await bench.settle(...oneOfEach(bench));
  await bench.target.check(bench.signal);
  for (const { path, status } of bench.console.requests.list) {
    assert(path.endsWith("/") && status !== 301, `${status} ${path}`);
  }
});

scenario("keeps to the pace that is set", async (bench) => {
  const events = Array.from({ length: 30 }, (_, at) => bench.event(`i${at}`));
  bench.restart({ max_requests_per_second: 100 });
  const startedAt = performance.now();
  await bench.settle(...events);
  // 250 ms of it may be made up for at once.
  const least = (bench.console.requests.count() - 26) * 10;
  assert(least > 0);
  assert(performance.now() - startedAt >= least);
});

const CERTIFICATE = makeCertificate("localhost", {
  names: ["localhost", "127.0.0.1"],
});

scenario("verifies the certificate unless told otherwise", async (bench) => {
  await using front = await tlsFront(bench.console.url, CERTIFICATE);
  const error = await assertRejects(
    () => bench.restart({ url: front.url }).prepare(bench.signal),
    ConfigError,
  );
  assertStringIncludes(`${error}`, "certificate");
  const off = { url: front.url, ssl_verify: "False" };
  await bench.restart(off).prepare(bench.signal);
  await bench.settle(bench.event("a"));
  assertEquals(bench.iocs(), ["domain_name|a.test"]);
}, { prepared: false });

Deno.test("HarfanglabTarget goes on while another console is down", async () => {
  const [up, down] = [await Bench.start(), await Bench.start()];
  try {
    await Promise.all([up.prepare(), down.prepare()]);
    down.console.faults.next({ do: "reset" }, { times: Infinity });
    await up.settle(up.event("a"));
    const [outcome] = await down.target.deliver([down.event("a")], down.signal);
    assertEquals(outcome?.status, "retry");
    assertEquals(up.iocs(), ["domain_name|a.test"]);
    down.console.faults.clear();
    await down.settle(down.event("a"));
    assertEquals(down.iocs(), up.iocs());
  } finally {
    await Promise.all([up.stop(), down.stop()]);
  }
});

scenario("plans what it would send", async (bench) => {
  const events = [
    ...oneOfEach(bench),
    bench.remove("x"),
    bench.event("y", { type: "report" }),
  ];
  const actions = await bench.target.plan(events, bench.signal);
  assertEquals(
    actions.map(({ object, action, to }) => [object, action, to]),
    [
      ["a", "write", `IOC rules of "${LIST}"`],
      ["b", "write", `SigmaRule of "${LIST}"`],
      ["c", "write", `YaraFile of "${LIST}"`],
      ["x", "skip", undefined],
      ["y", "skip", undefined],
    ],
  );
  assertEquals(bench.writes(), []);
  assertEquals(bench.iocs(), []);
  const outcomes = await bench.target.deliver(events, bench.signal);
  assertEquals(outcomes.map(wordOf).slice(0, 3), [
    "delivered",
    "delivered",
    "delivered",
  ]);
  const [ioc] = actions;
  assertEquals((ioc?.payload as { value: string }).value, "a.test");
});
