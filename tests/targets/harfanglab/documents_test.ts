/** Sigma rules and YARA files. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  FOREIGN_SIGMA_ID,
  FOREIGN_YARA_RULE,
} from "../../../src/simulator/harfanglab/foreign.ts";
import { type Bench, scenario, sigma, START, yara } from "./bench.ts";

const ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";
const OTHER_ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

function rule(pattern: string, more: Record<string, unknown> = {}) {
  return { pattern_type: "sigma", pattern, ...more };
}

function file(pattern: string, more: Record<string, unknown> = {}) {
  return { pattern_type: "yara", pattern, ...more };
}

/** `name: content's Sigma id`, with ` off` where it is disabled. */
function sigmas(bench: Bench): string[] {
  return bench.rules("SigmaRule").map(({ name, rule_id, enabled }) =>
    `${name}: ${rule_id}${enabled === true ? "" : " off"}`
  ).sort();
}

function files(bench: Bench): string[] {
  return bench.rules("YaraFile").map(({ name, rule_names, enabled }) =>
    `${name}: ${rule_names}${enabled === true ? "" : " off"}`
  ).sort();
}

for (const sigmaIdMode of ["same", "separate"] as const) {
  for (const remove_indicator of [true, false]) {
    const mode = remove_indicator ? "deletes" : "disables";
    const set = { settings: { remove_indicator }, options: { sigmaIdMode } };
    scenario(`${mode} a Sigma rule, ids ${sigmaIdMode}`, async (bench) => {
      await bench.settle(bench.event("a", rule(sigma(ID))));
      assertEquals(sigmas(bench), [`a: ${ID}`]);
      assertEquals(bench.writes(), ["POST SigmaRule"]);
      await bench.settle(bench.update("a", rule(sigma(ID), { name: "new" })));
      assertEquals(sigmas(bench), [`new: ${ID}`]);
      assertEquals(bench.lastBody("PATCH", "SigmaRule").content, undefined);
      await bench.settle(
        bench.update("a", rule(sigma(ID, "worse.exe"), { name: "new" })),
      );
      assertStringIncludes(
        `${bench.rules("SigmaRule")[0]?.content}`,
        "worse.exe",
      );
      assertEquals(bench.writes(), ["PATCH SigmaRule", "PATCH SigmaRule"]);
      await bench.settle(bench.remove("a", rule(sigma(ID))));
      assertEquals(
        sigmas(bench),
        remove_indicator ? [] : [`new: ${ID} off`],
      );
      await bench.settle(bench.event("a", rule(sigma(ID))));
      assertEquals(sigmas(bench), [`a: ${ID}`]);
    }, set);
  }
}

for (const remove_indicator of [true, false]) {
  const mode = remove_indicator ? "deletes" : "disables";
  scenario(`${mode} a YARA file`, async (bench) => {
    await bench.settle(bench.event("a", file(yara("One", "Two"))));
    assertEquals(files(bench), ["a: One,Two"]);
    await bench.settle(bench.update(
      "a",
      file(yara("One", "Two"), {
        name: "new",
      }),
    ));
    assertEquals(files(bench), ["new: One,Two"]);
    // The double makes the id of the rules' names: it changes with them.
    await bench.settle(bench.update("a", file(yara("One", "Three"))));
    await bench.settle(bench.update("a", file(yara("Four"))));
    assertEquals(files(bench), ["a: Four"]);
    await bench.settle(
      bench.update("a", { ...file(yara("Four")), revoked: true }),
    );
    assertEquals(files(bench), remove_indicator ? [] : ["a: Four off"]);
    await bench.settle(bench.update("a", file(yara("Four"))));
    assertEquals(files(bench), ["a: Four"]);
  }, { settings: { remove_indicator } });
}

scenario(
  "keeps rules of equal names apart, and renames the right one",
  async (bench) => {
    const named = { name: "same name" };
    await bench.settle(
      bench.event("a", rule(sigma(ID), named)),
      bench.event("b", rule(sigma(OTHER_ID), named)),
    );
    await bench.settle(
      bench.update("b", rule(sigma(OTHER_ID), { name: "renamed" })),
    );
    assertEquals(sigmas(bench), [`renamed: ${OTHER_ID}`, `same name: ${ID}`]);
    await bench.settle(bench.remove("a", rule(sigma(ID), named)));
    assertEquals(sigmas(bench), [`renamed: ${OTHER_ID}`]);
  },
);

