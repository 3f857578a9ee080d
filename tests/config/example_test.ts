import { exampleYaml } from "../../src/config/example.ts";
import { configJsonSchema } from "../../src/config/json_schema.ts";
import { assert, assertEquals, assertStringIncludes } from "../assert.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { CONNECTOR_ID, ENV, load, REGISTRY, STREAM_ID } from "./fixture.ts";

/**
 * The targets that the committed file is generated from.
 * Regenerate it with `opencti-relay config example > config.example.yml`.
 */
const COMMITTED_REGISTRY = TARGETS;

const COMMITTED = new URL("../../config.example.yml", import.meta.url);

Deno.test("config.example.yml is what exampleYaml() gives", async () => {
  const committed = await Deno.readTextFile(COMMITTED);
  assertEquals(committed, exampleYaml(COMMITTED_REGISTRY));
});

Deno.test("config.example.yml parses and loads beside a connector's variables", async () => {
  const yaml = await Deno.readTextFile(COMMITTED);
  const env = {
    ...ENV,
    OPENCTI_URL: undefined,
    ELASTIC_SECURITY_URL: undefined,
  };
  const config = await load({ env, yaml, registry: COMMITTED_REGISTRY });
  assertEquals(config.opencti.url, "https://opencti.example.org");
  assertEquals(
    config.targets.map(({ name }) => name),
    // The first stands as it is, the others commented out.
    TARGETS.slice(0, 1).map(({ name }) => name),
  );
  assertEquals(config.warnings, []);
});

for (const definition of REGISTRY) {
  Deno.test(`exampleYaml() of ${definition.name} loads`, async () => {
    const yaml = exampleYaml([definition]);
    const env = {
      OPENCTI_TOKEN: "x",
      CONNECTOR_ID,
      CONNECTOR_LIVE_STREAM_ID: STREAM_ID,
      ELASTIC_SECURITY_API_KEY: "x",
    };
    const config = await load({ env, yaml, registry: [definition] });
    assertEquals(config.targets.map(({ name }) => name), [definition.name]);
    assertEquals(config.warnings, []);
  });
}

Deno.test("exampleYaml() shows every setting and default commented out", () => {
  const yaml = exampleYaml(REGISTRY);
  const lines = [
    "opencti:",
    "  url: https://opencti.example.org",
    "  token: ${OPENCTI_TOKEN}",
    "  # ssl_verify: true",
    "#   path: ./relay.kv",
    "    api_key: ${ELASTIC_SECURITY_API_KEY}",
    "    # batch_size: 100",
    "    # request_timeout: 30s",
    "    # advanced:",
    "    #   mode: auto",
    "#   - name: elastic-threatintel",
  ];
  for (const line of lines) assertStringIncludes(yaml, `\n${line}\n`);
});

Deno.test("exampleYaml() takes no decisive variable for a value", () => {
  const [first] = REGISTRY;
  const seed = { ...first!.seed, presentWhen: ["ELASTIC_SECURITY_API_KEY"] };
  const yaml = exampleYaml([{ ...first!, seed }]);
  assertStringIncludes(yaml, "${TARGET_ELASTIC_SECURITY_API_KEY}");
});

interface Schema {
  properties: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: { oneOf: Schema[] };
  const?: string;
  default?: unknown;
  allOf?: unknown;
}

Deno.test("configJsonSchema() tells targets apart by their type", () => {
  const schema = configJsonSchema(REGISTRY) as unknown as Schema;
  const [security, intel] = schema.properties.targets!.items!.oneOf;
  assertEquals(security!.properties.type!.const, "elastic-security");
  assertEquals(intel!.properties.type!.const, "elastic-threatintel");
  assertEquals(security!.required, ["type", "url"]);
  assertEquals(security!.allOf, [{
    oneOf: [{ required: ["api_key"] }, { required: ["api_key_file"] }],
  }]);
  assertEquals(security!.properties.batch_size!.default, 100);
  assertEquals(security!.properties.request_timeout!.default, "30s");
  assert("live_stream_id" in security!.properties);
  assert("password_file" in security!.properties.advanced!.properties);
  assertEquals(security!.additionalProperties, false);
});

Deno.test("configJsonSchema() holds the connectors' own blocks", () => {
  const { properties } = configJsonSchema(REGISTRY) as unknown as Schema;
  const block = properties.elastic_security!.properties;
  assertEquals(block.batch_size!.default, 100);
  assert("api_key_file" in block && "kibana_url" in block);
  const output = properties.output!.properties.elasticsearch!.properties;
  assertEquals(Object.keys(output), ["hosts", "api_key", "api_key_file"]);
  assert("mode" in properties.connector!.properties);
  assert("enabled" in properties.setup!.properties.ilm!.properties);
  assertEquals("<environment>" in properties, false);
  assert("token_file" in properties.opencti!.properties);
});

Deno.test("configJsonSchema() of no target takes none", () => {
  const { properties } = configJsonSchema([]) as unknown as Schema;
  assertEquals("elastic_security" in properties, false);
});
