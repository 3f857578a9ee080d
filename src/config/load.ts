import type { z } from "zod";
import type { RelayConfig, StreamSettings, TargetConfig } from "./config.ts";
import {
  type Draft,
  listedDrafts,
  seedDrafts,
  strayVariables,
} from "./drafts.ts";
import { type Loading, type LoadOptions, readSources } from "./layers.ts";
import { httpSettings, noteOpenAddress } from "./http_settings.ts";
import { proxyFor } from "./proxy.ts";
import {
  CONNECTOR_SCHEMA,
  IGNORED_KEYS,
  RELAY_SCHEMA,
  RELAY_VARIABLES,
} from "./schema.ts";
import { isSharedPath } from "./seeds.ts";
import {
  NOT_A_BLOCK,
  readSettings,
  readSoundSettings,
  type Settings,
  type SettingsContext,
} from "./settings.ts";
import {
  type ConnectorValues,
  noteDuplicates,
  noteSharedPlaces,
  type ReadTarget,
  readTarget,
  targetConfigs,
} from "./targets.ts";
import {
  type Branch,
  branch,
  copyTree,
  LAYER,
  type Node,
  takeNode,
} from "./tree.ts";
import {
  notePlaceholders,
  noteUnknownBlocks,
  noteUnknownUnset,
} from "./unknown.ts";

export type { RelayConfig, TargetConfig } from "./config.ts";
export type { FilterSettings } from "./guards.ts";

/**
 * Reads the configuration: defaults, then the file, then single variables,
 * then `CONNECTOR_JSON_CONFIG`, the later winning. Blocks are merged, lists
 * replaced.
 *
 * @throws {ConfigError} Anything is wrong. The message tells all of it, one
 * line per problem, and never a secret's value.
 */
export async function loadConfig(options: LoadOptions): Promise<RelayConfig> {
  const loading = await readSources(options);
  notePlaceholders(loading);
  noteUnknownBlocks(loading);
  noteUnknownUnset(loading);
  const listed = listedDrafts(loading.tree, loading);
  const drafts = [
    ...listed,
    ...seedDrafts(loading.tree, { ...loading, listed }),
  ];
  noteStrayVariables(drafts, loading);
  const { relay, connector } = await readShared(loading);
  noteOpenAddress(relay.output?.http, loading.problems);
  const targets = [];
  for (const draft of drafts) targets.push(await readTarget(draft, loading));
  noteDuplicates(targets, loading.problems);
  noteSharedPlaces(targets, loading.problems);
  const configs = targetConfigs(targets, connector, loading);
  noteMisspelt(loading);
  loading.problems.throwIfAny();
  return relayConfig({ relay, connector, targets, configs }, loading);
}

function noteStrayVariables(drafts: readonly Draft[], loading: Loading): void {
  const stray = strayVariables(drafts, loading);
  if (drafts.length > 0) {
    loading.warnings.push(
      ...stray.map(({ place, what }) => `${place}: ${what}`),
    );
    return;
  }
  for (const { place, what } of stray) loading.problems.add(place, what);
  const decisive = loading.kinds.flatMap(({ definition }) =>
    definition.seed.presentWhen
  );
  loading.problems.add(
    "targets",
    "no target is configured; list one under targets: in the file" +
      (decisive.length === 0
        ? ""
        : `, or set the variables of one (${decisive.join(", ")})`),
  );
}

/** A variable that nobody reads explains what is missing. */
function noteMisspelt({ problems, warnings }: Loading): void {
  if (problems.count === 0) return;
  for (const warning of warnings) {
    const [, place = "", what = ""] =
      /^(\w+): (.*did you mean.*)$/.exec(warning) ?? [];
    if (place !== "") problems.add(place, what);
  }
}

const REST_SCHEMA = RELAY_SCHEMA.omit({ connector: true });
type RestValues = z.output<typeof REST_SCHEMA>;

