import { ConfigError, TransientError } from "../errors.ts";

type Row = readonly [
  pattern: RegExp,
  meaning: "config" | "transient",
  words: string,
];

/** What SQLite and the file system say, and what to do. First match wins. */
// deno-fmt-ignore
const ROWS: readonly Row[] = [
  [/file is not a database|malformed|corrupt/i, "config",
    "the file is damaged or no state file: restore it from a backup, or move it away to start anew"],
  [/readonly|read-only/i, "config",
    "it cannot be written: give the user that runs the program write access to the file and its folder"],
  [/NotCapable/, "config",
    "the program lacks the permission: allow reading and writing this path"],
  [/PermissionDenied|EACCES|EPERM/i, "config",
    "access is denied: give the user that runs the program access to the file and its folder"],
  [/unable to open|Is ?a ?Directory|Not ?a ?Directory|NotFound|AlreadyExists|name too long/i, "config",
    "it cannot be opened: check the path"],
  [/disk is full|ENOSPC|No space left|quota/i, "transient",
    "the disk is full: free some space"],
  [/is locked|busy/i, "transient",
    "another process is writing to it"],
  [/disk I\/O error/i, "transient",
    "the disk does not answer as it should: look at the system's log"],
];

/**
 * The error that stands for one of the state file. Errors that are none of the
 * file's, such as a value that is too large, come back as they are.
 */
export function stateFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || isOurs(error)) return error;
  const text = `${error.name} ${error.message}`;
  const row = ROWS.find(([pattern]) => pattern.test(text));
  const what = `Cannot use the state "${shown(path)}"`;
  if (row !== undefined) {
    const [, meaning, words] = row;
    const message = `${what}: ${words} (${error.message})`;
    return meaning === "config"
      ? new ConfigError(message, { cause: error })
      : new TransientError(message, { cause: error });
  }
  return isUrl(path) && !(error instanceof TypeError)
    ? new TransientError(`${what}: the server does not answer as it should`)
    : error;
}

function isOurs(error: Error): boolean {
  return error instanceof ConfigError || error instanceof TransientError ||
    error instanceof RangeError;
}

/** Does work on the file and turns its errors into ours. */
export async function guarded<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw stateFailure(error, path);
  }
}

/** Whether the state is at a KV Connect server. */
export function isUrl(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** A path as it is, a URL without user name, password and query. */
export function shown(path: string): string {
  if (!isUrl(path)) return path;
  const url = URL.parse(path);
  return url === null ? "(not a URL)" : url.origin + url.pathname;
}
