import { z } from "zod";
import {
  booleanField,
  choice,
  commaList,
  duration,
  field,
  pemFile,
  proxyUrl,
  scalarText,
  secret,
  text,
  url,
  uuid,
} from "../../config/fields.ts";
import { ConfigError } from "../../errors.ts";
import type { SeedNames } from "../target.ts";

/** Settings of one IOC collection. */
export const configSchema = z.object({
  url: url().describe(
    "API of Sekoia.io: https://api.sekoia.io for FRA1, " +
      "https://app.<region>.sekoia.io/api for the others. The path of the " +
      "ioc-collections resource, which the older connector needed, may follow",
  ).meta({ examples: ["https://api.sekoia.io"] }),
  apikey: secret().describe(
    'API key with the permissions "View IOC collections" and "Manage IOC ' +
      'collections". It expires after a year at most',
  ),
  ioc_collection_uuid: collectionId().optional().describe(
    "Id of the collection, ioc-collection--<uuid> or the UUID alone; or else " +
      "ioc_collection_name",
  ),
  ioc_collection_name: text().optional().describe(
    "Exact name of the collection, in place of its id",
  ),
  create_collection: booleanField().default(false).describe(
    "Make the collection of ioc_collection_name where there is none",
  ),
  collection_description: text().optional().describe(
    "Description of a collection that is made",
  ),
  community_uuid: uuid().optional().describe(
    "Community of a collection that is made, and whose quota is read",
  ),
  available_for_sub_communities: booleanField().default(false).describe(
    "Whether sub-communities see a collection that is made",
  ),
  delete_mode: choice(["revoke", "purge"]).default("revoke").describe(
    "revoke: what leaves the stream is revoked, which cannot be undone. " +
      "purge: revoked at once and deleted for good a day later, as soon as " +
      "Sekoia.io allows it",
  ),
  quota_policy: choice(["stop", "keep_best"]).default("stop").describe(
    "When the quota of indicators is reached. stop: new values wait, and " +
      "everything else goes on. keep_best: the values with the lowest score, " +
      "the oldest first, are revoked for better ones and wait in their place",
  ),
  quota_warn_ratio: ratio().default(0.9).describe(
    "Share of the quota above which a warning is logged, 0 to 1",
  ),
  quota_check_interval: duration().prefault("300s").describe(
    "How often the number of indicators is read",
  ),
  import_mode: choice(["json", "text"]).default("json").describe(
    "json: the synchronous importer, which tells what became of each value. " +
      "text: the asynchronous one, whose result has to be looked up",
  ),
  strict_patterns: booleanField().default(false).describe(
    "true: where one observation must show several things at once (an " +
      "address and a port), nothing of it is sent. false: the value alone " +
      "is, which finds more",
  ),
  adopt_urls: commaList().default([]).describe(
    "Other URLs of this OpenCTI in descriptions that the older connector " +
      "wrote, such as http://opencti:8080: those indicators are taken over",
  ),
  max_requests_per_second: perSecond().default(2).describe(
    "Requests per second, at most; Sekoia.io does not publish its limit",
  ),
  request_timeout: duration().prefault("30s").describe(
    "Limit of one request",
  ),
  ca_cert: pemFile().optional().describe(
    "CA that signed the server's certificate (PEM file), such as a proxy's",
  ),
  client_cert: pemFile().optional().describe(
    "Client certificate (PEM file); needs client_key",
  ),
  client_key: pemFile().optional().describe(
    "Key of the client certificate (PEM file)",
  ),
  verify_ssl: booleanField().default(true).describe(
    "Verify the server's certificate; false is for tests, and wins over " +
      "ca_cert",
  ),
  proxy: proxyUrl().optional().describe(
    "Proxy for Sekoia.io, instead of those of the proxy block",
  ),
}).check(({ value, issues }) => {
  for (const [key, message] of contradictions(value)) {
    issues.push({ code: "custom", input: value, path: [key], message });
  }
});

/** Settings of one IOC collection, checked. */
export type SekoiaConfig = z.infer<typeof configSchema>;

type Choice = Partial<
  Record<
    "ioc_collection_uuid" | "ioc_collection_name" | "create_collection",
    unknown
  >
>;

function* contradictions(value: Choice): Generator<[string, string]> {
  const { ioc_collection_name: name, ioc_collection_uuid: id } = value;
  if (id === undefined && name === undefined) {
    yield [
      "ioc_collection_uuid",
      "is missing; set it, or SEKOIA_INTEL_IOC_COLLECTION_UUID, to the id of " +
      "the collection, or set ioc_collection_name",
    ];
  }
  if (value.create_collection === true && name === undefined) {
    yield [
      "create_collection",
      "needs ioc_collection_name; set the name of the collection to make",
    ];
  }
  if (id !== undefined && name !== undefined) {
    yield [
      "ioc_collection_name",
      "contradicts ioc_collection_uuid; keep one of them",
    ];
  }
}

