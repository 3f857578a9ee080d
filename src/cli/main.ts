import { parseArgs } from "@std/cli";
import { nearest } from "../config/nearest.ts";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import {
  type Command,
  type CommandArgs,
  type CommandIo,
  EXIT,
  GLOBAL_OPTIONS,
  type OptionSpec,
} from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { maskingIo } from "./masking_io.ts";

/**
 * Runs one command line and returns the exit code. Prints an error that a user
 * can cause in one line, without a stack trace.
 */
export async function main(
  argv: readonly string[],
  world: CommandIo,
): Promise<number> {
  const io = maskingIo(world);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof LoginError || error instanceof TransientError) {
      io.printError(`${error.message}\n`);
      return EXIT.connectivity;
    }
    if (error instanceof RejectedError) {
      io.printError(
        `${error.message}\nThe server answers, but not as expected: check ` +
          "that its URL is set to the right address\n",
      );
      return EXIT.connectivity;
    }
    if (error instanceof ConfigError) {
      io.printError(`${error.message}\n`);
      return EXIT.configuration;
    }
    io.printError(
      `This is a bug in opencti-relay, please report it:\n${
        error instanceof Error ? error.stack : String(error)
      }\n`,
    );
    return EXIT.bug;
  }
}

async function dispatch(
  argv: readonly string[],
  io: CommandIo,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version") return await dispatch(["version"], io);
  if (name === undefined) {
    io.printError(`${helpText()}\n`);
    return EXIT.configuration;
  }
  if (name === "help" || (name.startsWith("-") && argv.some(isHelp))) {
    io.print(helpText());
    return EXIT.done;
  }
  if (name.startsWith("-")) {
    throw new ConfigError(
      `The command comes first, then ${JSON.stringify(name)}: ` +
        `opencti-relay run ${argv.join(" ")}\nSee: opencti-relay help`,
    );
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const names = COMMANDS.map((known) => known.name);
    const near = nearest(name, names);
    throw new ConfigError(
      `There is no command ${JSON.stringify(name)}` +
        (near === undefined ? "" : `; did you mean "${near}"?`) +
        `\nCommands: ${names.join(", ")}`,
    );
  }
  const args = parse(command, rest);
  if (args.values.help === true) {
    io.print(commandHelp(command));
    return EXIT.done;
  }
  return await command.run(args, io);
}

function isHelp(arg: string): boolean {
  return arg === "-h" || arg === "--help";
}

/** How the connector `elastic` said how much it logs; it began at warn. */
const SEED_FLAGS: Readonly<Record<string, string>> = {
  "-v": "--log-level=info",
  "-vv": "--log-level=debug",
  "-vvv": "--log-level=debug",
  "-q": "--log-level=error",
  "--debug": "--log-level=debug",
};

function parse(command: Command, argv: readonly string[]): CommandArgs {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  try {
    const { values, positionals } = parseArgs({
      args: argv.map((arg) => SEED_FLAGS[arg] ?? arg),
      options,
      strict: true,
      allowPositionals: command.takesWords ?? false,
    });
    return {
      values: values as Record<string, string | boolean | undefined>,
      positionals,
    };
  } catch (error) {
    const [what = ""] = (error as Error).message.split(". ");
    const near = nearestOption(what, Object.keys(options));
    throw new ConfigError(
      `${what}${near === undefined ? "" : `; did you mean --${near}?`}\n` +
        `See: opencti-relay ${command.name} --help`,
      { cause: error },
    );
  }
}

function nearestOption(
  message: string,
  known: readonly string[],
): string | undefined {
  const unknown = /^Unknown option '--([\w-]+)/.exec(message)?.[1];
  return unknown === undefined ? undefined : nearest(unknown, known);
}

function helpText(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    "opencti-relay follows OpenCTI live streams and keeps security tools in " +
    "line with them.",
    "",
    "Usage: opencti-relay <command> [options]",
    "",
    ...COMMANDS.map(({ name, summary }) =>
      `  ${name.padEnd(width)}  ${summary}`
    ),
    "",
    "Options of every command:",
    ...optionLines(GLOBAL_OPTIONS),
    "",
    "New here: opencti-relay demo",
  ].join("\n");
}

function commandHelp({ name, usage, summary, options }: Command): string {
  return [
    `Usage: opencti-relay ${`${name} ${usage}`.trim()}`,
    "",
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    "",
    ...optionLines({ ...options, ...GLOBAL_OPTIONS }),
  ].join("\n");
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  return Object.entries(options).map(([name, { short, value, help }]) => {
    const flags = `${short === undefined ? "    " : `-${short}, `}--${name}` +
      (value === undefined ? "" : ` ${value}`);
    return `  ${flags.padEnd(22)}  ${help}`;
  });
}
