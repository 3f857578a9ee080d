import { ConfigError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { type Book, idsOf, lost, type Page, rankOfKey } from "./book.ts";
import type { Collection, StoredIndicator } from "./answers.ts";
import { PAGE_SIZE, type SekoiaClient } from "./client.ts";
import type { SekoiaConfig } from "./config.ts";
import { ownerIn } from "./description.ts";
import { keyOfStored } from "./mapping.ts";

/** What the set-up works with. */
export interface SetUpOptions {
  readonly client: SekoiaClient;
  readonly book: Book;
  readonly config: SekoiaConfig;
  readonly log: Log;
  /** Base URLs of OpenCTI in descriptions. */
  readonly urls: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The collection that the settings name.
 *
 * @throws {ConfigError} There is none, and none is to be made.
 */
export async function findCollection(
  { client, config }: Pick<SetUpOptions, "client" | "config">,
  known: string | undefined,
  signal: AbortSignal,
): Promise<Collection | undefined> {
  const { ioc_collection_name: name, ioc_collection_uuid: id } = config;
  if (id !== undefined) {
    const found = await client.readCollection(id, signal);
    if (found !== undefined) return found;
    throw new ConfigError(
      `There is no IOC collection "${id}" at Sekoia.io: check ` +
        "ioc_collection_uuid, and that the key is of its community; or set " +
        "ioc_collection_name and create_collection in its place",
    );
  }
  if (known !== undefined) {
    const found = await client.readCollection(known, signal);
    if (found !== undefined && found.name === name) return found;
  }
  const [oldest] = oldestFirst(await client.findCollections(`${name}`, signal));
  if (oldest !== undefined || config.create_collection) return oldest;
  throw new ConfigError(
    `There is no IOC collection called "${name}" at Sekoia.io: make it ` +
      "there, correct ioc_collection_name, or set create_collection to true",
  );
}

/** Two processes that start together make two: both keep the oldest. */
async function createCollection(
  { client, config, log }: SetUpOptions,
  signal: AbortSignal,
): Promise<Collection> {
  const name = `${config.ioc_collection_name}`;
  const { collection_description, community_uuid } = config;
  const made = await client.createCollection({
    name,
    ...(collection_description === undefined
      ? {}
      : { description: collection_description }),
    ...(community_uuid === undefined ? {} : { community_uuid }),
    available_for_sub_communities: config.available_for_sub_communities,
  }, signal);
  const found = await client.findCollections(name, signal);
  const kept = oldestFirst(found)[0] ?? made;
  log.info(
    "IOC collection made; matches raise alerts only through a rule that uses " +
      "it, which you have to make in Sekoia.io",
    { name, id: kept.id },
  );
  if (kept.id !== made.id) {
    log.warn("another one of this name is older and is used; delete ours", {
      id: made.id,
    });
  }
  return kept;
}

function oldestFirst(found: readonly Collection[]): Collection[] {
  return found.toSorted((a, b) =>
    a.created === b.created
      ? a.id < b.id ? -1 : 1
      : Date.parse(a.created) - Date.parse(b.created)
  );
}

/**
 * Makes the collection ready: finds or makes it, moves what is remembered of
 * another one into it, and takes over what it holds of ours.
 *
 * @returns Its id.
 */
export async function setUp(
  options: SetUpOptions,
  signal: AbortSignal,
): Promise<string> {
  const { book, log } = options;
  const home = await book.home();
  const found = await findCollection(options, home?.id, signal) ??
    await createCollection(options, signal);
  if (home !== undefined && home.id !== found.id) {
    log.warn("the collection is another one than before: it is filled anew", {
      before: home.id,
      now: found.id,
    });
    await moveOut(book);
  }
  if (home?.id !== found.id) {
    book.setHome({ id: found.id, offset: 0, isAdopted: false });
    await book.state.flush();
  }
  await adopt(options, found.id, signal);
  return found.id;
}

const ROWS_AT_ONCE = 500;

/** All values wait to be made again; what others hold is forgotten. */
async function moveOut(book: Book): Promise<void> {
  await book.clear("d");
  let page = book.ledger.page();
  let count = 0;
  for await (const { key } of book.ledger.values.list()) {
    await page.load([], [key]);
    const row = page.value(key);
    if (row === undefined) continue;
    const parked = {
      ...lost(row),
      more: { state: "parked" as const, rank: rankOfKey(page, key) },
    };
    book.setRow(page, key, row.owners.length === 0 ? undefined : parked);
    if (++count % ROWS_AT_ONCE !== 0) continue;
    await page.stage();
    page = book.ledger.page();
  }
  await page.stage();
}

/** So that a collection of half a million is seen to be under way. */
const ITEMS_PER_LINE = 10_000;

/**
 * Learns once what the collection holds: values whose description links to
 * this OpenCTI are ours, be it from a lost state or from the older connector;
 * all others are left alone for ever. An interrupted adoption goes on.
 */
async function adopt(
  options: SetUpOptions,
  collection: string,
  signal: AbortSignal,
): Promise<void> {
  const { book, client, log } = options;
  const home = await book.home();
  if (home === undefined || home.isAdopted) return;
  let adopted = 0;
  log.info("looking through the collection, once", { from: home.offset });
  for (let offset = home.offset;; offset += PAGE_SIZE) {
    if (offset % ITEMS_PER_LINE === 0 && offset > home.offset) {
      log.info("still looking through the collection", { seen: offset });
    }
    const items = await client.listIndicators(collection, { offset }, signal);
    const isLast = items.length < PAGE_SIZE;
    adopted += await adoptPage(options, items);
    book.setHome({
      id: collection,
      offset: offset + items.length,
      isAdopted: isLast,
    });
    await book.state.flush();
    if (isLast) break;
  }
  if (adopted > 0) log.info("indicators taken over", { count: adopted });
}

async function adoptPage(
  { book, now, urls }: SetUpOptions,
  items: readonly StoredIndicator[],
): Promise<number> {
  const known = items.flatMap((item) => {
    const key = item.revoked ? undefined : keyOfStored(item.pattern);
    const owner = ownerIn(item.fields.description, urls);
    return key === undefined ? [] : [{ item, key, owner }];
  });
  const page = book.ledger.page();
  await page.load(
    known.flatMap(({ owner }) => owner ?? []),
    known.map(({ key }) => key),
  );
  let adopted = 0;
  for (const { item, key, owner } of known) {
    if (owner === undefined) noteForeign(book, page, key);
    else {
      own(page, { key, owner, at: now() });
      adopted++;
      addId(book, page, key, item);
    }
  }
  await page.stage();
  return adopted;
}

function noteForeign(book: Book, page: Page, key: string): void {
  const row = page.value(key) ?? { key, owners: [] };
  if (row.remoteId !== undefined) return;
  book.setRow(page, key, { ...lost(row), more: { state: "foreign" } });
}

/** Its own event, when it comes, is newer than what was found. */
function own(
  page: Page,
  { key, owner, at }: { key: string; owner: string; at: number },
): void {
  const version = page.owner(owner)?.parts.pattern?.version ?? 0;
  const keys = [...page.keysOf(owner), key];
  page.apply({ id: owner, part: "pattern", version, keys }, at);
}

function addId(
  book: Book,
  page: Page,
  key: string,
  { id, fields }: StoredIndicator,
): void {
  const row = page.value(key) ?? { key, owners: [] };
  const ids = new Set([...idsOf(row), id]);
  const [first = id, ...others] = ids;
  book.setRow(page, key, {
    ...lost(row),
    remoteId: first,
    more: {
      found: row.more?.found ?? fields,
      rank: row.more?.rank,
      ...(others.length === 0 ? {} : { others }),
    },
  });
}
