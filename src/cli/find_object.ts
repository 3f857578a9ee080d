import { ConfigError, RejectedError, TransientError } from "../errors.ts";
import { internalId, type StixObject } from "../stix/object.ts";
import type { Beside, BesideTarget } from "./beside.ts";

/** An object by whatever id; what is gone from OpenCTI has no object. */
export interface FoundObject {
  readonly internalId: string;
  readonly standardId: string;
  readonly type: string;
  readonly object?: StixObject;
}

/**
 * The object that an id means: one of the platform's ids, of a target's own,
 * or of an object that is gone and that a target remembers.
 */
export async function findObject(
  id: string,
  { platform }: Beside,
  targets: readonly BesideTarget[],
  signal: AbortSignal,
): Promise<FoundObject | undefined> {
  const direct = await platform.readObject(id, signal);
  if (direct !== undefined) return foundOf(direct);
  for (const { target } of targets) {
    // A far side that cannot be asked does not keep the others from it.
    const owner = await orUndefined(
      async () => await target.inventory?.ownerOf?.(id, signal),
    );
    if (owner === undefined) continue;
    const object = await platform.readObject(owner, signal);
    return object === undefined
      ? { internalId: owner, standardId: "", type: "" }
      : foundOf(object);
  }
  for (const { reader } of targets) {
    const row = await reader?.ledger.get(id) ?? await reader?.ledger.find(id);
    if (row !== undefined) {
      const { internalId, stixId: standardId, type } = row;
      return { internalId, standardId, type };
    }
    const letters = reader?.deadLetters.list() ?? [];
    for await (const { internalId, stixId: standardId, type } of letters) {
      if (internalId === id || standardId === id) {
        return { internalId, standardId, type };
      }
    }
  }
  return undefined;
}

function foundOf(object: StixObject): FoundObject {
  return {
    internalId: internalId(object),
    standardId: object.id,
    type: object.type,
    object,
  };
}

async function orUndefined<Value>(
  work: () => Promise<Value | undefined>,
): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isOurs(error)) throw error;
    return undefined;
  }
}

/** True for what a server or a setting is to blame for. */
export function isOurs(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof TransientError ||
    error instanceof RejectedError;
}
