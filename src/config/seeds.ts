import type { z } from "zod";
import type { SeedRow, TargetDefinition } from "../targets/target.ts";
import { fieldKind, objectShape } from "./fields.ts";
import { RELAY_VARIABLES, SHARED_BLOCKS } from "./schema.ts";
import { type Environment, variable } from "./sources.ts";
import {
  type Branch,
  branch,
  LAYER,
  layerOf,
  type Node,
  nodeAt,
  placeNode,
} from "./tree.ts";

/** Where a key without a path in the file stays while it is read. */
const NO_PATH = "<environment>";

/** One name of one setting of a target, as the replaced connector had it. */
export interface SeedName {
  /** Path in the file, split; a hidden one if the setting had none. */
  readonly path: readonly string[];
  /** False for a hidden path. */
  readonly hasPath: boolean;
  /** Undefined if the setting had none. */
  readonly variable: string | undefined;
  /** Path in the target's settings. */
  readonly key: readonly string[];
  /** For a secret's `_file`. */
  readonly isFile: boolean;
}

/**
 * Every name of a target's settings. Where the connector had one block and
 * one prefix, keys that it did not know have the names they would have had.
 */
export function seedNames(definition: TargetDefinition): SeedName[] {
  const rows = [...definition.seed.rows, ...addedRows(definition)];
  return rows.flatMap(([path, name, key]) => {
    const keys = key.split(".");
    const base = path === ""
      ? [NO_PATH, definition.name, key]
      : path.split(".");
    const value: SeedName = {
      path: base,
      hasPath: path !== "",
      variable: name === "" ? undefined : name,
      key: keys,
      isFile: false,
    };
    return isSecret(definition.config, keys)
      ? [value, fileName(value)]
      : [value];
  });
}

function fileName(name: SeedName): SeedName {
  const { path, variable, key } = name;
  return {
    ...name,
    path: withSuffix(path),
    variable: variable && `${variable}_FILE`,
    key: withSuffix(key),
    isFile: true,
  };
}

function withSuffix(path: readonly string[]): string[] {
  return [...path.slice(0, -1), `${path.at(-1)}_file`];
}

function addedRows({ seed, config }: TargetDefinition): SeedRow[] {
  const own = seed.rows.filter(([path, name]) =>
    name !== "" && path !== "" && !isSharedPath(path.split("."))
  );
  const block = own[0]?.[0].split(".")[0];
  const isUniform = block !== undefined && own.every(([path, name]) => {
    const keys = path.split(".");
    return keys.length === 2 && keys[0] === block &&
      name.startsWith(`${block.toUpperCase()}_`);
  });
  if (!isUniform) return [];
  const known = new Set(seed.rows.map(([, , key]) => key));
  return Object.keys(objectShape(config) ?? {})
    .filter((key) => !known.has(key))
    .map((key) => [`${block}.${key}`, `${block}_${key}`.toUpperCase(), key]);
}

/** True for a path in a block that all targets share, such as `connector`. */
export function isSharedPath(path: readonly string[]): boolean {
  return path[0] !== undefined && SHARED_BLOCKS.has(path[0]);
}

/** The blocks of the file that belong to a target alone. */
export function ownBlocks(names: readonly SeedName[]): Set<string> {
  return new Set(
    names.filter(({ path, hasPath }) => hasPath && !isSharedPath(path))
      .map(({ path }) => path[0] ?? ""),
  );
}

function isSecret(schema: z.core.$ZodType, keys: readonly string[]): boolean {
  let member: z.core.$ZodType | undefined = schema;
  for (const key of keys) {
    const shape: Readonly<Record<string, z.core.$ZodType>> | undefined =
      member && objectShape(member);
    member = shape !== undefined && Object.hasOwn(shape, key)
      ? shape[key]
      : undefined;
  }
  return member !== undefined && fieldKind(member) === "secret";
}

/** Every variable that is read: its name and the paths
 * it sets. */
export function knownVariables(
  definitions: readonly (readonly SeedName[])[],
): Map<string, string[][]> {
  const known = new Map<string, string[][]>();
  const add = (name: string, path: readonly string[]) => {
    const paths = known.get(name) ?? [];
    const isNew = paths.every((other) => other.join(".") !== path.join("."));
    if (isNew) paths.push([...path]);
    known.set(name, paths);
  };
  for (const [path, name] of RELAY_VARIABLES) add(name, path.split("."));
  for (const names of definitions) {
    for (const { path, variable } of names) {
      if (variable !== undefined) add(variable, path);
    }
  }
  return known;
}

/** The settings that variables give, at their paths in the file. */
export function environmentTree(
  env: Environment,
  known: ReadonlyMap<string, string[][]>,
): Branch {
  const root = branch({ label: "environment", layer: LAYER.environment });
  for (const [name, paths] of known) {
    const value = variable(env, name);
    if (value === undefined) continue;
    const origin = { label: name, layer: LAYER.environment };
    for (const path of paths) {
      placeNode(root, path, { kind: "leaf", value, origin });
    }
  }
  return root;
}

/**
 * The settings of a target from the names of the connector it replaces. Of
 * several names for one key the higher layer wins, then the earlier row.
 */
export function seedSettings(
  tree: Branch,
  names: readonly SeedName[],
  filter: (name: SeedName) => boolean = () => true,
): Branch {
  const best = new Map<string, { node: Node; key: readonly string[] }>();
  for (const name of names) {
    const node = filter(name) ? nodeAt(tree, name.path) : undefined;
    if (node === undefined) continue;
    const id = name.key.join(".");
    const present = best.get(id);
    if (present === undefined || layerOf(node) > layerOf(present.node)) {
      best.set(id, { node, key: name.key });
    }
  }
  const settings = branch({ label: "environment", layer: LAYER.file });
  for (const { node, key } of best.values()) placeNode(settings, key, node);
  return settings;
}

/** True if the connector's block, or one of its decisive variables, is set. */
export function isPresent(
  { definition, names, env, written }: {
    definition: TargetDefinition;
    names: readonly SeedName[];
    env: Environment;
    /** The file and CONNECTOR_JSON_CONFIG. */
    written: readonly Branch[];
  },
): boolean {
  const blocks = ownBlocks(names);
  const hasBlock = written.some((tree) =>
    [...blocks].some((block) => tree.entries.has(block))
  );
  if (hasBlock) return true;
  const fileVariables = new Set(
    names.filter(({ isFile }) => isFile).map((name) => name.variable),
  );
  return definition.seed.presentWhen.some((name) =>
    variable(env, name) !== undefined ||
    (fileVariables.has(`${name}_FILE`) &&
      variable(env, `${name}_FILE`) !== undefined) ||
    written.some((tree) => nodeAt(tree, name.split(".")) !== undefined)
  );
}
