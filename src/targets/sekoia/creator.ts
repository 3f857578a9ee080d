import { sleep } from "../../backoff.ts";
import { ConfigError, RejectedError, TransientError } from "../../errors.ts";
import { propsHash } from "../_ioc/ledger.ts";
import { held, lost, type Page, type Row } from "./book.ts";
import type { StoredIndicator } from "./answers.ts";
import { PAGE_SIZE } from "./client.ts";
import { learn } from "./finder.ts";
import type { Fields } from "./fields.ts";
import { iocOfKey, keyOfStored, textFormat } from "./mapping.ts";
import { rejectionOf, type RemoteOptions, withoutPhases } from "./remote.ts";
import type { Job, Trouble } from "./trouble.ts";

/** What the creation of values changes and tells. */
export interface Creation {
  readonly page: Page;
  readonly signal: AbortSignal;
  tell(key: string, trouble: Trouble): void;
  /** There is no room for it. */
  park(key: string): void;
}

/** Waits between looks for what a text import brings. */
const LOOKS_MS = [0, 250, 1000, 2000];

/**
 * The requests that make values: those with the same fields and, for text,
 * the same type go together, up to 100 in one request.
 */
export function creationJobs(
  options: RemoteOptions,
  keys: readonly string[],
  creation: Creation,
): Job[] {
  const fieldsOf = (key: string) =>
    creation.page.leadingOwner(key)?.props?.fields as Fields;
  const groups = Map.groupBy(keys, (key) =>
    propsHash([
      fieldsOf(key),
      options.importsText ? iocOfKey(key).type : "",
    ]));
  return groups.values().toArray().flatMap((group) =>
    chunks(group).map((chunk) => ({
      keys: chunk,
      run: () => create(options, chunk, fieldsOf(chunk[0]!), creation),
    }))
  );
}

function chunks(keys: readonly string[]): string[][] {
  return Array.from(
    { length: Math.ceil(keys.length / PAGE_SIZE) },
    (_chunk, at) => keys.slice(at * PAGE_SIZE, (at + 1) * PAGE_SIZE),
  );
}

/**
 * Makes values of the same fields. A refusal is narrowed down: first without
 * the phases, then half by half, until it is known which value is refused.
 */
async function create(
  options: RemoteOptions,
  keys: readonly string[],
  fields: Fields,
  creation: Creation,
): Promise<void> {
  try {
    await send(options, keys, fields, creation);
  } catch (error) {
    if (!(error instanceof RejectedError)) {
      // With an answer it is known that nothing of it was taken.
      if (wasAnswered(error)) forgetAsking(options, keys, creation);
      throw error;
    }
    if (await isQuota(options, error, creation.signal)) {
      keys.forEach((key) => creation.park(key));
    } else await narrow(options, keys, fields, { creation, error });
  }
}

async function narrow(
  options: RemoteOptions,
  keys: readonly string[],
  fields: Fields,
  { creation, error }: { creation: Creation; error: RejectedError },
): Promise<void> {
  const { book, log } = options;
  if (fields.kill_chain_phases.length > 0 && error.status !== 413) {
    await create(options, keys, withoutPhases(fields), creation);
    log.warn("kill chain phases are left out where Sekoia.io refuses", {
      reason: error.message,
    });
    return;
  }
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    const row = creation.page.value(only) as Row;
    book.setRow(creation.page, only, {
      ...lost(row),
      more: { state: "refused", why: error.message },
    });
    log.warn("Sekoia.io refuses a value", { key: only, reason: error.message });
    return creation.tell(only, rejectionOf(error));
  }
  const half = Math.ceil(keys.length / 2);
  await create(options, keys.slice(0, half), fields, creation);
  await create(options, keys.slice(half), fields, creation);
}

/** A status came back, and it is none that may follow a success. */
function wasAnswered(error: unknown): boolean {
  return error instanceof ConfigError ||
    error instanceof TransientError && error.status === 429;
}

function forgetAsking(
  { book }: RemoteOptions,
  keys: readonly string[],
  { page }: Creation,
): void {
  for (const key of keys) {
    const row = page.value(key);
    if (row?.more?.state === "asked") book.setRow(page, key, lost(row));
  }
}

