import { nearest } from "../config/nearest.ts";
import { ConfigError } from "../errors.ts";

/**
 * The name, if it is one of those known.
 *
 * @param what What it names: "target".
 * @throws {ConfigError} It is not; names the nearest, or all.
 */
export function oneOf(
  known: readonly string[],
  name: string,
  what: string,
): string {
  if (known.includes(name)) return name;
  const near = nearest(name, known);
  throw new ConfigError(
    `There is no ${what} ${JSON.stringify(name)}` +
      (near === undefined
        ? `; use one of ${known.join(", ")}`
        : `; did you mean "${near}"?`),
  );
}
