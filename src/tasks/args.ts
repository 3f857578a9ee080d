import { z } from "zod";
import { ConfigError } from "../errors.ts";

/**
 * The options of a task, which may have come from another process.
 *
 * @throws {ConfigError} They are wrong; says which.
 */
export function taskArgs<Schema extends z.ZodType>(
  schema: Schema,
  args: unknown,
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(args ?? {});
  if (success) return data;
  throw new ConfigError(
    `The options are wrong: ${z.prettifyError(error).replaceAll("\n", " ")}`,
  );
}
