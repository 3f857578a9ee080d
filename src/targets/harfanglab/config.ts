import { z } from "zod";
import {
  booleanField,
  choice,
  duration,
  integer,
  pemFile,
  proxyUrl,
  secret,
  text,
  url,
} from "../../config/fields.ts";
import type { SeedNames } from "../target.ts";

/** Settings of one HarfangLab console. */
export const configSchema = z.object({
  url: url().describe(
    "URL of the HarfangLab console, often with port 8443; a final /api is cut",
  ).meta({ examples: ["https://edr.example.org:8443"] }),
  token: secret().describe(
    "API token of a console user who may manage threat intelligence, without " +
      "the word Token before it",
  ),
  source_list_name: text({ min: 1, max: 100 }).default("from_OpenCTI").describe(
    "Name of the three source lists (IOC, Sigma, YARA) that the rules are " +
      "in. They are made where they are missing. Nothing else may write there",
  ),
  remove_indicator: booleanField().default(false).describe(
    "What becomes of a rule that no indicator asks for any more: true " +
      "deletes it, false disables it",
  ),
  rule_maturity: choice(["stable", "testing"]).default("stable").describe(
    "Maturity that rules are given",
  ),
  rule_action: choice(["alert", "block", "quarantine"]).optional().describe(
    "What a new rule does when it matches. Default: what the source list " +
      "says. It is never changed afterwards, so that what an analyst sets stays",
  ),
  respect_revoked: booleanField().default(true).describe(
    "Remove, or disable, the rules of indicators that are revoked or whose " +
      "valid_until has passed",
  ),
  strict_patterns: booleanField().default(false).describe(
    "Leave a value out where its pattern asks for more at the same time, so " +
      "that the value alone would match more than the pattern",
  ),
  resolve_observables: booleanField().default(false).describe(
    "Ask OpenCTI at each change of a STIX indicator for the observables it is " +
      "based on, for streams that carry no relationships",
  ),
  map_score_to_level: booleanField().default(false).describe(
    "Set the level of IOC rules by the indicator's score: critical from 90, " +
      "high from 70, medium from 40, low from 20, else informational",
  ),
  ssl_verify: booleanField().default(true).describe(
    "Verify the console's certificate; false is for tests, and wins over " +
      "ca_cert",
  ),
  ca_cert: pemFile().optional().describe(
    "PEM file of the authority that signed the console's certificate",
  ),
  client_cert: pemFile().optional().describe(
    "PEM file of a client certificate; needs client_key",
  ),
  client_key: pemFile().optional().describe(
    "PEM file of the client certificate's key",
  ),
  proxy: proxyUrl().optional().describe(
    "Proxy for the console, instead of those of the proxy block",
  ),
  max_requests_per_second: integer({ min: 1, max: 1000 }).default(20).describe(
    "Requests per second to the console, at most",
  ),
  request_timeout: duration().prefault("60s").describe(
    "Limit of one request",
  ),
  page_size: integer({ min: 1, max: 1000 }).default(100).describe(
    "Rules per page where rules are listed",
  ),
});

/** Root of the console: the API's own path may stand in the setting. */
export function consoleUrl(url: string): string {
  return url.replace(/\/api$/, "");
}

/** Settings of one HarfangLab console, checked. */
export type HarfanglabConfig = z.infer<typeof configSchema>;

/** Names of the connector `harfanglab-intel`; its sample had the last block. */
// deno-fmt-ignore
export const seed: SeedNames = {
  presentWhen: ["HARFANGLAB_INTEL_URL"],
  rows: [
    // config.yml                          variable                             key
    ["harfanglab_intel.url",               "HARFANGLAB_INTEL_URL",              "url"],
    ["harfanglab_intel.ssl_verify",        "HARFANGLAB_INTEL_SSL_VERIFY",       "ssl_verify"],
    ["harfanglab_intel.token",             "HARFANGLAB_INTEL_TOKEN",            "token"],
    ["harfanglab_intel.source_list_name",  "HARFANGLAB_INTEL_SOURCE_LIST_NAME", "source_list_name"],
    ["harfanglab_intel.remove_indicator",  "HARFANGLAB_INTEL_REMOVE_INDICATOR", "remove_indicator"],
    ["harfanglab_intel.rule_maturity",     "HARFANGLAB_INTEL_RULE_MATURITY",    "rule_maturity"],
    ["harfanglab_intel.rule_action",       "HARFANGLAB_INTEL_RULE_ACTION",      "rule_action"],
    ["harfanglab_intel.respect_revoked",   "HARFANGLAB_INTEL_RESPECT_REVOKED",  "respect_revoked"],
    ["harfanglab_intel.strict_patterns",   "HARFANGLAB_INTEL_STRICT_PATTERNS",  "strict_patterns"],
    ["harfanglab_intel.resolve_observables", "HARFANGLAB_INTEL_RESOLVE_OBSERVABLES", "resolve_observables"],
    ["harfanglab_intel.map_score_to_level", "HARFANGLAB_INTEL_MAP_SCORE_TO_LEVEL", "map_score_to_level"],
    ["harfanglab_intel.ca_cert",           "HARFANGLAB_INTEL_CA_CERT",          "ca_cert"],
    ["harfanglab_intel.client_cert",       "HARFANGLAB_INTEL_CLIENT_CERT",      "client_cert"],
    ["harfanglab_intel.client_key",        "HARFANGLAB_INTEL_CLIENT_KEY",       "client_key"],
    ["harfanglab_intel.proxy",             "HARFANGLAB_INTEL_PROXY",            "proxy"],
    ["harfanglab_intel.max_requests_per_second", "HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND", "max_requests_per_second"],
    ["harfanglab_intel.request_timeout",   "HARFANGLAB_INTEL_REQUEST_TIMEOUT",  "request_timeout"],
    ["harfanglab_intel.page_size",         "HARFANGLAB_INTEL_PAGE_SIZE",        "page_size"],
    ["harfanglab.url",                     "",                                  "url"],
    ["harfanglab.ssl_verify",              "",                                  "ssl_verify"],
    ["harfanglab.token",                   "",                                  "token"],
    ["harfanglab.source_list_name",        "",                                  "source_list_name"],
    ["harfanglab.remove_indicator",        "",                                  "remove_indicator"],
    ["harfanglab.rule_maturity",           "",                                  "rule_maturity"],
  ],
  connector: {
    name: "HarfangLab",
    scope: "harfanglab",
    noDependencies: true,
  },
};
