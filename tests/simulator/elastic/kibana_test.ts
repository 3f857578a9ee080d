import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Json, ndjson, withElastic } from "./client.ts";

const RULES = "/api/detection_engine/rules";

/** The smallest KQL rule. */
const RULE = {
  rule_id: "opencti-1",
  type: "query",
  language: "kuery",
  query: 'process.name : "rundll32.exe"',
  name: "OpenCTI: one",
  description: "Synthetic.",
  risk_score: 75,
  severity: "high",
};

const FULL = {
  ...RULE,
  enabled: true,
  interval: "5m",
  from: "now-6m",
  to: "now",
  max_signals: 100,
  index: ["logs-*", "-logs-ti_*"],
  tags: ["opencti", "threat-intel"],
  author: ["ACME CERT"],
  false_positives: [],
  references: ["https://cti.example.org/dashboard/id/1"],
  threat: [{
    framework: "MITRE ATT&CK",
    tactic: {
      id: "TA0005",
      name: "Defense Evasion",
      reference: "https://attack.mitre.org/tactics/TA0005/",
    },
    technique: [],
  }],
  meta: { opencti_id: "1", pattern_type: "kql" },
};

Deno.test("POST rules makes a rule with defaults, ids and times", () =>
  withElastic(async ({ kb, rules }) => {
    const { status, body } = await kb("POST", RULES, { body: RULE });
    assertEquals(status, 200);
    assertEquals(
      [
        body.rule_id,
        body.version,
        body.revision,
        body.interval,
        body.from,
        body.to,
        body.enabled,
        body.max_signals,
      ],
      ["opencti-1", 1, 0, "5m", "now-6m", "now", true, 100],
    );
    assertEquals(body.created_at, "2026-03-02T10:00:00.000Z");
    assertEquals(rules().map(({ id }) => id), [body.id]);
    const again = await kb("POST", RULES, { body: RULE });
    assertEquals([again.status, again.body], [409, {
      message: 'rule_id: "opencti-1" already exists',
      status_code: 409,
    }]);
  }));

Deno.test("POST rules takes each of the four query languages", () =>
  withElastic(async ({ kb }) => {
    const { language: _language, index, ...rest } = FULL;
    const bodies = [
      FULL,
      { ...rest, index, language: "lucene" },
      {
        ...rest,
        index,
        type: "eql",
        language: "eql",
        query: "process where true",
      },
      {
        ...rest,
        type: "esql",
        language: "esql",
        query: "FROM logs-* METADATA _id, _index, _version",
      },
      {
        ...rest,
        index,
        type: "threat_match",
        threat_query: "*:*",
        threat_index: ["logs-ti_*"],
        threat_mapping: [{
          entries: [{
            field: "destination.ip",
            type: "mapping",
            value: "threat.indicator.ip",
          }],
        }],
      },
    ];
    for (const [at, body] of bodies.entries()) {
      const answer = await kb("POST", RULES, {
        body: { ...body, rule_id: `r${at}` },
      });
      assertEquals(answer.status, 200, answer.text);
    }
  }));

// deno-fmt-ignore
const WRONG: readonly [Json, string][] = [
  [{ name: undefined }, "name: Required"],
  [{ name: "" }, "name: String must contain at least 1 character(s)"],
  [{ description: "" }, "description: String must contain at least 1 character(s)"],
  [{ risk_score: 101 }, "risk_score: Number must be less than or equal to 100"],
  [{ risk_score: 0.5 }, "risk_score: Expected integer, received float"],
  [{ risk_score: "75" }, "risk_score: Expected number, received string"],
  [{ severity: "severe" }, "severity: Invalid enum value. Expected 'low' | 'medium' | 'high' | 'critical', received 'severe'"],
  [{ type: "kql" }, "type: Invalid discriminator value. Expected 'eql' | 'query' | 'saved_query' | 'threshold' | 'threat_match' | 'machine_learning' | 'new_terms' | 'esql'"],
  [{ language: "eql" }, "language: Invalid enum value. Expected 'kuery' | 'lucene', received 'eql'"],
  [{ type: "eql" }, 'language: Invalid literal value, expected "eql"'],
  [{ type: "eql", language: "eql", query: undefined }, "query: Required"],
  [{ type: "esql", language: "esql", index: ["logs-*"] }, "Unrecognized key(s) in object: 'index'"],
  [{ type: "esql", language: "esql", filters: [] }, "Unrecognized key(s) in object: 'filters'"],
  [{ type: "threat_match" }, "threat_query: Required, threat_mapping: Required, threat_index: Required"],
  [{ type: "saved_query" }, "saved_id: Required"],
  [{ riskScore: 5 }, "Unrecognized key(s) in object: 'riskScore'"],
  [{ tags: "opencti" }, "tags: Expected array, received string"],
  [{ from: "six minutes ago" }, "from: Failed to parse date-math expression"],
  [{ interval: "often" }, "interval: Invalid"],
  [{ max_signals: 0 }, "max_signals: Number must be greater than or equal to 1"],
  [{ threat: [{ framework: "MITRE ATT&CK", technique: [] }] }, "threat.0.tactic: Required"],
  [{ threat: [{ framework: "MITRE ATT&CK", tactic: { id: "TA0005", name: "x" } }] }, "threat.0.tactic.reference: Required"],
  [{ name: undefined, description: undefined, severity: undefined, risk_score: undefined }, "and 1 more"],
];

