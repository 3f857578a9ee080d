import type { TargetDefinition } from "../targets/target.ts";
import { nearest } from "./nearest.ts";
import { type Problems, quotedKey } from "./problems.ts";
import { TARGET_SCHEMA } from "./schema.ts";
import {
  isPresent,
  isSharedPath,
  type SeedName,
  seedSettings,
} from "./seeds.ts";
import { type Environment, variable } from "./sources.ts";
import {
  type Branch,
  branch,
  LAYER,
  mergeTrees,
  type Node,
  plainValue,
} from "./tree.ts";

/** A kind of target and all names of its settings. */
export interface Kind {
  readonly definition: TargetDefinition;
  readonly names: readonly SeedName[];
}

/** A target that is configured, its settings not yet checked. */
export interface Draft extends Kind {
  /** "targets[0]" or "elastic_security", for messages. */
  readonly where: string;
  /** The keys that every target has. */
  readonly base: Branch;
  /** The keys of its type. */
  readonly settings: Branch;
  /** How a message calls a key that is not set. */
  place(path: readonly string[]): string;
  variable(path: readonly string[]): string | undefined;
}

interface DraftOptions {
  readonly kinds: readonly Kind[];
  readonly env: Environment;
  readonly problems: Problems;
}

/** The entries of `targets`. Those of no known type are noted. */
export function listedDrafts(tree: Branch, options: DraftOptions): Draft[] {
  const list = tree.entries.get("targets");
  if (list === undefined) return [];
  if (list.kind !== "list") {
    options.problems.add(
      list.origin.label,
      'is not a list; begin each target with "- name:"',
    );
    return [];
  }
  return list.items.flatMap((item) => listedDraft(item, tree, options) ?? []);
}

function listedDraft(
  item: Node,
  tree: Branch,
  { kinds, problems }: DraftOptions,
): Draft | undefined {
  const where = item.origin.label;
  if (item.kind !== "branch") {
    problems.add(where, 'is not a block of settings; write "- name: ..."');
    return undefined;
  }
  const kind = kindOf(item, kinds, problems);
  if (kind === undefined) return undefined;
  const base = branch(item.origin);
  const settings = branch(item.origin);
  for (const [key, node] of item.entries) {
    const isBase = Object.hasOwn(TARGET_SCHEMA.shape, key);
    (isBase ? base : settings).entries.set(key, node);
  }
  const shared = seedSettings(
    tree,
    kind.names.filter(({ path }) => isSharedPath(path)),
  );
  return {
    ...kind,
    where,
    base,
    settings: mergeTrees(shared, settings),
    place: (path) => [where, ...path].join("."),
    variable: () => undefined,
  };
}

function kindOf(
  item: Branch,
  kinds: readonly Kind[],
  problems: Problems,
): Kind | undefined {
  const node = item.entries.get("type");
  const types = kinds.map(({ definition }) => definition.name);
  const choices = `use one of ${types.toSorted().join(", ")}`;
  if (node === undefined) {
    problems.add(`${item.origin.label}.type`, `is missing; ${choices}`);
    return undefined;
  }
  const type = String(plainValue(node)).trim();
  const kind = kinds.find(({ definition }) => definition.name === type);
  if (kind === undefined) {
    const near = nearest(type, types);
    const remedy = near === undefined ? choices : `did you mean "${near}"?`;
    problems.add(
      node.origin.label,
      `unknown type ${quotedKey(type)}; ${remedy}`,
    );
  }
  return kind;
}

/**
 * The targets that the names of the replaced connectors make. Variables make
 * none of a type that is listed: they are often what the list refers to.
 */
export function seedDrafts(
  tree: Branch,
  { kinds, env, written, listed, warnings }: DraftOptions & {
    written: readonly Branch[];
    listed: readonly Draft[];
    warnings: string[];
  },
): Draft[] {
  const types = new Set(listed.map(({ definition }) => definition.name));
  return kinds.filter((kind) => {
    const { name, seed } = kind.definition;
    if (!types.has(name)) return isPresent({ ...kind, env, written });
    const isWritten = isPresent({ ...kind, env: {}, written });
    if (!isWritten && isPresent({ ...kind, env, written })) {
      warnings.push(
        `${seed.presentWhen.join(", ")}: make no target of their own, ` +
          `because targets: lists ${name}`,
      );
    }
    return isWritten;
  }).map((kind) => seedDraft(kind, tree));
}

function seedDraft(kind: Kind, tree: Branch): Draft {
  const { definition, names } = kind;
  const origin = { label: definition.name, layer: LAYER.file };
  const type = { kind: "leaf", value: definition.name, origin } as const;
  const base = branch(origin);
  base.entries.set("name", type).set("type", type);
  const nameOf = (path: readonly string[]) =>
    names.find(({ key }) => key.join(".") === path.join("."));
  return {
    ...kind,
    where: definition.name,
    base,
    settings: seedSettings(tree, names),
    place: (path) => {
      const name = nameOf(path);
      return name?.hasPath
        ? name.path.join(".")
        : name?.variable ?? [definition.name, ...path].join(".");
    },
    variable: (path) => nameOf(path)?.variable,
  };
}

/**
 * Variables of connectors that do not run, because a decisive one is not set:
 * one message for each connector.
 */
export function strayVariables(
  drafts: readonly Draft[],
  { kinds, env }: DraftOptions,
): { place: string; what: string }[] {
  const running = new Set(drafts.map(({ definition }) => definition.name));
  return kinds.flatMap(({ definition, names }) => {
    if (running.has(definition.name)) return [];
    const stray = names.find((name) =>
      !isSharedPath(name.path) && name.variable !== undefined &&
      variable(env, name.variable) !== undefined
    );
    const needed = definition.seed.presentWhen.join(" or ");
    return stray?.variable === undefined ? [] : [{
      place: stray.variable,
      what: `is set, but ${definition.name} does not run without ${needed}; ` +
        "set that too, or remove this",
    }];
  });
}