/** The answer speaks of a limit, or the counter says that it is reached. */
async function isQuota(
  { quota }: RemoteOptions,
  { body = "", status }: RejectedError,
  signal: AbortSignal,
): Promise<boolean> {
  if (status === 413) return false;
  const isTold = /\b(maximum|limit|quota)\b/i.test(body) &&
    /indicator|ioc|quota/i.test(body) && !/length/i.test(body);
  if (isTold) quota.isFull();
  else await quota.read(signal);
  return quota.count >= quota.max;
}

async function send(
  options: RemoteOptions,
  keys: readonly string[],
  fields: Fields,
  creation: Creation,
): Promise<void> {
  const { client, collection, importsText } = options;
  const { signal } = creation;
  if (importsText) {
    const format = textFormat(iocOfKey(keys[0] ?? "").type);
    const lines = keys.map((key) => iocOfKey(key).value);
    await client.importText(collection(), { format, lines, fields }, signal);
    options.quota.made(keys.length);
    return await lookForAll(options, keys, creation);
  }
  const values = keys.map((key) => iocOfKey(key).value);
  const items = await client.createIndicators(
    collection(),
    values,
    fields,
    signal,
  );
  const answered = new Map<string, StoredIndicator>();
  for (const item of items ?? []) {
    const key = keyOfStored(item.pattern);
    if (key !== undefined) answered.set(key, item);
    answered.set(item.name.toLowerCase(), item);
  }
  for (const key of keys) {
    const item = answered.get(key) ??
      answered.get(iocOfKey(key).value.toLowerCase());
    if (item === undefined) await explain(options, key, creation);
    else take(options, key, item, creation);
  }
}

/** Takes down what became of a value that is in the answer. */
function take(
  { book, log, quota }: RemoteOptions,
  key: string,
  item: StoredIndicator,
  { page, tell }: Creation,
): void {
  const row = page.value(key) as Row;
  if (item.revoked) {
    const reason = "Sekoia.io keeps the value revoked";
    book.setRow(page, key, { ...lost(row), more: { state: "ignored" } });
    log.warn(reason, { key, id: item.id });
    return tell(key, { status: "skipped", reason });
  }
  if (item.isOld) {
    // It was not known before, so somebody made it meanwhile.
    log.warn(
      "another indicator of this value is there, and stays when ours " +
        "goes",
      { key, id: item.id },
    );
    return book.setRow(page, key, { ...lost(row), more: { state: "foreign" } });
  }
  quota.made(1);
  book.setRow(page, key, held(page, key, item.id));
}

/** A value without an item: it is there already, or no value that is taken. */
async function explain(
  options: RemoteOptions,
  key: string,
  { page, signal, tell }: Creation,
): Promise<void> {
  if (await learn(options, page, key, signal)) return;
  const row = page.value(key) as Row;
  options.book.setRow(page, key, { ...lost(row), more: { state: "ignored" } });
  options.log.warn("Sekoia.io ignores a value", { key });
  tell(key, { status: "skipped", reason: IGNORED });
}

/** Why a value that was sent is not in the collection. */
export const IGNORED = "Sekoia.io takes no such value";

/**
 * Looks for what a text import brings, a few times. What is not there by then
 * is looked up when it matters again: it stays marked as asked for.
 */
async function lookForAll(
  options: RemoteOptions,
  keys: readonly string[],
  { page, signal }: Creation,
): Promise<void> {
  let open = keys;
  for (const waitMs of LOOKS_MS) {
    if (waitMs > 0) await sleep(waitMs, signal);
    const missing: string[] = [];
    for (const key of open) {
      const row = page.value(key) as Row;
      if (await learn(options, page, key, signal)) {
        const { remoteId } = page.value(key) as Row;
        if (remoteId === undefined) continue;
        options.book.setRow(page, key, held(page, key, remoteId));
      } else {
        options.book.setRow(page, key, row);
        missing.push(key);
      }
    }
    open = missing;
    if (open.length === 0) return;
  }
  options.log.warn("a text import takes its time", { values: open.length });
}
