import { inputSchema, type JsonSchema } from "./input_schema.ts";
import type { Loading } from "./layers.ts";
import { Problems } from "./problems.ts";
import {
  IGNORED_KEYS,
  RELAY_VARIABLES,
  SHARED_BLOCKS,
  TARGET_SCHEMA,
} from "./schema.ts";
import { ownBlocks } from "./seeds.ts";
import { NOT_A_BLOCK, unknownKeyText } from "./settings.ts";
import { branch, LAYER, leaves, type Node, nodeAt, placeNode } from "./tree.ts";

/** Notes values that nobody has filled in. */
export function notePlaceholders({ tree, problems }: Loading): void {
  for (const leaf of leaves(tree)) {
    if (String(leaf.value).trim().toLowerCase() === "changeme") {
      problems.add(
        leaf.origin.label,
        'still holds the placeholder "ChangeMe"; set the value, or remove it',
      );
    }
  }
}

/** Notes keys outside the shared blocks that no connector knows. */
export function noteUnknownBlocks({ written, kinds, problems }: Loading): void {
  const known = branch({ label: "", layer: LAYER.file });
  const origin = { label: "", layer: LAYER.file };
  for (const { path } of kinds.flatMap(({ names }) => names)) {
    placeNode(known, path, { kind: "leaf", value: true, origin });
  }
  const blocks = new Set(kinds.flatMap(({ names }) => [...ownBlocks(names)]));
  for (const tree of written) {
    for (const [key, node] of tree.entries) {
      if (key === "targets") continue;
      if (SHARED_BLOCKS.has(key)) {
        if (node.kind !== "branch") {
          problems.add(node.origin.label, NOT_A_BLOCK);
        }
      } else if (blocks.has(key)) {
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

/**
 * Notes unknown keys without a value: they mean nothing, but one may be a
 * misspelled one.
 */
export function noteUnknownUnset({ unset, kinds, problems }: Loading): void {
  const known = new Set(
    [
      ...RELAY_VARIABLES.map(([path]) => path.split(".")),
      ...kinds.flatMap(({ names }) => names.filter(({ hasPath }) => hasPath))
        .map(({ path }) => path),
      ...[TARGET_SCHEMA, ...kinds.map(({ definition }) => definition.config)]
        .flatMap((schema) => schemaPaths(inputSchema(schema), ["targets"])),
    ].flatMap((path) => path.map((_, end) => path.slice(0, end + 1).join("."))),
  );
  for (const { path, label } of unset) {
    const text = path.join(".");
    const isKnown = known.has(text) ||
      IGNORED_KEYS.some((pattern) => pattern.test(text));
    if (isKnown) continue;
    const start = path.slice(0, -1).join(".");
    const siblings = [...known].filter((other) =>
      other.slice(0, other.lastIndexOf(".") + 1) === (start && `${start}.`)
    ).map((other) => other.slice(other.lastIndexOf(".") + 1));
    problems.add(label, unknownKeyText(path.at(-1) ?? "", siblings));
  }
}

function schemaPaths(
  schema: JsonSchema,
  start: readonly string[],
): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const path = [...start, key];
    return typeof property === "object"
      ? [path, ...schemaPaths(property, path)]
      : [path];
  });
}
