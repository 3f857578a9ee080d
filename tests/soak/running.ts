/** The program running in this process, by its real command line. */
import { main } from "../../src/cli/main.ts";
import { fakeIo } from "../cli/fake_io.ts";
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
  const listeners = new Set<() => void>();
  const io = fakeIo({
    variables: env,
    readTextFile: (path) => Deno.readTextFile(path),
    now,
    onStop(listener) {
      listeners.add(listener);
      if (isStopped) listener();
      return () => listeners.delete(listener);
    },
  });
  let isStopped = false;
  const ended = main(argv, io).then((code) => ({
    code,
    out: io.out.join("\n"),
    err: io.err.join(""),
  }));
  const stop = () => {
    isStopped = true;
    for (const listener of listeners) listener();
    return ended;
  };
  return {
    err: () => io.err.join(""),
    stop,
    ended,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
