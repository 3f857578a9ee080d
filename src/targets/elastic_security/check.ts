/** What `check` looks at, without changing anything. */
import { isRecord } from "../../stix/object.ts";
import type { ElasticClient } from "../_elastic/client.ts";
import { modeFor } from "../_elastic/index_set_up.ts";
import { INDEX_PRIVILEGES, missingPrivileges } from "../_elastic/privileges.ts";
import type { CheckResult } from "../target.ts";
import type { KibanaClient } from "./client.ts";
import type { ElasticSecurityConfig } from "./config.ts";
import { ok, outcome } from "../check_result.ts";

/** Holds the login, in words for a remedy. */
const LOGIN = "api_key";

/** What a check needs. */
export interface CheckSubject {
  readonly config: ElasticSecurityConfig;
  readonly elastic: ElasticClient;
  readonly kibana: KibanaClient | undefined;
}

/** Oldest version that the target is made for. */
const LEAST_MAJOR = 8;

/** Without these everything works, though less well. */
const SPARE_PRIVILEGES = new Set(["view_index_metadata"]);
const CLUSTER_PRIVILEGES = ["monitor", "manage_index_templates"];

/** Looks at Elasticsearch, then at Kibana. One subject's failure ends none. */
export async function checkElasticSecurity(
  subject: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const { config } = subject;
  const results = [
    await outcome("Elasticsearch", LOGIN, () => checkVersion(subject, signal)),
  ];
  if (results[0]?.status !== "failed") {
    results.push(
      await outcome(
        "index rights",
        LOGIN,
        () => checkPrivileges(subject, signal),
      ),
      await outcome("write mode", LOGIN, () => checkMode(subject, signal)),
    );
  }
  if (!config.create_rules) {
    results.push(ok("detection rules", "switched off by create_rules"));
  } else if (subject.kibana === undefined) {
    results.push({
      subject: "detection rules",
      status: "warning",
      detail: "the address of Kibana is not known, so no rules are made",
      remedy: "set kibana_url, or set create_rules to false",
    });
  } else {
    const { kibana } = subject;
    results.push(
      await outcome(
        "Kibana",
        LOGIN,
        async () => ok("Kibana", `version ${await kibana.readVersion(signal)}`),
      ),
      await outcome("detection rules", LOGIN, () => checkRules(kibana, signal)),
    );
  }
  return results;
}

async function checkVersion(
  { elastic }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const info = await elastic.readInfo(signal);
  if (info === undefined) {
    return {
      subject: "Elasticsearch",
      status: "warning",
      detail: "reached; the key may not read the version",
      remedy: "grant the cluster privilege monitor",
    };
  }
  const isOld = Number.parseInt(info.version) < LEAST_MAJOR;
  return {
    subject: "Elasticsearch",
    status: isOld ? "failed" : "ok",
    detail: `version ${info.version} (${info.flavor})`,
    ...(isOld ? { remedy: `upgrade to ${LEAST_MAJOR}.x or newer` } : {}),
  };
}

async function checkPrivileges(
  { config, elastic }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = config.index_name;
  const found = await elastic.readPrivileges({
    cluster: CLUSTER_PRIVILEGES,
    index: [{ names: [name], privileges: INDEX_PRIVILEGES }],
  }, signal);
  if (!("has_all_requested" in found)) {
    return {
      subject: "index rights",
      status: "warning",
      detail: "the cluster does not tell (security may be off)",
      remedy: "switch the security features of Elasticsearch on",
    };
  }
  const onIndex = isRecord(found.index) ? found.index[name] : undefined;
  const kind = await elastic.readNameKind(name, signal);
  const isThere = kind !== "absent" && kind !== "unknown";
  const missingIndex = missingPrivileges(
    onIndex,
    INDEX_PRIVILEGES.filter((right) => right !== "create_index" || !isThere),
  );
  const missingCluster = missingPrivileges(found.cluster, CLUSTER_PRIVILEGES);
  if (missingIndex.length + missingCluster.length === 0) {
    return ok("index rights", `all on "${name}", and on the cluster`);
  }
  return {
    subject: "index rights",
    status: missingIndex.every((right) => SPARE_PRIVILEGES.has(right))
      ? "warning"
      : "failed",
    detail: `missing: ${[...missingIndex, ...missingCluster].join(", ")}`,
    remedy: `make an API key with them: on "${name}" ` +
      `${INDEX_PRIVILEGES.join(", ")}; on the cluster ` +
      CLUSTER_PRIVILEGES.join(", "),
  };
}

async function checkMode(
  { config, elastic }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { index_name: name, write_mode } = config;
  const kind = await elastic.readNameKind(name, signal);
  const mode = modeFor({ name, mode: write_mode }, kind);
  return ok("write mode", `${mode}; "${name}" is ${KIND_WORDS[kind]}`);
}

// deno-fmt-ignore
const KIND_WORDS = {
  absent:      "made at the first start",
  index:       "an index",
  alias:       "an alias",
  data_stream: "a data stream",
  unknown:     "not to be looked at with this key",
};

async function checkRules(
  kibana: KibanaClient,
  signal: AbortSignal,
): Promise<CheckResult> {
  let count = 0;
  for await (const _rule of kibana.findRules(signal)) count++;
  await kibana.proveRights(signal);
  return ok(
    "detection rules",
    `may be read and changed; ${count} with the tag opencti`,
  );
}
