import type { CommandIo } from "../../src/cli/command.ts";
import { TARGETS } from "../../src/targets/mod.ts";

/** A world in memory that keeps what a command prints. */
export interface FakeIo extends CommandIo {
  readonly out: string[];
  readonly err: string[];
  /** Sends what Ctrl+C sends. */
  interrupt(): void;
  /** Sends what `systemctl reload` sends. */
  hangUp(): void;
}

/** What differs from an empty world. */
export interface FakeIoOptions extends Partial<CommandIo> {
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Texts by path; any other file does not exist. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The world of one command, without standard streams, signals and screen. */
export function fakeIo(
  { variables = {}, files = {}, ...rest }: FakeIoOptions = {},
): FakeIo {
  const out: string[] = [];
  const err: string[] = [];
  const listeners = new Set<() => void>();
  const reloads = new Set<() => void>();
  return {
    out,
    err,
    interrupt: () => listeners.forEach((listener) => listener()),
    hangUp: () => reloads.forEach((listener) => listener()),
    print: (text) => void out.push(text),
    printError: (text) => void err.push(text),
    env: () => variables,
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound())
        : Promise.resolve(text);
    },
    registry: TARGETS,
    now: () => Date.now(),
    screen: undefined,
    onStop: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onReload: (listener) => {
      reloads.add(listener);
      return () => void reloads.delete(listener);
    },
    ...rest,
  };
}
