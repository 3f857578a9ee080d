import { loadConfig, type RelayConfig } from "../config/load.ts";
import { ConfigError } from "../errors.ts";
import {
  createLog,
  type Log,
  LOG_LEVELS,
  type LogLevel,
} from "../observability/log.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { secretsOf } from "./secrets.ts";

/** Loads the configuration that the command line and environment name. */
export async function loadConfigFor(
  { values }: CommandArgs,
  io: CommandIo,
): Promise<RelayConfig> {
  const file = values.config;
  const config = await loadConfig({
    file: typeof file === "string" ? file : "config.yml",
    explicitFile: typeof file === "string",
    env: io.env(),
    registry: io.registry,
    readTextFile: (path) => io.readTextFile(path),
  });
  io.protect?.(secretsOf(config, io.env()));
  const level = values["log-level"];
  if (level === undefined) return config;
  return { ...config, log: { ...config.log, level: logLevel(level) } };
}

function logLevel(value: string | boolean): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value && known !== "off");
  if (level === undefined) {
    throw new ConfigError(
      `--log-level "${value}" is not one of debug, info, warn, error`,
    );
  }
  return level;
}

/**
 * The log of this configuration, on stderr: text on a terminal, JSON lines
 * otherwise. Every secret of the configuration is masked in it.
 *
 * @param write Takes the lines instead, for a screen with live lines.
 * @param options `quiet`: do not say what is odd about the configuration.
 */
export function logFor(
  config: RelayConfig,
  io: CommandIo,
  write: (line: string) => void = (line) => io.printError(line),
  { quiet = false }: { quiet?: boolean } = {},
): Log {
  const { level, format } = config.log;
  const isText = format === "text" ||
    (format === "auto" && io.screen !== undefined);
  const log = createLog({
    level,
    format: isText ? "text" : "json",
    write,
    now: () => io.now(),
    secrets: secretsOf(config, io.env()),
  });
  if (quiet) return log;
  for (const warning of config.warnings) log.warn(warning);
  return log;
}
