import { isRecord } from "../../stix/object.ts";

/** One operation of RFC 6902. */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  readonly path: string;
  readonly value?: unknown;
}

/**
 * The operations that lead from one JSON document to another, in the order
 * of the library that the platform uses (fast-json-patch): members from the
 * last to the first, new members at the end; array members by index.
 */
export function compareDocuments(
  before: unknown,
  after: unknown,
): PatchOperation[] {
  const operations: PatchOperation[] = [];
  compareMembers(before, after, { path: "", operations });
  return operations;
}

/** Where in the documents a comparison stands. */
interface Comparison {
  readonly path: string;
  readonly operations: PatchOperation[];
}

function compareMembers(before: unknown, after: unknown, at: Comparison) {
  const old = members(before);
  const now = members(after);
  for (const [key, value] of [...old].reverse()) {
    const path = `${at.path}/${escapePointer(key)}`;
    if (!now.has(key)) {
      at.operations.push({ op: "remove", path });
      continue;
    }
    const next = now.get(key);
    if (comparable(value, next)) {
      compareMembers(value, next, { ...at, path });
    } else if (value !== next) {
      at.operations.push({ op: "replace", path, value: next });
    }
  }
  for (const [key, value] of now) {
    if (old.has(key)) continue;
    const path = `${at.path}/${escapePointer(key)}`;
    at.operations.push({ op: "add", path, value });
  }
}

function comparable(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) || isRecord(a) && isRecord(b);
}

function members(value: unknown): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(
    Object.entries(value).filter(([, member]) => member !== undefined),
  );
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