const PREFIX = "ioc-collection--";
const COLLECTION_ID =
  /^(?:ioc-collection--)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** An id of a collection; the prefix is put before a bare UUID. */
function collectionId() {
  return field((value) => {
    const match = COLLECTION_ID.exec(scalarText(value));
    if (match?.[1] !== undefined) return PREFIX + match[1].toLowerCase();
    throw new ConfigError(
      "is not the id of a collection; copy it from the address of the " +
        "collection's page, such as " +
        "ioc-collection--6c0a3f0e-52a8-4a55-9a7e-0d6d3f1b7a11",
    );
  }, { type: "string" });
}

/** A share, 0 to 1. */
function ratio() {
  return number("is not a share; write it like 0.9", (found) => found <= 1);
}

/** A pace above zero, up to 1,000. */
function perSecond() {
  return number(
    "is not a number of requests; write it like 2 or 0.5",
    (found) => found > 0 && found <= 1000,
  );
}

function number(problem: string, isFit: (found: number) => boolean) {
  return field((value) => {
    const written = scalarText(value);
    const found = /^\d+(\.\d+)?$/.test(written) ? Number(written) : NaN;
    if (!isFit(found)) throw new ConfigError(problem);
    return found;
  }, { type: ["number", "string"] });
}

/** Names of the connector `sekoia-intel`, and ours in its manner. */
// deno-fmt-ignore
export const seed: SeedNames = {
  presentWhen: ["SEKOIA_INTEL_APIKEY"],
  rows: [
    // config.yml                                   variable                                     key
    ["sekoia_intel.url",                            "SEKOIA_INTEL_URL",                          "url"],
    ["sekoia_intel.apikey",                         "SEKOIA_INTEL_APIKEY",                       "apikey"],
    ["sekoia_intel.ioc_collection_uuid",            "SEKOIA_INTEL_IOC_COLLECTION_UUID",          "ioc_collection_uuid"],
    ["sekoia_intel.ioc_collection_name",            "SEKOIA_INTEL_IOC_COLLECTION_NAME",          "ioc_collection_name"],
    ["sekoia_intel.create_collection",              "SEKOIA_INTEL_CREATE_COLLECTION",            "create_collection"],
    ["sekoia_intel.collection_description",         "SEKOIA_INTEL_COLLECTION_DESCRIPTION",       "collection_description"],
    ["sekoia_intel.community_uuid",                 "SEKOIA_INTEL_COMMUNITY_UUID",               "community_uuid"],
    ["sekoia_intel.available_for_sub_communities",  "SEKOIA_INTEL_AVAILABLE_FOR_SUB_COMMUNITIES", "available_for_sub_communities"],
    ["sekoia_intel.delete_mode",                    "SEKOIA_INTEL_DELETE_MODE",                  "delete_mode"],
    ["sekoia_intel.quota_policy",                   "SEKOIA_INTEL_QUOTA_POLICY",                 "quota_policy"],
    ["sekoia_intel.quota_warn_ratio",               "SEKOIA_INTEL_QUOTA_WARN_RATIO",             "quota_warn_ratio"],
    ["sekoia_intel.quota_check_interval",           "SEKOIA_INTEL_QUOTA_CHECK_INTERVAL",         "quota_check_interval"],
    ["sekoia_intel.import_mode",                    "SEKOIA_INTEL_IMPORT_MODE",                  "import_mode"],
    ["sekoia_intel.strict_patterns",                "SEKOIA_INTEL_STRICT_PATTERNS",              "strict_patterns"],
    ["sekoia_intel.adopt_urls",                     "SEKOIA_INTEL_ADOPT_URLS",                   "adopt_urls"],
    ["sekoia_intel.max_requests_per_second",        "SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND",      "max_requests_per_second"],
    ["sekoia_intel.request_timeout",                "SEKOIA_INTEL_REQUEST_TIMEOUT",              "request_timeout"],
    ["sekoia_intel.ca_cert",                        "SEKOIA_INTEL_CA_CERT",                      "ca_cert"],
    ["sekoia_intel.client_cert",                    "SEKOIA_INTEL_CLIENT_CERT",                  "client_cert"],
    ["sekoia_intel.client_key",                     "SEKOIA_INTEL_CLIENT_KEY",                   "client_key"],
    ["sekoia_intel.verify_ssl",                     "SEKOIA_INTEL_VERIFY_SSL",                   "verify_ssl"],
    ["sekoia_intel.proxy",                          "SEKOIA_INTEL_PROXY",                        "proxy"],
  ],
  connector: {
    name: "Sekoia",
    scope: "Sekoia",
    noDependencies: true,
  },
};

/**
 * The `ioc-collections` resource, from whatever part of its address was
 * configured: the root, `/v2/inthreat`, or the whole of it.
 */
export function resourceUrl(configured: string): string {
  const base = configured.replace(/\/+$/, "");
  if (base.endsWith("/ioc-collections")) return base;
  return base.endsWith("/v2/inthreat")
    ? `${base}/ioc-collections`
    : `${base}/v2/inthreat/ioc-collections`;
}