Deno.test("POST and PUT rules refuse a wrong body with [request body]", () =>
  withElastic(async ({ kb, rules }) => {
    for (const [change, reason] of WRONG) {
      for (const method of ["POST", "PUT"]) {
        const { status, body } = await kb(method, RULES, {
          body: { ...RULE, ...change },
        });
        assertEquals([status, body.statusCode, body.error], [
          400,
          400,
          "Bad Request",
        ]);
        assertEquals(
          body.message.startsWith("[request body]: "),
          true,
          body.message,
        );
        assertStringIncludes(body.message, reason);
      }
    }
    const list = await kb("POST", RULES, { body: [RULE] });
    assertEquals(
      list.body.message,
      "[request body]: Expected object, received array",
    );
    const both = await kb("POST", RULES, {
      body: { ...RULE, index: ["a"], data_view_id: "b" },
    });
    assertEquals(both.body, {
      message: ['only one of "index" and "data_view_id" can be set'],
      status_code: 400,
    });
    assertEquals(rules().length, 0);
  }));

Deno.test("PUT rules replaces: what is left out goes back to its default", () =>
  withElastic(async ({ kb, pass }) => {
    const made = (await kb("POST", RULES, { body: FULL })).body;
    pass(1000);
    const put = await kb("PUT", RULES, { body: { ...RULE, name: "New name" } });
    assertEquals(put.status, 200);
    assertEquals(
      [
        put.body.id,
        put.body.name,
        put.body.tags,
        put.body.index,
        put.body.revision,
        put.body.created_at,
        put.body.updated_at,
      ],
      [
        made.id,
        "New name",
        [],
        undefined,
        1,
        made.created_at,
        "2026-03-02T10:00:01.000Z",
      ],
    );
    const same = await kb("PUT", RULES, {
      body: { ...RULE, name: "New name", enabled: false },
    });
    assertEquals([same.body.revision, same.body.enabled], [1, false]);
    const { rule_id: _ruleId, ...nameless } = RULE;
    const neither = await kb("PUT", RULES, { body: nameless });
    assertEquals([neither.status, neither.body], [400, {
      message: ['either "id" or "rule_id" must be set'],
      status_code: 400,
    }]);
    const both = await kb("PUT", RULES, { body: { ...RULE, id: made.id } });
    assertEquals([both.status, both.body], [400, {
      message: [
        'both "id" and "rule_id" cannot exist, choose one or the other',
      ],
      status_code: 400,
    }]);
    const unknown = await kb("PUT", RULES, {
      body: { ...RULE, rule_id: "nobody" },
    });
    assertEquals([unknown.status, unknown.body], [404, {
      message: 'rule_id: "nobody" not found',
      status_code: 404,
    }]);
    const type = await kb("PUT", RULES, {
      body: { ...RULE, type: "eql", language: "eql" },
    });
    assertEquals([type.status, type.body.status_code], [400, 400]);
  }));

