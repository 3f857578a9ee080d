import type { z } from "zod";
import type { TargetDefinition } from "../targets/target.ts";
import type { RelayConfig, StreamSettings, TargetConfig } from "./config.ts";
import {
  type Draft,
  type Kind,
  listedDrafts,
  seedDrafts,
  strayVariables,
} from "./drafts.ts";
import { editDistance } from "./nearest.ts";
import { Problems } from "./problems.ts";
import { proxyFor } from "./proxy.ts";
import {
  CONNECTOR_SCHEMA,
  IGNORED_KEYS,
  RELAY_SCHEMA,
  RELAY_VARIABLES,
  SHARED_BLOCKS,
} from "./schema.ts";
import {
  environmentTree,
  isSharedPath,
  knownVariables,
  ownBlocks,
  seedNames,
} from "./seeds.ts";
import {
  fileErrorText,
  NOT_A_BLOCK,
  readSettings,
  readSoundSettings,
  type ReadTextFile,
  type Settings,
  type SettingsContext,
  unknownKeyText,
} from "./settings.ts";
import { type Environment, fileTree, jsonTree, variable } from "./sources.ts";
import {
  type ConnectorValues,
  noteDuplicates,
  type ReadTarget,
  readTarget,
  targetConfigs,
} from "./targets.ts";
import {
  type Branch,
  branch,
  copyTree,
  LAYER,
  leaves,
  mergeTrees,
  type Node,
  nodeAt,
  placeNode,
  takeNode,
} from "./tree.ts";

export type { RelayConfig, StreamSettings, TargetConfig } from "./config.ts";
export type { ReadTextFile } from "./settings.ts";

/** Where the configuration comes from. */
export interface LoadOptions {
  /** Default "config.yml". */
  readonly file?: string;
  /** True if a person named the file: it must then exist. */
  readonly explicitFile: boolean;
  readonly env: Environment;
  readonly registry: readonly TargetDefinition[];
  readonly readTextFile: ReadTextFile;
}

const JSON_VARIABLE = "CONNECTOR_JSON_CONFIG";

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
  const listed = listedDrafts(loading.tree, loading);
  const drafts = [
    ...listed,
    ...seedDrafts(loading.tree, { ...loading, listed }),
  ];
  noteStrayVariables(drafts, loading);
  const { relay, connector } = await readShared(loading);
  const targets = [];
  for (const draft of drafts) targets.push(await readTarget(draft, loading));
  noteDuplicates(targets, loading.problems);
  const configs = targetConfigs(targets, connector, loading);
  loading.problems.throwIfAny();
  return relayConfig({ relay, connector, targets, configs }, loading);
}

/** What a load works on. */
interface Loading {
  readonly env: Environment;
  readonly readTextFile: ReadTextFile;
  readonly kinds: readonly Kind[];
  readonly problems: Problems;
  readonly warnings: string[];
  /** The file and the JSON variable, without single variables. */
  readonly written: readonly Branch[];
  /** Everything, merged. */
  readonly tree: Branch;
}

async function readSources(options: LoadOptions): Promise<Loading> {
  const { env, registry, readTextFile } = options;
  const problems = new Problems();
  const file = await readFile(options, problems);
  const jsonText = variable(env, JSON_VARIABLE);
  const json = jsonText === undefined
    ? branch({ label: JSON_VARIABLE, layer: LAYER.json })
    : jsonTree(jsonText, { name: JSON_VARIABLE, problems });
  if (file === undefined || json === undefined) {
    // Nothing can be said about settings that could not be read.
    problems.throwIfAny();
    throw new Error("a source was not read and no problem noted");
  }
  const kinds = registry.map((definition) => ({
    definition,
    names: seedNames(definition),
  }));
  const known = knownVariables(kinds.map(({ names }) => names));
  const layers = [file, environmentTree(env, known), json];
  layers.forEach(renameLogLevel);
  return {
    env,
    readTextFile,
    kinds,
    problems,
    warnings: misspelledVariables(env, new Set(known.keys())),
    written: [file, json],
    tree: layers.reduce(mergeTrees, systemDefaults(env)),
  };
}

async function readFile(
  { file = "config.yml", explicitFile, env, readTextFile }: LoadOptions,
  problems: Problems,
): Promise<Branch | undefined> {
  try {
    const text = await readTextFile(file);
    return fileTree(text, { name: file, env, problems });
  } catch (error) {
    const isMissing = error instanceof Error && error.name === "NotFound";
    if (isMissing && !explicitFile) {
      return branch({ label: file, layer: LAYER.file });
    }
    problems.add(
      file,
      `cannot be read: ${fileErrorText(error)}; check the path given with -c`,
    );
    return undefined;
  }
}

