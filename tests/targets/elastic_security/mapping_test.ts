import { assert, assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import {
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../../src/stix/object.ts";
import {
  type MappingContext,
  mayMoveValues,
  toPlan,
} from "../../../src/targets/elastic_security/mapping.ts";
import {
  type DetectionRule,
  repeatsAlerts,
  toRule,
} from "../../../src/targets/elastic_security/rule.ts";
import rules from "../../fixtures/elastic/rules.json" with { type: "json" };

const CONTEXT: MappingContext = {
  now: Date.parse("2026-03-02T10:00:00.000Z"),
  externalUrl: "https://cti.example.org",
  expireDays: 90,
  rulesEnabled: true,
  ruleIndexPatterns: [
    "logs-*",
    "filebeat-*",
    "packetbeat-*",
    "winlogbeat-*",
    "-logs-ti_*",
  ],
  names: new Map([[
    "identity--4ef3f1f8-0c3a-5c5e-9f3b-6b3b8a0f1c11",
    "ACME CERT",
  ]]),
  markings: new Map(),
};

function event(
  object: Record<string, unknown>,
  rest: Partial<StreamEvent> = {},
): StreamEvent {
  const full = { id: `${object.type}--1`, ...object } as unknown as StixObject;
  return {
    id: "1772445600000-0",
    version: 1772445600000000,
    action: "create",
    cause: "created",
    internalId: "00000001-aaaa-4bbb-8ccc-dddddddddd01",
    object: full,
    bytes: 100,
    ...rest,
  };
}

for (const { title, input, expected } of rules.cases) {
  Deno.test(`toPlan() makes a rule of ${title}`, () => {
    const plan = toPlan(event(input as Record<string, unknown>), CONTEXT);
    assert(typeof plan !== "string" && plan.rule.do === "write");
    assertEquals(plan.rule.rule, expected as unknown as DetectionRule);
    assertEquals(plan.documents.length, 1);
  });
}

const KQL = {
  type: "indicator",
  name: "n",
  pattern: "a:b",
  pattern_type: "kql",
  modified: "2026-03-01T00:00:00Z",
};

Deno.test("toPlan() says what becomes of documents and rule", () => {
  const ip = { type: "ipv4-addr", value: "192.0.2.1" };
  const update = { action: "update", cause: "changed" } as const;
  const gone = { action: "delete", cause: "deleted" } as const;
  const past = "2026-03-02T10:00:00Z";
  const old = {
    extensions: {
      [OCTI_EXTENSION]: { updated_at: "2025-11-30T23:00:00Z" },
    },
  };
  // deno-fmt-ignore
  const cases: [StreamEvent, documents: number, rule: string, withheld?: string][] = [
    [event(ip),                                       1, "drop"],
    [event({ ...ip, ...old }),                        0, "drop",    "expired"],
    [event(ip, gone),                                 0, "drop"],
    [event(KQL),                                      1, "write"],
    [event({ ...KQL, revoked: true }, update),        0, "disable", "revoked"],
    [event({ ...KQL, valid_until: past }, update),    0, "disable", "expired"],
    [event(KQL, gone),                                0, "remove"],
    [event({ ...KQL, pattern_type: "sigma" }, update), 1, "drop"],
    [event({ ...KQL, pattern_type: "sigma" }, gone),  0, "drop"],
    [event({ type: "ipv4-addr" }),                    0, "drop",    "ipv4-addr without a value that could be matched"],
  ];
  for (const [input, documents, rule, withheld] of cases) {
    const plan = toPlan(input, CONTEXT);
    assert(typeof plan !== "string");
    assertEquals(
      [plan.documents.length, plan.rule.do, plan.withheld],
      [documents, rule, withheld],
    );
  }
});

Deno.test("toPlan() never expires where 0 days are configured", () => {
  const object = { ...KQL, modified: "2001-01-01T00:00:00Z" };
  const plan = toPlan(event(object), { ...CONTEXT, expireDays: 0 });
  assert(typeof plan !== "string");
  assertEquals(plan.withheld, undefined);
});

Deno.test("toPlan() says why a type is skipped", () => {
  assertEquals(
    toPlan(event({ type: "report" }), CONTEXT),
    "type report has no place in Elastic Security",
  );
  assertEquals(
    toPlan(event({ type: "payment-card", value: "x" }), CONTEXT),
    "type payment-card is not copied to Elastic Security: sensitive, and " +
      "not matchable",
  );
  assertEquals(
    typeof toPlan(event({ type: "constructor" }), CONTEXT),
    "string",
  );
});

Deno.test("toRule() switches off what is not for detection", () => {
  const off = {
    ...KQL,
    extensions: { [OCTI_EXTENSION]: { detection: false } },
  };
  const plan = toPlan(event(off), CONTEXT);
  assert(typeof plan !== "string" && plan.rule.do === "write");
  assertEquals(plan.rule.rule.enabled, false);
  assertEquals(plan.documents.length, 1);
});

Deno.test("toRule() bounds and rounds the risk score", () => {
  const risk = (score: unknown, confidence?: unknown) => {
    const rule = toRule(
      event({
        ...KQL,
        confidence,
        extensions: { [OCTI_EXTENSION]: { score } },
      }).object,
      { ...CONTEXT, enabled: true, indexPatterns: [] },
    );
    return [rule?.risk_score, rule?.severity];
  };
  assertEquals(risk(120), [100, "critical"]);
  assertEquals(risk(79.5), [80, "critical"]);
  assertEquals(risk(60), [60, "high"]);
  assertEquals(risk(null, 40), [40, "medium"]);
  assertEquals(risk("90", "x"), [50, "medium"]);
  assertEquals(risk(0), [0, "low"]);
});

Deno.test("repeatsAlerts() finds ES|QL without document ids", () => {
  const rule = (query: string) =>
    ({
      rule_id: "r",
      type: "esql",
      language: "esql",
      enabled: true,
      query,
    }) as DetectionRule;
  assert(repeatsAlerts(rule("FROM logs-* | WHERE a == 1")));
  assert(!repeatsAlerts(rule("from logs-* metadata _id, _index | limit 1")));
  assert(!repeatsAlerts(rule("FROM logs-* | STATS c = COUNT(*) BY a")));
});

Deno.test("mayMoveValues() trusts only changes that are listed", () => {
  const changed = (...pointers: string[]) =>
    mayMoveValues(
      event(KQL, { action: "update", cause: "changed", changed: pointers }),
    );
  assert(
    !changed("/labels/0", "/modified", `/extensions/${SCO_EXTENSION}/score`),
  );
  assert(changed("/labels/0", "/pattern"));
  assert(changed("/labelsx"));
  assert(changed(`/extensions/${OCTI_EXTENSION}/observable_values/0/value`));
  assert(!mayMoveValues(event(KQL)));
  assert(mayMoveValues(event(KQL, { cause: "recovered" })));
  assert(mayMoveValues(event(KQL, { action: "update", cause: "changed" })));
});
