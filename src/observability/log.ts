/** Levels, least to most serious. `off` is for tests. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "off"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** Facts of a log line: one flat object, values as they should be printed. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes one structured line per thing that happened. INFO: an action
 * finished. WARN: odd, nothing lost. ERROR: data lost or a person is needed.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}
