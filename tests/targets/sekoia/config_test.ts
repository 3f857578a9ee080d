import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../src/errors.ts";
import { configSchema } from "../../../src/targets/sekoia/config.ts";
import { makeCertificate } from "../../http/certificates.ts";
import { tlsFront } from "../../http/tls_front.ts";
import { Bench, domains, event, indicator } from "./bench.ts";

const LEAST = { url: "https://api.sekoia.io", apikey: "k" };
const UUID = "6C0A3F0E-52a8-4a55-9a7e-0d6d3f1b7a11";
const ID = `ioc-collection--${UUID.toLowerCase()}`;

/** What is wrong, by key. */
function problems(settings: Record<string, unknown>): Record<string, string> {
  const { error } = configSchema.safeParse({ ...LEAST, ...settings });
  return Object.fromEntries(
    (error?.issues ?? []).map((
      { message, path },
    ) => [String(path[0]), message]),
  );
}

Deno.test("configSchema has the defaults that are told", () => {
  const { apikey: _key, ...config } = configSchema.parse({
    ...LEAST,
    ioc_collection_uuid: UUID,
  });
  assertEquals(config, {
    url: LEAST.url,
    ioc_collection_uuid: ID,
    create_collection: false,
    available_for_sub_communities: false,
    delete_mode: "revoke",
    quota_policy: "stop",
    quota_warn_ratio: 0.9,
    quota_check_interval: 300_000,
    import_mode: "json",
    strict_patterns: false,
    adopt_urls: [],
    max_requests_per_second: 2,
    request_timeout: 30_000,
    verify_ssl: true,
  });
});

Deno.test("configSchema takes an id with and without its prefix", () => {
  for (const given of [UUID, ID, ` ${ID} `]) {
    const config = configSchema.parse({
      ...LEAST,
      ioc_collection_uuid: given,
    });
    assertEquals(config.ioc_collection_uuid, ID);
  }
});

// deno-fmt-ignore
const WRONG: readonly (readonly [settings: Record<string, unknown>, key: string])[] = [
  [{},                                                              "ioc_collection_uuid"],
  [{ ioc_collection_uuid: "from_OpenCTI" },                         "ioc_collection_uuid"],
  [{ ioc_collection_uuid: "../count-total-iocs" },                  "ioc_collection_uuid"],
  [{ ioc_collection_uuid: UUID, ioc_collection_name: "x" },         "ioc_collection_name"],
  [{ ioc_collection_uuid: UUID, create_collection: "true" },        "create_collection"],
  [{ ioc_collection_name: "x", community_uuid: "y" },               "community_uuid"],
  [{ ioc_collection_name: "x", delete_mode: "delete" },             "delete_mode"],
  [{ ioc_collection_name: "x", quota_policy: "drop" },              "quota_policy"],
  [{ ioc_collection_name: "x", quota_warn_ratio: "1.5" },           "quota_warn_ratio"],
  [{ ioc_collection_name: "x", quota_warn_ratio: "90%" },           "quota_warn_ratio"],
  [{ ioc_collection_name: "x", max_requests_per_second: "0" },      "max_requests_per_second"],
  [{ ioc_collection_name: "x", max_requests_per_second: "-1" },     "max_requests_per_second"],
  [{ ioc_collection_name: "x", import_mode: "csv" },                "import_mode"],
];

for (const [settings, key] of WRONG) {
  Deno.test(`configSchema refuses ${JSON.stringify(settings)} for ${key}`, () => {
    assertEquals(Object.keys(problems(settings)), [key]);
  });
}

Deno.test("configSchema takes words in any case and numbers with a point", () => {
  const config = configSchema.parse({
    ...LEAST,
    ioc_collection_name: "OpenCTI production",
    create_collection: "YES",
    delete_mode: "Purge",
    quota_warn_ratio: "0.75",
    max_requests_per_second: "0.5",
    quota_check_interval: "10m",
  });
  assertEquals(config.create_collection, true);
  assertEquals(config.delete_mode, "purge");
  assertEquals(config.quota_warn_ratio, 0.75);
  assertEquals(config.max_requests_per_second, 0.5);
  assertEquals(config.quota_check_interval, 600_000);
});

const CERTIFICATE = makeCertificate("localhost", {
  names: ["localhost", "127.0.0.1"],
});

Deno.test("verify_ssl and ca_cert decide which server is trusted", async () => {
  await using bench = await Bench.start({}, { prepare: false });
  await using front = await tlsFront(bench.server.url, CERTIFICATE);
  const prepare = (config: Record<string, unknown>) =>
    bench.restart({ url: front.url, ...config }).prepare(bench.signal);
  const error = await assertRejects(() => prepare({}), ConfigError);
  assert(error.message.includes("certificate"), error.message);
  await prepare({ verify_ssl: "false" });
  await prepare({ ca_cert: CERTIFICATE.cert });
  await bench.deliver(event("create", indicator("a", domains("a.example"))));
  assertEquals(bench.values(), ["a.example"]);
});
