import { z } from "zod";
import {
  booleanField,
  commaList,
  type Field,
  integer,
  pemFile,
  proxyUrl,
  Secret,
  secret,
  text,
  url,
} from "../../config/fields.ts";
import type { SeedNames } from "../target.ts";
import { CONTAINER_TYPES, containerType } from "./container.ts";

/** Settings of one MISP instance. */
export const configSchema = z.object({
  url: url().describe("URL of MISP, with its path prefix if it has one")
    .meta({ examples: ["https://misp.example.org"] }),
  api_key: secret().check((payload) => {
    const key: unknown = payload.value;
    if (!(key instanceof Secret)) return;
    if (/^[A-Za-z0-9]{40}$/.test(key.reveal())) return;
    payload.issues.push({
      code: "custom",
      message: "is no authentication key of MISP; those have 40 letters and " +
        "digits: make one under Administration > List Auth Keys",
      input: payload.value,
    });
  }).describe(
    "Authentication key of a user of its own. Recommended: the role Sync " +
      "user, in the organisation that hosts MISP",
  ),
  ssl_verify: booleanField().default(true).describe(
    "Verify MISP's certificate; false is for tests, and wins over ca_cert",
  ),
  ca_cert: pemFile().optional().describe(
    "PEM file of the authority that signed MISP's certificate",
  ),
  client_cert: pemFile().optional().describe(
    "PEM file of a client certificate; needs client_key",
  ),
  client_key: pemFile().optional().describe(
    "PEM file of the client certificate's key",
  ),
  proxy: proxyUrl().optional().describe(
    "Proxy for MISP, instead of those of the proxy block",
  ),
  container_types: containerTypes().default([...CONTAINER_TYPES]).describe(
    "Types of containers that become events",
  ),
  owner_org: text({ max: 255 }).optional().describe(
    "Organisation that is to own the events. MISP takes that of the key; " +
      "another name here is a warning",
  ),
  distribution_level: integer({ min: 0, max: 3 }).default(1).describe(
    "0 own organisation, 1 this community, 2 connected communities, 3 all",
  ),
  threat_level: integer({ min: 1, max: 4 }).default(2).describe(
    "Threat level of events without scores and confidence: 1 high, " +
      "2 medium, 3 low, 4 undefined",
  ),
  publish_on_create: booleanField().default(false).describe(
    "Publish an event once it is made",
  ),
  publish_on_update: booleanField().default(false).describe(
    "Publish an event again after it was changed, once it has been quiet for " +
      "a minute. With false a changed event stays unpublished, as MISP has it",
  ),
  publish_alert: booleanField().default(false).describe(
    "Publish in the way that mails those who subscribed to it",
  ),
  hard_delete: booleanField().default(true).describe(
    "Take deleted events off MISP's blocklist, so that they may come again; " +
      "with false they stay on it",
  ),
  tag_opencti: booleanField().default(true).describe(
    "Add the tags source:opencti and confidence:*, and those that begin with " +
      "tag_prefix",
  ),
  tag_prefix: text({ min: 1, max: 100 }).default("opencti:").describe(
    "Beginning of the tags for types and entities of OpenCTI",
  ),
  detect_round_trip: booleanField().default(false).describe(
    "Add what OpenCTI holds of a container that came from MISP to the event " +
      "it came from, instead of making another event",
  ),
});

/** Settings of one MISP instance, checked. */
export type MispConfig = z.infer<typeof configSchema>;

/** Names of the connector `misp-intel`. */
// deno-fmt-ignore
export const seed: SeedNames = {
  presentWhen: ["MISP_URL"],
  rows: [
    // config.yml                  variable                    key
    ["misp.url",                   "MISP_URL",                 "url"],
    ["misp.api_key",               "MISP_API_KEY",             "api_key"],
    ["misp.ssl_verify",            "MISP_SSL_VERIFY",          "ssl_verify"],
    ["misp.owner_org",             "MISP_OWNER_ORG",           "owner_org"],
    ["misp.distribution_level",    "MISP_DISTRIBUTION_LEVEL",  "distribution_level"],
    ["misp.threat_level",          "MISP_THREAT_LEVEL",        "threat_level"],
    ["misp.publish_on_create",     "MISP_PUBLISH_ON_CREATE",   "publish_on_create"],
    ["misp.publish_on_update",     "MISP_PUBLISH_ON_UPDATE",   "publish_on_update"],
    ["misp.publish_alert",         "MISP_PUBLISH_ALERT",       "publish_alert"],
    ["misp.hard_delete",           "MISP_HARD_DELETE",         "hard_delete"],
    ["misp.tag_opencti",           "MISP_TAG_OPENCTI",         "tag_opencti"],
    ["misp.tag_prefix",            "MISP_TAG_PREFIX",          "tag_prefix"],
    ["misp.detect_round_trip",     "MISP_DETECT_ROUND_TRIP",   "detect_round_trip"],
    ["connector.container_types",  "CONNECTOR_CONTAINER_TYPES", "container_types"],
  ],
  connector: {
    name: "MISP Intel",
    scope: "misp",
    noDependencies: false,
  },
};

/** A list of container types in either spelling, without repetitions. */
function containerTypes(): Field<string[]> {
  return commaList().check((payload) => {
    if (!Array.isArray(payload.value)) return;
    const types = payload.value.map((word) =>
      containerType(word.toLowerCase())
    );
    const at = types.findIndex((type) => !CONTAINER_TYPES.includes(type));
    if (at < 0 && types.length > 0) {
      payload.value = [...new Set(types)];
      return;
    }
    payload.issues.push({
      code: "custom",
      message:
        `holds "${payload.value[at] ?? ""}", which is no container type; use ` +
        CONTAINER_TYPES.join(", "),
      input: payload.value,
    });
  });
}
