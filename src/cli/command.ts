import type { Screen } from "../observability/progress.ts";
import type { TargetDefinition } from "../targets/target.ts";

/** The world as a command sees it; tests pass their own. */
export interface CommandIo {
  /** Results: one text, a newline is added. */
  print(text: string): void;
  /** Logs and errors, as they are. */
  printError(text: string): void;
  env(): Readonly<Record<string, string | undefined>>;
  readTextFile(path: string): Promise<string>;
  readonly registry: readonly TargetDefinition[];
  /** Milliseconds since 1970. */
  now(): number;
  /** Where live lines may be drawn; absent when nobody watches. */
  readonly screen: Screen | undefined;
  /** Calls back at SIGINT or SIGTERM; returns how to stop listening. */
  onStop(listener: () => void): () => void;
  /**
   * Calls back at SIGHUP; returns how to stop listening. Absent where the
   * system has no such signal.
   */
  onReload?(listener: () => void): () => void;
  /**
   * Texts that must not appear in anything printed from now on. Absent: what
   * is printed is not masked.
   */
  protect?(secrets: readonly string[]): void;
}

/** What the command line holds beside the command itself. */
export interface CommandArgs {
  /** Options by long name, without hyphens. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** What follows the command's name. */
  readonly positionals: readonly string[];
}

/** One option of a command, as `parseArgs` wants it, with its help. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Placeholder of the value in the help: FILE, N. */
  readonly value?: string;
  readonly help: string;
}

/** One command: a line in the help and what it does. */
export interface Command {
  readonly name: string;
  /** What follows the name in the help. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Whether words may follow that are no options. Default false. */
  readonly takesWords?: boolean;
  /** Loads the code and runs it; the result is the exit code. */
  run(args: CommandArgs, io: CommandIo): Promise<number>;
}

/** Exit codes of the program. */
export const EXIT = {
  done: 0,
  bug: 1,
  configuration: 2,
  connectivity: 3,
  drift: 4,
  deadLetters: 5,
} as const;

/** Where and how loud; understood by every command. */
export const GLOBAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    help: "configuration file (default config.yml, where there is one)",
  },
  "log-level": {
    type: "string",
    value: "LEVEL",
    help: "debug, info, warn or error; also -v, -vv and -q",
  },
  json: { type: "boolean", help: "results as JSON where a person gets text" },
  help: { type: "boolean", short: "h", help: "this help" },
};
