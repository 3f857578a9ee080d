import { dirname } from "node:path";
import { ConfigError } from "../errors.ts";
import { sweepOrphans } from "./dead_letters.ts";
import { guarded, isUrl, shown } from "./failure.ts";
import { FORMAT, keys } from "./keys.ts";
import { type Lock, takeLock } from "./lock.ts";
import {
  createTargetStore,
  type TargetReader,
  type TargetStore,
} from "./target_store.ts";

/** The state file, open for writing by this process alone. */
export interface RelayState {
  /** Always the same store for the same name. */
  target<Position>(name: string): TargetStore<Position>;
  /** Targets that have anything stored. */
  names(): Promise<string[]>;
  /** Staged rows that were not committed are lost, as in a crash. */
  close(): Promise<void>;
}

/** The state file, read beside the process that writes it. */
export interface ReadOnlyState {
  target<Position>(name: string): TargetReader<Position>;
  names(): Promise<string[]>;
  close(): Promise<void>;
}

/** Not a file: gone when it is closed. For dry runs and tests. */
const IN_MEMORY = ":memory:";

/**
 * Opens the state at a path, making the file and its folder if need be, and
 * holds its lock until `close()`. A file that was made here and holds nothing
 * by then is removed again: a start that fails leaves no trace. An http(s) URL
 * is a KV Connect server, which has no lock: one program per URL is then up to
 * whoever runs it.
 *
 * @throws {ConfigError} Another process uses it, it is damaged, was written by
 *   a newer version, or cannot be made; the message says what to do.
 * @throws {TransientError} The disk is full.
 */
export async function openState(path: string): Promise<RelayState> {
  const isFile = !isUrl(path) && path !== IN_MEMORY;
  const file = isFile ? await guarded(path, () => takeFile(path)) : undefined;
  try {
    const kv = await openKv(path);
    try {
      await guarded(path, () => prepare(kv, path));
      return toState(kv, { path, file });
    } catch (error) {
      kv.close();
      throw error;
    }
  } catch (error) {
    file?.lock.release();
    throw error;
  }
}

/**
 * Opens a state for reading only, without a lock, beside a writer.
 *
 * @throws {ConfigError} There is none, or it cannot be read.
 */
export async function openStateReadOnly(path: string): Promise<ReadOnlyState> {
  const isThere = isUrl(path) || await guarded(path, () => isFileThere(path));
  if (!isThere) {
    throw new ConfigError(
      `Cannot read the state "${path}": there is no such file. It is made by ` +
        'the first "run"; check the path of the state',
    );
  }
  const kv = await openKv(path);
  try {
    await guarded(path, () => checkFormat(kv, path));
  } catch (error) {
    kv.close();
    throw error;
  }
  return {
    target: (name) =>
      createTargetStore(kv, { path, name, isExclusive: false, isReader: true }),
    names: () => guarded(path, () => readNames(kv)),
    close: () => Promise.resolve(kv.close()),
  };
}

function toState(
  kv: Deno.Kv,
  { path, file }: { path: string; file: StateFile | undefined },
): RelayState {
  const stores = new Map<string, TargetStore<unknown>>();
  const isExclusive = !isUrl(path);
  return {
    target<Position>(name: string) {
      const store = stores.get(name) ??
        createTargetStore<unknown>(kv, { path, name, isExclusive });
      stores.set(name, store);
      return store as TargetStore<Position>;
    },
    names: () => guarded(path, () => readNames(kv)),
    close: async () => {
      const isUnused = file?.isNew === true &&
        (await guarded(path, () => readNames(kv))).length === 0;
      kv.close();
      if (isUnused) await removeFiles(path);
      file?.lock.release();
    },
  };
}

/** A state file that is ours alone until the lock is released. */
interface StateFile {
  readonly lock: Lock;
  /** It was not there before. */
  readonly isNew: boolean;
}

/** With what SQLite and the lock keep beside it. */
async function removeFiles(path: string): Promise<void> {
  for (const suffix of ["", "-shm", "-wal", ".lock"]) {
    // Windows keeps files that are open; an empty one does no harm.
    await Deno.remove(`${path}${suffix}`).catch(() => {});
  }
}

/** Readable for its owner alone: dead letters hold intelligence. */
async function takeFile(path: string): Promise<StateFile> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = await takeLock(path);
  try {
    const isNew = !await isFileThere(path);
    const mode = 0o600;
    const options = { read: true, write: true, create: true, mode };
    (await Deno.open(path, options)).close();
    return { lock, isNew };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openKv(path: string): Promise<Deno.Kv> {
  if (typeof Deno.openKv !== "function") {
    throw new ConfigError(
      "Cannot open the state: Deno KV is not switched on. Start the program " +
        "with --unstable-kv",
    );
  }
  if (isUrl(path) && !Deno.env.get("DENO_KV_ACCESS_TOKEN")) {
    throw new ConfigError(
      `Cannot use the state "${shown(path)}": set DENO_KV_ACCESS_TOKEN to ` +
        "the access token of the KV Connect server",
    );
  }
  return await guarded(path, () => Deno.openKv(path));
}

async function prepare(kv: Deno.Kv, path: string): Promise<void> {
  const format = await checkFormat(kv, path);
  if (format === undefined) await kv.set(keys.format(), FORMAT);
  for (const name of await readNames(kv)) await sweepOrphans(kv, name);
}

async function checkFormat(kv: Deno.Kv, path: string): Promise<unknown> {
  const { value } = await kv.get(keys.format());
  if (value === null) return undefined;
  if (typeof value === "number" && value <= FORMAT) return value;
  throw new ConfigError(
    `Cannot use the state "${shown(path)}": its format is ${String(value)}, ` +
      `this version knows ${FORMAT} at most. Use the newer opencti-relay ` +
      "that wrote it, or another state path",
  );
}

/** Jumps from name to name instead of reading everything. */
async function readNames(kv: Deno.Kv): Promise<string[]> {
  const names: string[] = [];
  const prefix = keys.targets();
  const end = [...prefix, "\u{10ffff}"];
  let start = [...prefix, ""];
  while (true) {
    const [entry] = await Array.fromAsync(
      kv.list({ start, end }, { limit: 1 }),
    );
    const name = entry?.key[prefix.length];
    if (typeof name !== "string") return names;
    names.push(name);
    start = [...prefix, `${name}\0`];
  }
}

async function isFileThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