Deno.test("PATCH rules changes what is given alone", () =>
  withElastic(async ({ kb }) => {
    await kb("POST", RULES, { body: FULL });
    const off = await kb("PATCH", RULES, {
      body: { rule_id: "opencti-1", enabled: false },
    });
    assertEquals([
      off.status,
      off.body.enabled,
      off.body.revision,
      off.body.tags,
    ], [200, false, 0, FULL.tags]);
    const named = await kb("PATCH", RULES, {
      body: { id: off.body.id, name: "Other" },
    });
    assertEquals([named.body.name, named.body.revision], ["Other", 1]);
    const absent = await kb("PATCH", RULES, {
      body: { rule_id: "x", enabled: false },
    });
    assertEquals([absent.status, absent.body.message], [
      404,
      'rule_id: "x" not found',
    ]);
    const wrong = await kb("PATCH", RULES, {
      body: { rule_id: "opencti-1", severity: "x" },
    });
    assertStringIncludes(
      wrong.body.message,
      "[request body]: severity: Invalid enum value",
    );
  }));

Deno.test("GET and DELETE rules by rule_id or id", () =>
  withElastic(async ({ kb, rules }) => {
    const { id } = (await kb("POST", RULES, { body: RULE })).body;
    assertEquals((await kb("GET", `${RULES}?rule_id=opencti-1`)).body.id, id);
    const absent = await kb("GET", `${RULES}?rule_id=x`);
    assertEquals(absent.body, {
      message: 'rule_id: "x" not found',
      status_code: 404,
    });
    assertEquals((await kb("GET", RULES)).status, 400);
    const unknown = await kb("GET", `${RULES}?ruleId=x`);
    assertStringIncludes(unknown.body.message, "[request query]");
    const gone = await kb("DELETE", `${RULES}?id=${id}`);
    assertEquals([gone.status, gone.body.rule_id, rules().length], [
      200,
      "opencti-1",
      0,
    ]);
    assertEquals(
      (await kb("DELETE", `${RULES}?id=${id}`)).body.message,
      `id: "${id}" not found`,
    );
  }));

Deno.test("_find pages and filters by KQL", () =>
  withElastic(async ({ kb, foreign }) => {
    for (let at = 0; at < 5; at += 1) {
      await kb("POST", RULES, { body: { ...FULL, rule_id: `opencti-${at}` } });
    }
    foreign.rule({ ...RULE, rule_id: "analyst", tags: ["own"] });
    const find = async (filter: string, more = "") =>
      (await kb(
        "GET",
        `${RULES}/_find?filter=${encodeURIComponent(filter)}${more}`,
      )).body;
    const tagged = await find(
      'alert.attributes.tags: "opencti"',
      "&page=2&per_page=2",
    );
    assertEquals([tagged.page, tagged.perPage, tagged.total], [2, 2, 5]);
    assertEquals(tagged.data.map((rule: Json) => rule.rule_id), [
      "opencti-2",
      "opencti-3",
    ]);
    const counts: [string, number][] = [
      ['not alert.attributes.tags: "opencti"', 1],
      ["alert.attributes.params.ruleId: opencti-*", 5],
      ['alert.attributes.params.ruleId: "opencti-*"', 0],
      [
        'alert.attributes.tags: ("own" or "threat-intel") and alert.attributes.enabled: true',
        6,
      ],
      [
        '(alert.attributes.name: "OpenCTI: one") and alert.attributes.tags: "own"',
        1,
      ],
    ];
    for (const [filter, total] of counts) {
      assertEquals((await find(filter)).total, total, filter);
    }
    assertStringIncludes(
      (await find("tags: x")).message,
      "This key 'tags' need to be wrapped by a saved object type like alert",
    );
    assertStringIncludes(
      (await find("alert.attributes.tags")).message,
      "KQLSyntaxError",
    );
    assertEquals((await kb("GET", `${RULES}/_find?page=0`)).status, 400);
  }));

Deno.test("_import writes rules from a form, with an error per line", () =>
  withElastic(async ({ kb, rules }) => {
    await kb("POST", RULES, { body: RULE });
    const form = (name = "rules.ndjson") => {
      const lines = [{ ...RULE, name: "Over" }, { ...RULE, rule_id: "two" }, {
        ...RULE,
        rule_id: "three",
        severity: "x",
      }];
      const made = new FormData();
      made.append("file", new File([ndjson(lines)], name));
      return made;
    };
    const first = await kb("POST", `${RULES}/_import`, { body: form() });
    assertEquals([
      first.status,
      first.body.success,
      first.body.success_count,
      first.body.rules_count,
    ], [200, false, 1, 3]);
    assertEquals(first.body.errors[0], {
      rule_id: "opencti-1",
      error: {
        status_code: 409,
        message: 'rule_id: "opencti-1" already exists',
      },
    });
    const second = await kb("POST", `${RULES}/_import?overwrite=true`, {
      body: form(),
    });
    assertEquals(second.body.success_count, 2);
    assertEquals(rules().map(({ name }) => name), ["Over", "OpenCTI: one"]);
    const wrong = await kb("POST", `${RULES}/_import`, {
      body: form("rules.json"),
    });
    assertStringIncludes(wrong.body.message, "Invalid file extension .json");
  }));

