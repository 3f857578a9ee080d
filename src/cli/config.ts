import { stringify } from "@std/yaml";
import { ConfigError } from "../errors.ts";
import { exampleYaml } from "../config/example.ts";
import { configJsonSchema } from "../config/json_schema.ts";
import { loadConfig } from "../config/load.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { secretsOf } from "./secrets.ts";

/**
 * `config schema`, `config example` and `config show [-c FILE] [--json]`.
 *
 * @returns The exit code, 0.
 * @throws {ConfigError} There is no such subcommand, or `show` finds the
 * configuration wrong.
 */
export async function configCommand(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const [name = "", ...rest] = args.positionals;
  const print = Object.hasOwn(SUBCOMMANDS, name)
    ? SUBCOMMANDS[name]
    : undefined;
  if (print === undefined || rest.length > 0) {
    throw new ConfigError(
      `Usage: opencti-relay config ${Object.keys(SUBCOMMANDS).join("|")}`,
    );
  }
  io.print(await print(args, io));
  return 0;
}

type Subcommand = (
  args: CommandArgs,
  io: CommandIo,
) => string | Promise<string>;

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  schema: (_, { registry }) =>
    JSON.stringify(configJsonSchema(registry), null, 2),
  example: (_, { registry }) => exampleYaml(registry).trimEnd(),
  show: showConfig,
};

async function showConfig(
  { values }: CommandArgs,
  io: CommandIo,
): Promise<string> {
  const file = typeof values.config === "string" ? values.config : undefined;
  const config = await loadConfig({
    ...(file !== undefined && { file }),
    explicitFile: file !== undefined,
    env: io.env(),
    registry: io.registry,
    readTextFile: io.readTextFile,
  });
  io.protect?.(secretsOf(config, io.env()));
  for (const warning of config.warnings) io.printError(`Warning: ${warning}\n`);
  // A round trip drops what is undefined and masks any secret left.
  const shown = JSON.parse(JSON.stringify(config.effective));
  return values.json === true
    ? JSON.stringify(shown, null, 2)
    : stringify(shown).trimEnd();
}