/** The blocks that all targets share. */
async function readShared(loading: Loading): Promise<{
  relay: Settings<RestValues>;
  connector: Settings<ConnectorValues>;
}> {
  const { kinds, problems, readTextFile, warnings } = loading;
  const tree = copyTree(loading.tree);
  for (const key of [...tree.entries.keys()]) {
    if (!Object.hasOwn(RELAY_SCHEMA.shape, key)) tree.entries.delete(key);
  }
  const own = new Set(RELAY_VARIABLES.map(([path]) => path));
  const claimed = kinds.flatMap(({ names }) => names)
    .filter(({ path }) => isSharedPath(path) && !own.has(path.join(".")))
    .map(({ path }) => path);
  for (const path of claimed) takeNode(tree, path);
  for (const ignored of takeIgnored(tree)) {
    warnings.push(`${ignored}: has no effect here; it may be removed`);
  }
  const variables = new Map(RELAY_VARIABLES);
  const contextOf = (start: readonly string[]): SettingsContext => ({
    readTextFile,
    problems,
    place: (path) => [...start, ...path].join("."),
    variable: (path) => variables.get([...start, ...path].join(".")),
    extraKeys: (path) =>
      claimed.filter(([block]) => block === [...start, ...path][0])
        .map(([, key = ""]) => key),
  });
  const block = takeNode(tree, ["connector"]);
  const relay = await readSettings(tree, REST_SCHEMA, contextOf([]));
  const connector = await readConnector(block, contextOf(["connector"]));
  return { relay, connector };
}

function readConnector(
  block: Node | undefined,
  context: SettingsContext,
): Promise<Settings<ConnectorValues>> {
  const empty = branch({ label: "connector", layer: LAYER.file });
  if (block !== undefined && block.kind !== "branch") {
    context.problems.add(block.origin.label, NOT_A_BLOCK);
  }
  return readSoundSettings(
    block?.kind === "branch" ? block : empty,
    CONNECTOR_SCHEMA,
    context,
  );
}

function takeIgnored(tree: Branch): string[] {
  const labels: string[] = [];
  for (const block of ["opencti", "connector"]) {
    const node = tree.entries.get(block);
    if (node?.kind !== "branch") continue;
    for (const key of [...node.entries.keys()]) {
      const path = `${block}.${key}`;
      if (!IGNORED_KEYS.some((pattern) => pattern.test(path))) continue;
      const taken = takeNode(tree, [block, key]);
      if (taken !== undefined) labels.push(taken.origin.label);
    }
  }
  return labels;
}

function relayConfig(
  { relay, connector, targets, configs }: {
    relay: Settings<RestValues>;
    connector: Settings<ConnectorValues>;
    targets: readonly ReadTarget[];
    configs: readonly TargetConfig[];
  },
  { warnings }: Loading,
): RelayConfig {
  if (relay.output === undefined) {
    throw new Error("the configuration was not read and no problem noted");
  }
  const { opencti, state, log, http, proxy, dead_letters } = relay.output;
  const noProxy = proxy.no_proxy;
  const proxies = { http: proxy.http, https: proxy.https, noProxy };
  const ownProxy = opencti.proxy ?? proxyFor(proxies, opencti.url);
  if (!opencti.ssl_verify) {
    warnings.push(
      "opencti.ssl_verify is off: anyone on the way can read the token",
    );
  }
  return {
    opencti: {
      url: opencti.url,
      externalUrl: opencti.external_url ?? opencti.url,
      token: opencti.token,
      tls: {
        verify: opencti.ssl_verify,
        ...(opencti.ca_cert && { ca: opencti.ca_cert }),
        ...(opencti.client_cert && { cert: opencti.client_cert }),
        ...(opencti.client_key && { key: opencti.client_key }),
      },
      ...(ownProxy && { proxy: ownProxy }),
    },
    state: { path: state.path },
    deadLetters: dead_letters.max_age === undefined
      ? {}
      : { maxAgeMs: dead_letters.max_age },
    log,
    ...(http && { http: httpSettings(http) }),
    proxy: proxies,
    targets: configs,
    warnings,
    effective: {
      opencti: relay.effective.opencti,
      connector: connector.effective,
      ...relay.effective,
      targets: effectiveTargets(targets, configs),
    },
  };
}

function effectiveTargets(
  targets: readonly ReadTarget[],
  configs: readonly TargetConfig[],
): Record<string, unknown>[] {
  return targets.map(({ base, settings }, index) => {
    const config = configs[index]!;
    return {
      name: config.name,
      type: config.type,
      connector_id: config.connector.id,
      connector_name: config.connector.name,
      live_stream_id: config.stream.id,
      live_stream_listen_delete: config.stream.listenDelete,
      live_stream_no_dependencies: config.stream.noDependencies,
      live_stream_with_inferences: config.stream.withInferences,
      live_stream_recover_iso_date: recoverText(config.stream),
      live_stream_start_timestamp: config.stream.startFrom,
      filter: base.effective.filter,
      delete_budget: base.effective.delete_budget,
      ...settings.effective,
    };
  });
}

function recoverText({ recover }: StreamSettings): string | undefined {
  if (recover === "until-now") return undefined;
  return recover === "off" ? "no" : recover;
}