Deno.test("writes need kbn-xsrf; versions, bodies and routes are checked", () =>
  withElastic(async ({ kb }) => {
    const naked = await kb("POST", RULES, {
      body: RULE,
      headers: { "kbn-xsrf": "" },
    });
    assertEquals([naked.status, naked.body], [400, {
      statusCode: 400,
      error: "Bad Request",
      message: "Request must contain a kbn-xsrf header.",
    }]);
    const version = await kb("POST", RULES, {
      body: RULE,
      headers: { "elastic-api-version": "2020-01-01" },
    });
    assertStringIncludes(
      version.body.message,
      'No version "2020-01-01" available for [post] [/api/detection_engine/rules]',
    );
    const odd = await kb("GET", `${RULES}?rule_id=x`, {
      headers: { "elastic-api-version": "one" },
    });
    assertStringIncludes(odd.body.message, 'Received "one"');
    const right = await kb("POST", RULES, {
      body: RULE,
      headers: { "elastic-api-version": "2023-10-31" },
    });
    assertEquals(right.status, 200);
    const plain = await kb("POST", RULES, {
      body: "x",
      headers: { "content-type": "text/plain" },
    });
    assertEquals(plain.status, 415);
    const broken = await kb("POST", RULES, {
      body: "{",
      headers: { "content-type": "application/json" },
    });
    assertEquals(broken.body.message, "Invalid request payload JSON format");
    const large = await kb("POST", RULES, {
      body: { ...RULE, note: "x".repeat(1_100_000) },
    });
    assertEquals([large.status, large.body.message], [
      413,
      "Payload content length greater than maximum allowed: 1048576",
    ]);
    for (
      const path of [
        `${RULES}/_bulk_create`,
        "/api/nothing",
        "/s/unknown/api/detection_engine/rules",
      ]
    ) {
      const { status, body } = await kb("POST", path, { body: RULE });
      assertEquals([status, body], [404, {
        statusCode: 404,
        error: "Not Found",
        message: "Not Found",
      }]);
    }
  }));

Deno.test("Kibana asks for a login and for the right to write rules", () =>
  withElastic(async ({ kb, privileges }) => {
    const wrong = await kb("POST", RULES, {
      body: RULE,
      headers: { authorization: "ApiKey eDp5" },
    });
    assertEquals([wrong.status, wrong.body.error], [401, "Unauthorized"]);
    assertStringIncludes(wrong.body.message, "security_exception");
    const read = await kb("POST", RULES, { body: RULE });
    assertEquals([read.status, read.body.error], [403, "Forbidden"]);
    assertEquals((await kb("GET", `${RULES}/_find`)).status, 200);
    privileges.rules = "none";
    assertEquals((await kb("GET", `${RULES}/_find`)).status, 403);
  }, { privileges: { rules: "read" } }));

Deno.test("spaces keep their own rules, below the base path", () =>
  withElastic(async ({ kb, rules, kibanaUrl }) => {
    assertEquals(kibanaUrl.endsWith("/kibana"), true);
    await kb("POST", `/s/soc${RULES}`, { body: RULE });
    assertEquals([rules("soc").length, rules().length], [1, 0]);
    assertEquals((await kb("POST", RULES, { body: RULE })).status, 200);
    assertEquals(
      (await kb("GET", "/api/status")).body.version.number,
      "8.17.0",
    );
  }, { basePath: "/kibana", spaces: ["soc"] }));

Deno.test("a starting Kibana answers 503 in plain text", () =>
  withElastic(async ({ kb, kibana }) => {
    kibana.settings.starting = true;
    const { status, text, headers } = await kb("GET", "/api/status");
    assertEquals([status, text], [503, "Kibana server is not ready yet"]);
    assertStringIncludes(headers.get("content-type") ?? "", "text/plain");
    kibana.settings.starting = false;
    assertEquals(
      (await kb("GET", "/api/status")).body.status.overall.level,
      "available",
    );
  }));
