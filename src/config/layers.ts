import type { TargetDefinition } from "../targets/target.ts";
import type { Kind } from "./drafts.ts";
import { editDistance } from "./nearest.ts";
import { Problems } from "./problems.ts";
import { environmentTree, knownVariables, seedNames } from "./seeds.ts";
import { fileErrorText, type ReadTextFile } from "./settings.ts";
import {
  type Environment,
  fileTree,
  jsonTree,
  type SourceNotes,
  type Unset,
  variable,
} from "./sources.ts";
import {
  type Branch,
  branch,
  LAYER,
  mergeTrees,
  placeNode,
  takeNode,
} from "./tree.ts";

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

/** What a load works on. */
export interface Loading {
  readonly env: Environment;
  readonly readTextFile: ReadTextFile;
  readonly kinds: readonly Kind[];
  readonly problems: Problems;
  readonly warnings: string[];
  /** The file and the JSON variable, without single variables. */
  readonly written: readonly Branch[];
  /** Keys without a value in those two. */
  readonly unset: readonly Unset[];
  /** Everything, merged. */
  readonly tree: Branch;
}

/**
 * Reads and merges all sources.
 *
 * @throws {ConfigError} One of them cannot be read at all.
 */
export async function readSources(options: LoadOptions): Promise<Loading> {
  const { env, registry, readTextFile } = options;
  const problems = new Problems();
  const unset: Unset[] = [];
  const file = await readFile(options, { problems, unset });
  const jsonText = variable(env, JSON_VARIABLE);
  const json = jsonText === undefined
    ? branch({ label: JSON_VARIABLE, layer: LAYER.json })
    : jsonTree(jsonText, { name: JSON_VARIABLE, problems, unset });
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
    unset,
    tree: layers.reduce(mergeTrees, systemDefaults(env)),
  };
}

async function readFile(
  { file = "config.yml", explicitFile, env, readTextFile }: LoadOptions,
  { problems, unset }: SourceNotes,
): Promise<Branch | undefined> {
  try {
    const text = await readTextFile(file);
    return fileTree(text, { name: file, env, problems, unset });
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