scenario(
  "cuts names over 100 characters, so that they stay apart",
  async (bench) => {
    const name = `  ${"n".repeat(150)}`;
    await bench.settle(
      bench.event("a", rule(sigma(ID), { name })),
      bench.event("b", rule(sigma(OTHER_ID), { name })),
    );
    const names = bench.rules("SigmaRule").map((item) => `${item.name}`);
    assertEquals(new Set(names).size, 2);
    for (const one of names) assert(/^n{93}~[0-9a-f]{6}$/.test(one), one);
  },
);

scenario(
  "makes a new rule when the Sigma id changes, then removes the old",
  async (bench) => {
    await bench.settle(bench.event("a", rule(sigma(ID))));
    bench.writes();
    await bench.settle(bench.update("a", rule(sigma(OTHER_ID))));
    assertEquals(sigmas(bench), [`a: ${OTHER_ID}`]);
    assertEquals(bench.writes(), ["POST SigmaRule", "DELETE SigmaRule"]);
  },
);

scenario("keeps the old rule when the new one is refused", async (bench) => {
  await bench.settle(bench.event("a", rule(sigma(ID))));
  const broken = `${sigma(OTHER_ID)}\n`.replace("detection:", "detection: &a");
  bench.console.faults.next({
    do: "status",
    status: 201,
    contentType: "application/json",
    body: JSON.stringify({
      status: [{
        status: false,
        code: "invalid_sigma_content",
        content: "Unknown modifier",
      }],
    }),
  }, { method: "POST", path: "SigmaRule", times: Infinity });
  const [outcome] = await bench.deliver(bench.update("a", rule(broken)));
  assertEquals(
    outcome,
    'rejected: SigmaRule "a": HarfangLab refuses it although it answers 201: ' +
      "invalid_sigma_content: Unknown modifier",
  );
  assertEquals(sigmas(bench), [`a: ${ID}`]);
});

scenario("gives a rule without an id one that stays", async (bench) => {
  await bench.settle(bench.event("a", rule(sigma(undefined))));
  const [before] = sigmas(bench);
  assert(/^a: [0-9a-f-]{36}$/.test(before ?? ""), before);
  await bench.settle(
    bench.update("a", rule(sigma(undefined, "other.exe"), { name: "a" })),
  );
  assertEquals(sigmas(bench), [before]);
  assertStringIncludes(`${bench.rules("SigmaRule")[0]?.content}`, "other.exe");
});

scenario("gives one rule to two indicators of one Sigma id", async (bench) => {
  await bench.settle(bench.event("a", rule(sigma(ID, "a.exe"))));
  await bench.settle(bench.event("b", rule(sigma(ID, "b.exe"))));
  assertEquals(sigmas(bench), [`b: ${ID}`]);
  assertStringIncludes(`${bench.rules("SigmaRule")[0]?.content}`, "b.exe");
  await bench.settle(bench.remove("b", rule(sigma(ID, "b.exe"))));
  assertEquals(sigmas(bench), [`a: ${ID}`]);
  assertStringIncludes(`${bench.rules("SigmaRule")[0]?.content}`, "a.exe");
  await bench.settle(bench.update("a", { ...rule(sigma(ID)), revoked: true }));
  assertEquals(sigmas(bench), []);
});

scenario(
  "leaves a Sigma rule in a list of others alone, and says so once",
  async (bench) => {
    const foreign = rule(sigma(FOREIGN_SIGMA_ID));
    const left = "skipped: HarfangLab has this rule in another source list, " +
      "which is left alone";
    assertEquals(await bench.deliver(bench.event("a", foreign)), [left]);
    assertEquals(await bench.deliver(bench.update("a", foreign)), [left]);
    const warnings = bench.services.logged.filter((line) =>
      line.startsWith("warn HarfangLab has this rule")
    );
    assertEquals(warnings.length, 1);
    await bench.settle(bench.remove("a", foreign));
    assertEquals(sigmas(bench), []);
  },
);

scenario("leaves a YARA file in a list of others alone", async (bench) => {
  const [outcome] = await bench.deliver(
    bench.event("a", file(yara(FOREIGN_YARA_RULE))),
  );
  assert(outcome?.startsWith("skipped: HarfangLab has this rule"), outcome);
  await bench.settle(bench.remove("a", file(yara(FOREIGN_YARA_RULE))));
  assertEquals(files(bench), []);
});

