import { type Atom, type Group, groupsOfPattern } from "./pattern_groups.ts";
import type { Normalise } from "./values.ts";

/** A single value as a tool holds it. */
export interface Ioc<Type extends string = string> {
  readonly type: Type;
  readonly value: string;
}

/** How one tool takes patterns. */
export interface IocRules<Type extends string> {
  /** By path: the tool's type, and how a value is spelled. */
  readonly rows: ReadonlyMap<string, readonly [type: Type, how: Normalise]>;
  /** The same for values that are none of the kind in `rows`. */
  readonly otherwise?: IocRules<Type>["rows"];
  /** A group is left out where a part of it alone would match more. */
  readonly strict: boolean;
  /**
   * What the tool can hold of a whole group by rules of its own, such as a
   * folder and a name as one path. Nothing: the usual rules apply.
   */
  combined?(group: Group): readonly Ioc<Type>[] | undefined;
}

/** Something of a pattern that is not sent. */
export interface LeftOut {
  /** A path, a value's path, or a comparison without its value. */
  readonly what: string;
  readonly why: string;
}

/** What a tool takes of a pattern. */
export interface PatternIocs<Type extends string> {
  /**
   * No value twice. The hashes that one group names of one file are one list,
   * everything else is a list of one.
   */
  readonly sets: readonly (readonly Ioc<Type>[])[];
  /** Paths that are sent although more had to hold. */
  readonly widened: readonly string[];
  /** No two alike. */
  readonly left: readonly LeftOut[];
  /** Why the pattern cannot be read. */
  readonly problem?: string;
}

/** STIX types whose hashes stand for the object, whatever else is said of it. */
const HASHED: ReadonlySet<string> = new Set(["artifact", "file"]);

/** Reads from a pattern what a tool that holds single values can take. */
export function iocsOfPattern<Type extends string>(
  text: string,
  rules: IocRules<Type>,
): PatternIocs<Type> {
  const { groups, problem } = groupsOfPattern(text);
  const seen = new Set<string>();
  const sets: (readonly Ioc<Type>[])[] = [];
  const widened = new Set<string>();
  const left = new Map<string, LeftOut>();
  const leave = (what: string, why: string) =>
    left.set(`${what}\n${why}`, { what, why });
  for (const group of groups) {
    const taken = takenOf(group, rules, leave);
    if (taken.wide !== undefined) {
      if (rules.strict) {
        for (const what of taken.paths) leave(what, taken.wide);
        continue;
      }
      for (const what of taken.paths) widened.add(what);
    }
    for (const set of taken.sets) {
      const fresh = set.filter(({ type, value }) => {
        const key = `${type}|${value}`;
        return !seen.has(key) && seen.add(key);
      });
      if (fresh.length > 0) sets.push(fresh);
    }
  }
  return {
    sets,
    widened: [...widened],
    left: [...left.values()],
    ...(problem === undefined ? {} : { problem }),
  };
}

interface Taken<Type extends string> {
  readonly sets: readonly (readonly Ioc<Type>[])[];
  readonly paths: readonly string[];
  /** Why a part alone matches more than the group. */
  readonly wide?: string;
}

function takenOf<Type extends string>(
  group: Group,
  rules: IocRules<Type>,
  leave: (what: string, why: string) => void,
): Taken<Type> {
  const combined = rules.combined?.(group);
  if (combined !== undefined) {
    return { sets: combined.map((ioc) => [ioc]), paths: [] };
  }
  const read = (atoms: readonly Atom[]) =>
    atoms.flatMap((atom) => {
      const ioc = toIoc(atom, rules, leave);
      return ioc === undefined ? [] : [{ path: atom.path, ioc }];
    });
  if (isOneFile(group)) {
    const hashes = read(group.atoms.filter(isHash));
    if (hashes.length > 0) {
      return { sets: [hashes.map(({ ioc }) => ioc)], paths: [] };
    }
  }
  for (const what of group.conditions) {
    leave(what, "only = and IN name a value");
  }
  const found = read(group.atoms);
  const isWide = group.atoms.length + group.conditions.length > 1 &&
    found.length > 0;
  return {
    sets: found.map(({ ioc }) => [ioc]),
    paths: found.map(({ path }) => path),
    ...(isWide ? { wide: "the pattern asks for more at the same time" } : {}),
  };
}

function toIoc<Type extends string>(
  { path, value }: Atom,
  { rows, otherwise }: IocRules<Type>,
  leave: (what: string, why: string) => void,
): Ioc<Type> | undefined {
  const row = rows.get(path);
  if (row === undefined) {
    leave(path, "the tool has no type for it");
    return undefined;
  }
  const [type, how] = row;
  const spelled = how(`${value}`);
  if (spelled !== undefined) return { type, value: spelled };
  const [otherType, otherHow] = otherwise?.get(path) ?? row;
  const other = otherHow(`${value}`);
  if (other !== undefined) return { type: otherType, value: other };
  leave(path, `not a value that the tool takes as ${type}`);
  return undefined;
}

function isHash({ path, type }: Atom): boolean {
  return HASHED.has(type) && path.startsWith(`${type}:hashes.`);
}

/**
 * All that is said concerns one file: at most one hash of an algorithm, and
 * nothing but names, sizes and hashes beside it.
 */
function isOneFile({ atoms, conditions }: Group): boolean {
  const hashes = atoms.filter(isHash).map(({ path }) => path);
  return conditions.length === 0 &&
    atoms.every(({ type }) => HASHED.has(type)) &&
    new Set(hashes).size === hashes.length;
}
