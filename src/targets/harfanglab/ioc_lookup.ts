/** IOC rules as they are found at the console. */
import { propsHash } from "../_ioc/ledger.ts";
import type { Item } from "./answers.ts";
import type { HarfanglabClient } from "./client.ts";
import { readComment } from "./comment.ts";
import type { IocMemory } from "./ioc_rows.ts";
import { iocOfKey } from "./ioc_values.ts";

/** The rule of a value in a list, if there is one. */
export async function findIoc(
  client: HarfanglabClient,
  key: string,
  { list, signal }: { list: string; signal: AbortSignal },
): Promise<Item | undefined> {
  const { type, value } = iocOfKey(key);
  const query = { source_id: list, type, value__exact: value };
  for await (const item of client.findRules("IOCRule", query, signal)) {
    // A filter that a release does not know finds anything.
    const isIt = item.type === type && item.value === value &&
      item.source_id === list;
    if (isIt) return item;
  }
  return undefined;
}

/** What is remembered of a rule that was found. */
export interface FoundIoc {
  readonly remoteId: string;
  /** Nothing where it is not known for whom it was written. */
  readonly sent: string | undefined;
  readonly more: IocMemory;
}

/**
 * What is remembered of a rule that was found.
 *
 * @param names Of the members that are sent.
 */
export function memoryOf(
  item: Item,
  { list, names }: { list: string; names: readonly string[] },
): FoundIoc {
  const isOurs = readComment(item.comment) !== undefined;
  return {
    remoteId: item.id,
    sent: isOurs ? sentHash(item, names) : undefined,
    more: { list, enabled: item.enabled === true },
  };
}

/** Equal for members that need not be sent again. */
export function sentHash(
  members: Readonly<Record<string, unknown>>,
  names: readonly string[] = Object.keys(members),
): string {
  return propsHash(
    Object.fromEntries(names.map((name) => [name, members[name] ?? null])),
  );
}
