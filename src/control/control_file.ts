import { createHash } from "node:crypto";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";

/** How to reach a running program. */
export interface ControlAddress {
  /** On loopback: `http://127.0.0.1:<port>/`. */
  readonly url: string;
  /** Whoever may read the file may change the state. */
  readonly token: string;
}

/**
 * Where a program that runs on a state says how to reach it: beside the state
 * file. A KV Connect URL has no folder: then it is a file named after the URL
 * in `$STATE_DIRECTORY`, else in the working directory, as the state file
 * itself would be by default; a program on another machine, or started
 * elsewhere, is not found.
 */
export function controlPath(
  statePath: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const isFile = !/^https?:\/\//i.test(statePath) && statePath !== ":memory:";
  if (isFile) return `${statePath}.control`;
  const digest = createHash("sha256").update(statePath).digest("hex");
  const [folder] = (env.STATE_DIRECTORY ?? ".").split(":");
  return join(folder || ".", `relay-${digest.slice(0, 12)}.control`);
}

/**
 * Writes the file, readable for its owner alone, in place of one that a
 * program left that was killed.
 *
 * @throws {ConfigError} It cannot be written.
 */
export async function writeControlFile(
  path: string,
  address: ControlAddress,
): Promise<void> {
  const next = `${path}.${Deno.pid}`;
  try {
    await Deno.remove(next).catch(() => {});
    await Deno.writeTextFile(next, `${JSON.stringify(address)}\n`, {
      createNew: true,
      mode: 0o600,
    });
    await Deno.rename(next, path);
  } catch (cause) {
    throw new ConfigError(
      `Cannot write "${path}", by which commands find this program: give the ` +
        "user that runs it write access to the folder",
      { cause },
    );
  }
}

/** What the file says; `undefined` where there is none, or no whole one. */
export async function readControlFile(
  path: string,
): Promise<ControlAddress | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new ConfigError(
      `Cannot read "${path}": run the command as the user that runs ` +
        "opencti-relay",
      { cause: error },
    );
  }
  const [, url, token] =
    /^\{"url":"(http:\/\/127\.0\.0\.1:\d{1,5}\/)","token":"([\w-]{20,100})"\}\s*$/
      .exec(text) ?? [];
  return url === undefined || token === undefined ? undefined : { url, token };
}

/** Removes the file, unless another program has written it since. */
export async function removeControlFile(
  path: string,
  { token }: ControlAddress,
): Promise<void> {
  const found = await readControlFile(path).catch(() => undefined);
  if (found?.token === token) await Deno.remove(path).catch(() => {});
}
