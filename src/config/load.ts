import { v5 } from "uuid";
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
  IGNORED_KEYS,
  RELAY_SCHEMA,
  RELAY_VARIABLES,
  SHARED_BLOCKS,
  TARGET_SCHEMA,
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
  readSettings,
  type ReadTextFile,
  type Settings,
  unknownKeyText,
} from "./settings.ts";
import { type Environment, fileTree, jsonTree, variable } from "./sources.ts";
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
  const drafts = [
    ...listedDrafts(loading.tree, loading),
    ...seedDrafts(loading.tree, loading),
  ];
  noteStrayVariables(drafts, loading);
  const relay = await readRelay(loading);
  const targets = [];
  for (const draft of drafts) targets.push(await readTarget(draft, loading));
  noteDuplicates(targets, loading.problems);
  const configs = targetConfigs(targets, relay.output?.connector, loading);
  loading.problems.throwIfAny();
  return relayConfig({ relay, targets, configs }, loading);
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
    problems.add(
      node.origin.label,
      "is a block of settings; put its keys below it, indented",
    );
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

type RelayValues = z.output<typeof RELAY_SCHEMA>;

function readRelay(loading: Loading): Promise<Settings<RelayValues>> {
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
  const names = new Map(RELAY_VARIABLES);
  return readSettings(tree, RELAY_SCHEMA, {
    readTextFile,
    problems,
    place: (path) => path.join("."),
    variable: (path) => names.get(path.join(".")),
    extraKeys: (path) =>
      path.length === 0
        ? ["targets", ...kinds.flatMap(({ names }) => [...ownBlocks(names)])]
        : claimed.filter((other) => other[0] === path[0]).map((other) =>
          other[1] ?? ""
        ),
  });
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

type BaseValues = z.output<typeof TARGET_SCHEMA>;

/** A target whose settings were checked. */
interface ReadTarget {
  readonly draft: Draft;
  readonly base: Settings<BaseValues>;
  readonly settings: Settings<unknown>;
}

async function readTarget(
  draft: Draft,
  { problems, readTextFile }: Loading,
): Promise<ReadTarget> {
  const context = {
    readTextFile,
    problems,
    place: draft.place,
    variable: draft.variable,
  };
  const base = await readSettings(draft.base, TARGET_SCHEMA, context);
  const settings = await readSettings(
    draft.settings,
    draft.definition.config,
    { ...context, extraKeys: (path) => path.length === 0 ? BASE_KEYS : [] },
  );
  return { draft, base, settings };
}

const BASE_KEYS = Object.keys(TARGET_SCHEMA.shape);

function nameOf({ draft, base }: ReadTarget): string {
  return base.output?.name ?? draft.definition.name;
}

function noteDuplicates(
  targets: readonly ReadTarget[],
  problems: Problems,
): void {
  const seen = new Map<string, string>();
  for (const target of targets) {
    if (target.base.output === undefined) continue;
    const name = nameOf(target);
    const { where } = target.draft;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, where);
    else {
      problems.add(
        `${where}.name`,
        `"${name}" is the name of ${first} too; give each target its own`,
      );
    }
  }
}

type ConnectorValues = RelayValues["connector"];

function targetConfigs(
  targets: readonly ReadTarget[],
  connector: ConnectorValues | undefined,
  { problems, warnings }: Loading,
): TargetConfig[] {
  if (connector === undefined) return [];
  const ids = connectorIds(targets, connector, problems);
  return targets.flatMap((target, index) => {
    const { draft, base, settings } = target;
    const id = ids[index];
    if (base.output === undefined) return [];
    const stream = streamOf(draft, base.output, connector, problems);
    if (id === undefined || stream === undefined) return [];
    if (!stream.listenDelete) {
      warnings.push(
        `${nameOf(target)}: live_stream_listen_delete is off; ` +
          "nothing that leaves the stream is ever removed",
      );
    }
    const { definition } = draft;
    return [{
      name: nameOf(target),
      type: definition.name,
      definition,
      settings: settings.output,
      connector: {
        id,
        name: connectorName(target, connector, targets.length),
        scope: connector.scope ?? definition.seed.connector.scope.split(","),
      },
      stream,
    }];
  });
}

function connectorIds(
  targets: readonly ReadTarget[],
  connector: ConnectorValues,
  problems: Problems,
): (string | undefined)[] {
  const first = targets[0]?.base.output?.connector_id ?? connector.id;
  const ids = targets.map((target, index) => {
    const own = target.base.output?.connector_id;
    if (own !== undefined || index === 0) return own ?? first;
    return first && v5(nameOf(target), uuidBytes(first));
  });
  if (ids.includes(undefined)) {
    problems.add(
      "connector.id",
      "is missing; set it, or the variable CONNECTOR_ID, " +
        "to a UUID of its own, for example from uuidgen",
    );
  }
  ids.forEach((id, index) => {
    const other = ids.indexOf(id);
    const place = `${targets[index]?.draft.where}.connector_id`;
    if (id !== undefined && other < index) {
      problems.add(
        place,
        `is the one of ${targets[other]?.draft.where} too; ` +
          "give each target its own",
      );
    }
  });
  return ids;
}

/** The package refuses UUIDs with a version it does not know; the platform not. */
function uuidBytes(uuid: string): Uint8Array {
  return Uint8Array.fromHex(uuid.replaceAll("-", ""));
}

function connectorName(
  target: ReadTarget,
  connector: ConnectorValues,
  count: number,
): string {
  const own = target.base.output?.connector_name;
  if (own !== undefined) return own;
  const { definition } = target.draft;
  const name = connector.name ?? definition.seed.connector.name;
  const isAlone = count === 1;
  const isPlain = connector.name === undefined &&
    nameOf(target) === definition.name;
  return isAlone || isPlain ? name : `${name} (${nameOf(target)})`;
}

function streamOf(
  draft: Draft,
  base: BaseValues,
  connector: ConnectorValues,
  problems: Problems,
): StreamSettings | undefined {
  const { seed } = draft.definition;
  const chosen = { ...connector, ...base };
  const id = chosen.live_stream_id ?? seed.connector.liveStreamId;
  if (id === undefined) {
    problems.add(
      "connector.live_stream_id",
      "is missing; set it, or the variable CONNECTOR_LIVE_STREAM_ID, " +
        "to the id of a live stream of the platform",
    );
    return undefined;
  }
  return {
    id,
    listenDelete: chosen.live_stream_listen_delete ?? true,
    noDependencies: chosen.live_stream_no_dependencies ??
      seed.connector.noDependencies,
    withInferences: chosen.live_stream_with_inferences ?? false,
    recover: chosen.live_stream_recover_iso_date ?? "until-now",
    startFrom: chosen.live_stream_start_timestamp ?? "0-0",
  };
}

function relayConfig(
  { relay, targets, configs }: {
    relay: Settings<RelayValues>;
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
    effective: effective(relay, targets, configs),
  };
}

function effective(
  relay: Settings<RelayValues>,
  targets: readonly ReadTarget[],
  configs: readonly TargetConfig[],
): Record<string, unknown> {
  return {
    ...relay.effective,
    targets: targets.map(({ settings }, index) => {
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
    }),
  };
}

function recoverText({ recover }: StreamSettings): string | undefined {
  if (recover === "until-now") return undefined;
  return recover === "off" ? "no" : recover;
}
