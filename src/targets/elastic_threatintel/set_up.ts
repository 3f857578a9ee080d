/** Makes policy, template and alias ready, in this order. */
import { ConfigError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { isRecord } from "../../stix/object.ts";
import type { Json } from "../_elastic/document.ts";
import { isSameTemplate } from "../_elastic/template.ts";
import type { AliasState, ThreatintelClient } from "./client.ts";
import { type ThreatintelConfig, usesAlias } from "./config.ts";
import {
  bodyOf,
  LIFECYCLE_POLICY,
  MANAGED_BY,
  templateOf,
} from "./template.ts";

/** What set-up works with. */
export interface SetUp {
  readonly client: ThreatintelClient;
  readonly config: ThreatintelConfig;
  readonly log: Log;
}

/**
 * Brings what is missing into being; running it again changes nothing. Without
 * ILM there is no alias, and indices come into being with their first document.
 *
 * @throws {ConfigError} What exists does not fit the settings.
 * @throws {LoginError} The first index is missing and may not be created.
 */
export async function setUp(work: SetUp, signal: AbortSignal): Promise<void> {
  const hasAlias = usesAlias(work.config);
  const hasLifecycle = hasAlias && await ensurePolicy(work, signal);
  await ensureTemplate(work, hasLifecycle, signal);
  if (hasAlias) await ensureAlias(work, hasLifecycle, signal);
}

/** False where the cluster has no ILM. */
async function ensurePolicy(
  { client, config, log }: SetUp,
  signal: AbortSignal,
): Promise<boolean> {
  const { ilm_policy_name: name, ilm_overwrite: overwrite } = config;
  const state = await client.readPolicy(name, signal);
  if (state === "unavailable") {
    log.info("the cluster has no ILM: the index never rolls over");
    return false;
  }
  if (state === "unknown") {
    log.warn("the login may not read ILM policies: grant read_ilm", { name });
    return true;
  }
  if (state === "present" && !overwrite) return true;
  if (await client.updatePolicy(name, LIFECYCLE_POLICY, signal)) {
    log.info("wrote the ILM policy", { name });
  } else {
    log.warn("cannot write the ILM policy: grant manage_ilm", { name });
  }
  return true;
}

async function ensureTemplate(
  { client, config, log }: SetUp,
  hasLifecycle: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!config.template_enabled) return;
  const { template_name: name } = config;
  const wanted = templateOf(config, hasLifecycle);
  const stored = await client.readIndexTemplate(name, signal);
  if (isSameTemplate(stored, wanted) && !namesAliases(stored)) return;
  if (stored !== undefined && !config.template_overwrite) {
    log.warn(templateWarning(stored), { name });
    return;
  }
  if (await client.updateIndexTemplate(name, wanted, signal)) {
    log.info("wrote the index template", { name });
  } else {
    log.warn(
      "the login may not write index templates: grant manage_index_templates",
      { name },
    );
  }
}

function templateWarning(stored: Json): string {
  const isOurs = isRecord(stored._meta) &&
    stored._meta.managed_by === MANAGED_BY;
  const remedy = "set setup.template.overwrite to true to replace it";
  if (namesAliases(stored)) {
    return `the index template holds an alias, so ILM cannot roll over: ${remedy}`;
  }
  return isOurs
    ? `the index template is not what these settings ask for: ${remedy}`
    : `the index template is not ours and stays as it is: ${remedy}`;
}

function namesAliases(template: Json | undefined): boolean {
  const inner = template?.template;
  return isRecord(inner) && isRecord(inner.aliases) &&
    Object.keys(inner.aliases).length > 0;
}

async function ensureAlias(
  work: SetUp,
  hasLifecycle: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { client, config, log } = work;
  const { ilm_rollover_alias: alias, ilm_pattern: pattern } = config;
  const kind = await client.readNameKind(alias, signal);
  if (kind === "index" || kind === "data_stream") {
    const what = kind === "index" ? "an index" : "a data stream";
    throw new ConfigError(
      `"${alias}" is ${what}, setup.ilm.rollover_alias wants an alias of ` +
        "that name: choose another name, set setup.ilm.enabled to false, or " +
        `reindex "${alias}" and delete it`,
    );
  }
  const found = await client.readAlias(alias, signal);
  if (found !== undefined) return assertWritable(alias, found);
  const first = `<${alias}-${pattern}>`;
  // Where the template is somebody else's, so are the mappings.
  const body = config.template_enabled ? bodyOf(config, hasLifecycle) : {};
  const isNew = await client.createIndex(first, {
    ...body,
    aliases: { [alias]: { is_write_index: true } },
  }, signal);
  if (isNew) {
    log.info("created the first index", { index: first, alias });
    return;
  }
  // Another life of ours may have been faster.
  const now = await client.readAlias(alias, signal);
  if (now === undefined) {
    throw new ConfigError(
      `The index "${first}" exists and is not in the alias "${alias}": add ` +
        "it to the alias as its write index, or delete it",
    );
  }
  assertWritable(alias, now);
}

function assertWritable(
  alias: string,
  { indices, writeIndex }: AliasState,
): void {
  if (writeIndex !== undefined || indices.length === 1) return;
  throw new ConfigError(
    `The alias "${alias}" stands for ${indices.length} indices and none of ` +
      "them is its write index: mark the newest one with is_write_index",
  );
}
