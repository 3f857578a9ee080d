/** The program running in this process, by its real command line. */
import type { CommandIo } from "../../src/cli/command.ts";
import { main } from "../../src/cli/main.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { NOW } from "./recording.ts";

/** Variables, where `undefined` takes one away. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a command line printed and returned. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command under way. */
export interface Running {
  /** Everything on stderr so far. */
  err(): string;
  /** As SIGTERM; resolves when it has ended. */
  stop(): Promise<CommandResult>;
  readonly ended: Promise<CommandResult>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a command line, such as `run`. */
export function startRunning(
  argv: readonly string[],
  env: Environment,
  now: () => number = () => NOW,
): Running {
  const out: string[] = [];
  const err: string[] = [];
  const listeners = new Set<() => void>();
  const io: CommandIo = {
    print: (line) => void out.push(line),
    printError: (line) => void err.push(line),
    env: () => env,
    readTextFile: (path) => Deno.readTextFile(path),
    registry: TARGETS,
    now,
    screen: undefined,
    onStop(listener) {
      listeners.add(listener);
      if (isStopped) listener();
      return () => listeners.delete(listener);
    },
  };
  let isStopped = false;
  const ended = main(argv, io).then((code) => ({
    code,
    out: out.join("\n"),
    err: err.join(""),
  }));
  const stop = () => {
    isStopped = true;
    for (const listener of listeners) listener();
    return ended;
  };
  return {
    err: () => err.join(""),
    stop,
    ended,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