scenario("makes the rule once the one of others is gone", async (bench) => {
  const foreign = bench.event("a", rule(sigma(OTHER_ID)));
  const { store } = bench.console;
  const source = [...store.sources.SigmaRule.values()][0]!;
  const others = { ...foreign, internalId: "b" };
  await bench.settle(others);
  const stored = bench.rules("SigmaRule")[0]!;
  const ours = stored.source_id;
  stored.source_id = source.id;
  await bench.forget();
  await bench.prepare();
  await bench.deliver(foreign);
  assertEquals(sigmas(bench), []);
  stored.source_id = ours;
  store.rules.SigmaRule.delete(stored.id);
  await bench.settle(bench.update("a", rule(sigma(OTHER_ID))));
  assertEquals(sigmas(bench), [`a: ${OTHER_ID}`]);
});

// deno-fmt-ignore
const NO_SIGMA: readonly (readonly [pattern: string, why: string])[] = [
  ["title: [",                                          "no YAML"],
  ["just text",                                         "no mapping"],
  [sigma(ID).replace(/title.*\n/, ""),                  "no title"],
  [sigma(ID).replace(/logsource:\n.*\n.*\n/, ""),       "no logsource"],
  [sigma(ID).replace(/ {4}condition.*\n/, ""),          "no detection.condition"],
  [`${sigma(ID)}---\n${sigma(OTHER_ID)}`,               "several documents"],
  [`${sigma(ID)}correlation:\n    type: event_count\n`, "a correlation"],
  [sigma(ID).replace(ID, "12"),                         "an id that is no text"],
];

for (const [pattern, why] of NO_SIGMA) {
  scenario(`sends no Sigma rule with ${why}`, async (bench) => {
    const [outcome] = await bench.deliver(bench.event("a", rule(pattern)));
    assertStringIncludes(
      outcome ?? "",
      `skipped: not sent: a Sigma rule with ${why}`,
    );
    assertEquals(bench.writes(), []);
  });
}

// deno-fmt-ignore
const NO_YARA: readonly (readonly [pattern: string, why: string])[] = [
  ["",                               "no rule"],
  ["// nothing",                     "no rule"],
  [yara("One") + yara("One"),        'two rules called "One"'],
  [yara("private"),                  'a rule called "private"'],
  ["rule A { condition: true",       "no } at the end"],
  ["rule A { strings: $a = \"x\" }", "no condition"],
  ["condition: true",                '"condition" outside'],
  ["include \"x.yar\"",              "an include"],
];

for (const [pattern, why] of NO_YARA) {
  scenario(
    `sends no YARA file with ${why}: ${pattern.slice(0, 20)}`,
    async (bench) => {
      const [outcome] = await bench.deliver(bench.event("a", file(pattern)));
      assertStringIncludes(
        outcome ?? "",
        `skipped: not sent: a YARA file with ${why}`,
      );
      assertEquals(bench.writes(), []);
    },
  );
}

scenario("takes a rule back that is none any more", async (bench) => {
  await bench.settle(bench.event("a", rule(sigma(ID))));
  await bench.settle(bench.update("a", rule("title: broken")));
  assertEquals(sigmas(bench), []);
});

scenario(
  "keeps the first of two files that HarfangLab takes for one",
  async (bench) => {
    await bench.settle(bench.event("a", file(yara("One"))));
    const changed = yara("One").replace('"One"', '"other"');
    assertEquals(
      await bench.deliver(bench.event("b", file(changed))),
      ['skipped: HarfangLab takes it for the file of "a"'],
    );
    assertEquals(files(bench), ["a: One"]);
    const warning = bench.services.loggedWhole.find((line) =>
      line.includes("takes for one")
    );
    assertStringIncludes(warning ?? "", '"indicator":"b","kept":"a"');
    // The second has its turn once the first is gone.
    await bench.settle(bench.remove("a", file(yara("One"))));
    assertEquals(files(bench), ["b: One"]);
    assertStringIncludes(`${bench.rules("YaraFile")[0]?.content}`, "other");
    await bench.settle(bench.remove("b", file(changed)));
    assertEquals(files(bench), []);
  },
);

scenario(
  "shares a YARA file between indicators of one content",
  async (bench) => {
    await bench.settle(bench.event("a", file(yara("One"))));
    await bench.settle(bench.event("b", file(yara("One"))));
    assertEquals(files(bench), ["b: One"]);
    await bench.settle(bench.update("b", file(yara("Two"))));
    assertEquals(files(bench), ["a: One", "b: Two"]);
    await bench.settle(bench.remove("a", file(yara("One"))));
    assertEquals(files(bench), ["b: Two"]);
  },
);