/** `connector.log_level` is the connectors' name for `log.level`. */
function renameLogLevel(layer: Branch): void {
  const level = takeNode(layer, ["connector", "log_level"]);
  if (level !== undefined) placeNode(layer, ["log", "level"], level);
}

/** Variables of the system that give a default. */
const SYSTEM_PROXIES: readonly (readonly [string, readonly string[]])[] = [
  ["http", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]],
  ["https", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]],
  ["no_proxy", ["NO_PROXY", "no_proxy"]],
];

function systemDefaults(env: Environment): Branch {
  const root = branch({ label: "defaults", layer: LAYER.file });
  const place = (path: readonly string[], value: string, label: string) =>
    placeNode(root, path, {
      kind: "leaf",
      value,
      origin: { label, layer: LAYER.file },
    });
  // systemd gives several directories with colons between.
  const directory = variable(env, "STATE_DIRECTORY")?.split(":")[0];
  if (directory) {
    place(["state", "path"], `${directory}/relay.kv`, "STATE_DIRECTORY");
  }
  for (const [key, names] of SYSTEM_PROXIES) {
    const name = names.find((name) => variable(env, name) !== undefined);
    const value = name && variable(env, name);
    if (name && value) place(["proxy", key], value, name);
  }
  return root;
}

function misspelledVariables(
  env: Environment,
  known: ReadonlySet<string>,
): string[] {
  const prefixes = new Set(
    [...known].map((name) => name.slice(0, name.indexOf("_") + 1)),
  );
  return Object.keys(env).toSorted().flatMap((name) => {
    const isOurs = [...prefixes].some((prefix) => name.startsWith(prefix));
    const isRead = known.has(name) || name === JSON_VARIABLE;
    if (isRead || !isOurs || variable(env, name) === undefined) return [];
    const near = [...known, JSON_VARIABLE]
      .find((other) => editDistance(name, other) <= 2);
    return near === undefined
      ? []
      : [`${name}: this variable is not read; did you mean ${near}?`];
  });
}

function notePlaceholders({ tree, problems }: Loading): void {
  for (const leaf of leaves(tree)) {
    if (String(leaf.value).trim().toLowerCase() === "changeme") {
      problems.add(
        leaf.origin.label,
        'still holds the placeholder "ChangeMe"; set the value, or remove it',
      );
    }
  }
}

/** Keys outside the shared blocks that no connector knows. */
function noteUnknownBlocks({ written, kinds, problems }: Loading): void {
  const known = branch({ label: "", layer: LAYER.file });
  const origin = { label: "", layer: LAYER.file };
  for (const { path } of kinds.flatMap(({ names }) => names)) {
    placeNode(known, path, { kind: "leaf", value: true, origin });
  }
  const blocks = new Set(kinds.flatMap(({ names }) => [...ownBlocks(names)]));
  for (const tree of written) {
    for (const [key, node] of tree.entries) {
      if (SHARED_BLOCKS.has(key)) continue;
      if (blocks.has(key)) {
        noteUnknownKeys(node, nodeAt(known, [key]), problems);
      } else {
        problems.add(
          node.origin.label,
          unknownKeyText(key, [...SHARED_BLOCKS, ...blocks]),
        );
      }
    }
  }
}

function noteUnknownKeys(
  node: Node,
  known: Node | undefined,
  problems: Problems,
): void {
  if (known?.kind !== "branch") return;
  if (node.kind !== "branch") {
    problems.add(node.origin.label, NOT_A_BLOCK);
    return;
  }
  for (const [key, child] of node.entries) {
    const member = known.entries.get(key);
    if (member !== undefined) noteUnknownKeys(child, member, problems);
    else {
      problems.add(
        child.origin.label,
        unknownKeyText(key, known.entries.keys()),
      );
    }
  }
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
  const { opencti, state, log, http, proxy } = relay.output;
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
    log,
    ...(http && { http }),
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
  return targets.map(({ settings }, index) => {
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
      ...settings.effective,
    };
  });
}

function recoverText({ recover }: StreamSettings): string | undefined {
  if (recover === "until-now") return undefined;
  return recover === "off" ? "no" : recover;
}
