/** What `check` looks at, without changing anything. */
import { isRecord } from "../../stix/object.ts";
import { INDEX_PRIVILEGES, missingPrivileges } from "../_elastic/privileges.ts";
import type { CheckResult } from "../target.ts";
import type { ThreatintelClient } from "./client.ts";
import { type ThreatintelConfig, usesAlias } from "./config.ts";
import { templateOf } from "./template.ts";
import { isSameTemplate } from "../_elastic/template.ts";
import { failed, ok, outcome } from "../check_result.ts";

/** Holds the login, in words for a remedy. */
const LOGIN = "the login";

/** What a check needs. */
export interface CheckSubject {
  readonly config: ThreatintelConfig;
  readonly client: ThreatintelClient;
}

/** Oldest version that the target is made for. */
const LEAST_MAJOR = 8;

/** Looks at login, rights and what set-up would find. */
export async function checkThreatintel(
  subject: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const { config } = subject;
  const first = await outcome(
    "Elasticsearch",
    LOGIN,
    () => checkVersion(subject, signal),
  );
  if (first.status === "failed") return [first];
  const results = [
    first,
    await outcome("rights", LOGIN, () => checkPrivileges(subject, signal)),
  ];
  if (usesAlias(config)) {
    results.push(
      await outcome("ILM policy", LOGIN, () => checkPolicy(subject, signal)),
      await outcome("alias", LOGIN, () => checkAlias(subject, signal)),
    );
  }
  if (config.template_enabled) {
    results.push(
      await outcome(
        "index template",
        LOGIN,
        () => checkTemplate(subject, signal),
      ),
    );
  }
  return results;
}

async function checkVersion(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const subject = "Elasticsearch";
  if (config.reduced_privileges) {
    await client.readPrivileges({ cluster: ["monitor"] }, signal);
    return ok(subject, "reached; the version is not asked for");
  }
  const info = await client.readInfo(signal);
  if (info === undefined) {
    return {
      subject,
      status: "warning",
      detail: "reached; the login may not read the version",
      remedy: "grant the cluster privilege monitor, or set " +
        "output.elasticsearch.reduced_privileges",
    };
  }
  const detail = `version ${info.version} (${info.flavor})`;
  return Number.parseInt(info.version) < LEAST_MAJOR
    ? failed(subject, detail, `upgrade to ${LEAST_MAJOR}.x or newer`)
    : ok(subject, detail);
}

async function checkPrivileges(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const subject = "rights";
  const names = config.template_pattern.split(",");
  const cluster = [
    ...(config.template_enabled ? ["manage_index_templates"] : []),
    ...(usesAlias(config) ? ["read_ilm", "manage_ilm"] : []),
  ];
  const found = await client.readPrivileges({
    cluster,
    index: [{ names, privileges: INDEX_PRIVILEGES }],
  }, signal);
  if (!("has_all_requested" in found)) {
    return {
      subject,
      status: "warning",
      detail: "the cluster does not tell (security may be off)",
      remedy: "switch the security features of Elasticsearch on",
    };
  }
  const indices = isRecord(found.index) ? found.index : {};
  const missing = names.flatMap((name) =>
    missingPrivileges(indices[name], INDEX_PRIVILEGES)
  );
  const missingCluster = missingPrivileges(found.cluster, cluster);
  if (missing.length + missingCluster.length === 0) {
    return ok(subject, `all on "${config.template_pattern}" and the cluster`);
  }
  return {
    subject,
    status: missing.length > 0 ? "failed" : "warning",
    detail: `missing: ${[...missing, ...missingCluster].join(", ")}`,
    remedy: `grant on "${config.template_pattern}" ` +
      `${INDEX_PRIVILEGES.join(", ")}; on the cluster ` +
      (cluster.join(", ") || "nothing"),
  };
}

async function checkPolicy(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = config.ilm_policy_name;
  const state = await client.readPolicy(name, signal);
  if (state !== "unknown") return ok("ILM policy", POLICY_WORDS[state]);
  return {
    subject: "ILM policy",
    status: "warning",
    detail: `the login may not read "${name}"`,
    remedy: "grant the cluster privilege read_ilm",
  };
}

// deno-fmt-ignore
const POLICY_WORDS = {
  present:     "exists",
  absent:      "made at the first start",
  unavailable: "the cluster has no ILM; the index does not roll over",
};

async function checkAlias(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = config.ilm_rollover_alias;
  const kind = await client.readNameKind(name, signal);
  switch (kind) {
    case "index":
    case "data_stream":
      return failed(
        "alias",
        `"${name}" is ${kind === "index" ? "an index" : "a data stream"}`,
        "set setup.ilm.rollover_alias to another name, or " +
          "setup.ilm.enabled to false",
      );
    case "absent":
      return ok("alias", `"${name}" is made at the first start`);
    default: {
      const alias = await client.readAlias(name, signal);
      const count = alias?.indices.length ?? 0;
      return count > 1 && alias?.writeIndex === undefined
        ? failed(
          "alias",
          `"${name}" stands for ${count} indices without a write index`,
          "mark the newest one with is_write_index",
        )
        : ok(
          "alias",
          `"${name}" writes to ${alias?.writeIndex ?? "its index"}`,
        );
    }
  }
}

async function checkTemplate(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const subject = "index template";
  const stored = await client.readIndexTemplate(config.template_name, signal);
  if (stored === undefined) return ok(subject, "made at the first start");
  const isSame = [true, false].some((hasLifecycle) =>
    isSameTemplate(stored, templateOf(config, hasLifecycle))
  );
  if (isSame) return ok(subject, "as these settings ask for");
  return {
    subject,
    status: "warning",
    detail: `"${config.template_name}" exists and says something else`,
    remedy: "set setup.template.overwrite to true for one start",
  };
}
