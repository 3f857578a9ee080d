import { ConfigError } from "../errors.ts";

/** The right to write to a state file, until it is released. */
export interface Lock {
  release(): void;
}

/**
 * Takes `<path>.lock` for this process and writes its id into it. The kernel
 * frees the lock when the process ends, however it ends; the file stays.
 *
 * Two writers on one Deno KV file would fail more than half of their calls.
 *
 * @throws {ConfigError} Another process has it; its id is in the message.
 */
export async function takeLock(path: string): Promise<Lock> {
  const file = await Deno.open(`${path}.lock`, {
    read: true,
    write: true,
    create: true,
    mode: 0o600,
  });
  try {
    if (!await take(file)) {
      throw new ConfigError(
        `Cannot use the state "${path}": another opencti-relay ` +
          `(pid ${await readPid(file)}) uses it. Stop that one, or give this ` +
          "one a state path of its own",
      );
    }
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch (error) {
    file.close();
    throw error;
  }
  return { release: () => file.close() };
}

/** Tries, 20 ms apart, while only a copy of our own lock is in the way. */
const OWN_TRIES = 25;
const OWN_WAIT_MS = 20;

/**
 * Takes the lock if it is free. [flock] A child process that is being started
 * shares our locks until it runs its own program: a lock that was released
 * meanwhile is free a moment later.
 */
async function take(file: Deno.FsFile): Promise<boolean> {
  for (let tries = 0; tries < OWN_TRIES; tries++) {
    if (await file.tryLock(true)) return true;
    if (await readPid(file) !== String(Deno.pid)) return false;
    await new Promise((resolve) => setTimeout(resolve, OWN_WAIT_MS));
  }
  return false;
}

/** Leaves the place at the beginning. On Windows a locked file cannot be read. */
async function readPid(file: Deno.FsFile): Promise<string> {
  const bytes = new Uint8Array(20);
  const size = await file.read(bytes).catch(() => null);
  await file.seek(0, Deno.SeekMode.Start);
  const text = new TextDecoder().decode(bytes.subarray(0, size ?? 0)).trim();
  return /^\d+$/.test(text) ? text : "unknown";
}
