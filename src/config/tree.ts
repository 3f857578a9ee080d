/** Where settings come from; a higher number wins. */
export const LAYER = { file: 0, environment: 1, json: 2 } as const;
/** One of those sources. */
export type Layer = typeof LAYER[keyof typeof LAYER];

/** Where one value was written, for messages. */
export interface Origin {
  /** "targets[0].url (line 7)" or "OPENCTI_URL". */
  readonly label: string;
  readonly layer: Layer;
}

/** A text, number or boolean. */
export interface Leaf {
  readonly kind: "leaf";
  readonly value: unknown;
  readonly origin: Origin;
}

/** A list of settings, in written order. */
export interface List {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly origin: Origin;
}

/** A block of settings. */
export interface Branch {
  readonly kind: "branch";
  readonly entries: Map<string, Node>;
  readonly origin: Origin;
}

/** Settings that remember where they were written. */
export type Node = Leaf | List | Branch;

/** An empty block. */
export function branch(origin: Origin): Branch {
  return { kind: "branch", entries: new Map(), origin };
}

/** The node at a path, if there is one. */
export function nodeAt(
  root: Node,
  path: readonly string[],
): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) {
    if (node?.kind !== "branch") return undefined;
    node = node.entries.get(key);
  }
  return node;
}

/** Removes the node at a path, and the blocks this leaves empty. */
export function takeNode(
  root: Branch,
  path: readonly string[],
): Node | undefined {
  const [key, ...rest] = path;
  const child = key === undefined ? undefined : root.entries.get(key);
  if (key === undefined || child === undefined) return undefined;
  if (rest.length === 0) {
    root.entries.delete(key);
    return child;
  }
  if (child.kind !== "branch") return undefined;
  const taken = takeNode(child, rest);
  if (taken !== undefined && child.entries.size === 0) root.entries.delete(key);
  return taken;
}

/**
 * Puts a node at a path, making the blocks on the way.
 *
 * @returns False, and nothing is changed, if something is there already that
 * is not a block, or if both hold the same key.
 */
export function placeNode(
  root: Branch,
  path: readonly string[],
  node: Node,
): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return false;
  const present = root.entries.get(key);
  if (rest.length === 0) {
    if (present === undefined) {
      root.entries.set(key, node);
      return true;
    }
    return present.kind === "branch" && node.kind === "branch" &&
      placeAll(present, node);
  }
  if (present !== undefined && present.kind !== "branch") return false;
  const child = present ?? branch(node.origin);
  if (present === undefined) root.entries.set(key, child);
  return placeNode(child, rest, node);
}

function placeAll(into: Branch, from: Branch): boolean {
  let placed = true;
  for (const [key, node] of from.entries) {
    placed = placeNode(into, [key], node) && placed;
  }
  return placed;
}

/** Blocks are merged; anything else in `over` replaces what is in `base`. */
export function mergeTrees(base: Branch, over: Branch): Branch {
  const merged = branch(over.origin);
  for (const [key, node] of base.entries) merged.entries.set(key, node);
  for (const [key, node] of over.entries) {
    const below = merged.entries.get(key);
    merged.entries.set(
      key,
      below?.kind === "branch" && node.kind === "branch"
        ? mergeTrees(below, node)
        : node,
    );
  }
  return merged;
}

/** A copy whose blocks can be changed. */
export function copyTree(tree: Branch): Branch {
  const copy = branch(tree.origin);
  for (const [key, node] of tree.entries) {
    copy.entries.set(key, node.kind === "branch" ? copyTree(node) : node);
  }
  return copy;
}

/** The plain value: objects, arrays and scalars. */
export function plainValue(node: Node): unknown {
  switch (node.kind) {
    case "leaf":
      return node.value;
    case "list":
      return node.items.map(plainValue);
    case "branch":
      return Object.fromEntries(
        [...node.entries].map(([key, child]) => [key, plainValue(child)]),
      );
  }
}

/** Every leaf of a tree. */
export function* leaves(node: Node): Generator<Leaf> {
  if (node.kind === "leaf") yield node;
  const children = node.kind === "branch"
    ? node.entries.values()
    : node.kind === "list"
    ? node.items
    : [];
  for (const child of children) yield* leaves(child);
}

/** The highest layer that wrote anything below a node. */
export function layerOf(node: Node): Layer {
  let layer: Layer = node.kind === "leaf" ? node.origin.layer : LAYER.file;
  for (const leaf of leaves(node)) {
    if (leaf.origin.layer > layer) layer = leaf.origin.layer;
  }
  return layer;
}