scenario("reports what the engine has against a stored rule", async (bench) => {
  const refused = "rejected: HarfangLab has stored the rule, but its engine " +
    "refuses it: too slow";
  const event = bench.event("a", rule(sigma(ID)));
  assertEquals(await bench.deliver(event), [refused]);
  bench.writes();
  // It is not sent again until it changes.
  assertEquals(await bench.deliver(event), [refused]);
  assertEquals(bench.writes(), []);
  bench.console.settings.engineErrors = () => [];
  await bench.settle(bench.update("a", rule(sigma(ID, "fast.exe"))));
  assertEquals(sigmas(bench), [`a: ${ID}`]);
}, { options: { engineErrors: () => ["too slow"] } });

scenario("finds a rule that the report does not name", async (bench) => {
  await bench.settle(
    bench.event("a", rule(sigma(ID))),
    bench.event("b", file(yara("One"))),
  );
  await bench.settle(
    bench.update("a", rule(sigma(ID), { name: "x" })),
    bench.update("b", file(yara("One"), { name: "y" })),
  );
  assertEquals([...sigmas(bench), ...files(bench)], [`x: ${ID}`, "y: One"]);
}, { options: { emptyReport: true } });

scenario("disables a rule that a correlation needs", async (bench) => {
  await bench.settle(bench.event("a", rule(sigma(ID))));
  bench.console.store.linked.add(bench.rules("SigmaRule")[0]!.id);
  await bench.settle(bench.remove("a", rule(sigma(ID))));
  assertEquals(sigmas(bench), [`a: ${ID} off`]);
  assert(bench.services.logged.some((line) => line.includes("disabled, not")));
});

scenario("follows an indicator from one language to another", async (bench) => {
  await bench.settle(bench.event("a"));
  await bench.settle(bench.update("a", rule(sigma(ID))));
  assertEquals([bench.iocs(), sigmas(bench)], [[], [`a: ${ID}`]]);
  await bench.settle(bench.update("a", file(yara("One"))));
  assertEquals([sigmas(bench), files(bench)], [[], ["a: One"]]);
  await bench.settle(bench.update("a"));
  assertEquals([bench.iocs(), files(bench)], [["domain_name|a.test"], []]);
});

scenario("makes no write call for rules that are sent again", async (bench) => {
  const events = [
    bench.event("a", rule(sigma(ID))),
    bench.event("b", rule(sigma(ID, "b.exe"))),
    bench.event("c", file(yara("One"))),
    bench.update("c", file(yara("Two"))),
    bench.event("d", rule(sigma(OTHER_ID))),
    bench.remove("d", rule(sigma(OTHER_ID))),
  ];
  for (const event of events) await bench.settle(event);
  bench.writes();
  bench.restart();
  await bench.prepare();
  for (const event of events) await bench.settle(event);
  assertEquals(bench.writes(), []);
});

scenario("lets no older rule undo a newer one", async (bench) => {
  const old = bench.event("a", rule(sigma(ID, "old.exe")));
  await bench.settle(bench.update("a", rule(sigma(ID, "new.exe"))));
  await bench.settle(old);
  assertStringIncludes(`${bench.rules("SigmaRule")[0]?.content}`, "new.exe");
  const late = bench.event("b", file(yara("One")));
  const gone = bench.remove("b", file(yara("One")));
  await bench.settle(bench.event("b", file(yara("Two"))));
  await bench.settle(late, gone);
  assertEquals(files(bench), ["b: Two"]);
});

scenario("ends rules whose time is over", async (bench) => {
  const until = { valid_until: new Date(START + 60_000).toISOString() };
  await bench.settle(
    bench.event("a", rule(sigma(ID), until)),
    bench.event("b", file(yara("One"), until)),
    bench.event("c", until),
    bench.event("d"),
  );
  bench.pass(120_000);
  const stop = new AbortController();
  const running = bench.target.background!(stop.signal);
  for (let tries = 0; bench.iocs().length > 1 && tries < 400; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (let tries = 0; files(bench).length > 0 && tries < 400; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stop.abort();
  await running;
  assertEquals(bench.iocs(), ["domain_name|d.test"]);
  assertEquals([...sigmas(bench), ...files(bench)], []);
});
