/** The blocks `filter` and `delete_budget`, and the age of dead letters. */
import { assertEquals } from "@std/assert";
import { linesOf } from "../../src/config/guards.ts";
import { ENV, load, problemsOf } from "./fixture.ts";

const SOC = "{name: soc, type: elastic-security, url: https://a.example, " +
  "api_key: k";

Deno.test("loadConfig() reads every key of a filter", async () => {
  const config = await load({
    yaml: `connector:
  filter:
    types: [indicator, Report]
    pattern_types: stix, sigma
    labels_any: apt
    labels_none: [test]
    min_score: 50
    min_confidence: "60"
    authors: ACME
    max_tlp: tlp:amber+strict
    max_age: 30d
    detection_only: yes
    exclude_values: .example.org
    exclude_values_file: ours.txt
`,
    files: {
      "ours.txt": "# ours\r\n10.0.0.0/8 # lan\n\nhttps://a.example/#x\n",
    },
  });
  assertEquals(config.targets[0]?.filter, {
    types: ["indicator", "Report"],
    patternTypes: ["stix", "sigma"],
    labelsAny: ["apt"],
    labelsNone: ["test"],
    minScore: 50,
    minConfidence: 60,
    authors: ["ACME"],
    maxTlp: "AMBER+STRICT",
    maxAgeMs: 2_592_000_000,
    detectionOnly: true,
    excludeValues: [".example.org", "10.0.0.0/8", "https://a.example/#x"],
  });
  const { targets } = config.effective as {
    targets: { filter: Record<string, unknown> }[];
  };
  assertEquals(targets.length, 1);
});

Deno.test("loadConfig() lets a target's keys stand over those of connector", async () => {
  const yaml = `connector:
  filter: {min_score: 50, max_tlp: AMBER}
  delete_budget: {count: 5, share: 10}
targets:
  - ${SOC}, filter: {min_score: 0, types: indicator}, delete_budget: {window: 2h}}
  - {name: lab, type: elastic-security, url: https://b.example, api_key: k}
`;
  const { targets } = await load({ yaml });
  const budget = { count: 5, share: 0.1 };
  assertEquals(
    targets.map(({ filter, deleteBudget }) => [filter, deleteBudget]),
    [
      [
        { minScore: 0, maxTlp: "AMBER", types: ["indicator"] },
        { ...budget, windowMs: 7_200_000 },
      ],
      [{ minScore: 50, maxTlp: "AMBER" }, { ...budget, windowMs: 3_600_000 }],
    ],
  );
});

Deno.test("loadConfig() reads filter and budget from variables", async () => {
  const env = {
    ...ENV,
    CONNECTOR_FILTER_MIN_SCORE: "70",
    CONNECTOR_FILTER_MAX_TLP: "white",
    CONNECTOR_DELETE_BUDGET_SHARE: "100",
    DEAD_LETTERS_MAX_AGE: "90d",
  };
  const config = await load({ env });
  const [target] = config.targets;
  assertEquals(target?.filter, { minScore: 70, maxTlp: "CLEAR" });
  assertEquals(target?.deleteBudget.share, 1);
  assertEquals(config.deadLetters, { maxAgeMs: 7_776_000_000 });
  assertEquals((await load({})).deadLetters, {});
});

Deno.test("loadConfig() says what is wrong with a filter", async () => {
  assertEquals(
    await problemsOf({
      yaml: `connector:
  filter: {min_scor: 5, max_tlp: purple, min_confidence: 101}
targets:
  - ${SOC}, filter: {exclude_values_file: gone.txt, lable: x}, delete_budget: {share: 101}}
`,
    }),
    [
      'connector.filter.min_scor (line 2): unknown key "min_scor"; did you mean "min_score"?',
      "connector.filter.min_confidence (line 2): 101 is out of range; use 0 to 100",
      'connector.filter.max_tlp (line 2): "purple" is no TLP level; use CLEAR, ' +
      "GREEN, AMBER, AMBER+STRICT, RED",
      'targets[0].filter.exclude_values_file (line 4): the file "gone.txt" ' +
      "cannot be read: it does not exist",
      'targets[0].filter.lable (line 4): unknown key "lable"; use one of ' +
      "authors, detection_only, exclude_values, exclude_values_file, " +
      "labels_any, labels_none, max_age, max_tlp, min_confidence, min_score, " +
      "pattern_types, types",
      "targets[0].delete_budget.share (line 4): 101 is out of range; use 0 to 100",
    ],
  );
});

Deno.test("linesOf() knows comments from fragments", () => {
  assertEquals(linesOf("a\n #b\nc #d\ne#f\r\n\t\n g \n"), [
    "a",
    "c",
    "e#f",
    "g",
  ]);
});
