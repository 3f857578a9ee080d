/** The program as a child process. */
import { NOW } from "./recording.ts";
import type { Environment } from "./world.ts";

const PROGRAM = new URL("./relay_process.ts", import.meta.url).pathname;

/** How a child ended. */
export interface Ending {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  /** What it wrote to standard error. */
  readonly err: string;
}

/** A running child; its output is read to the end. */
export interface Child {
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<Ending>;
}

/** Starts the program, with the permissions that it has in the product. */
export function startChild(
  argv: readonly string[],
  env: Environment,
): Child {
  const given = Object.entries({ ...env, RELAY_NOW: `${NOW}` })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-P=relay",
      "--no-prompt",
      "--no-check",
      PROGRAM,
      ...argv,
    ],
    env: Object.fromEntries(given),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const text = new Response(process.stderr).text();
  return {
    kill(signal) {
      try {
        process.kill(signal);
      } catch {
        // It has ended by itself.
      }
    },
    ended: Promise.all([process.status, text]).then((
      [{ code, signal }, err],
    ) => ({ code, signal, err })),
  };
}

/** Resolves after a time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
