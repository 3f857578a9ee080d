import { ConfigError } from "../errors.ts";
import type { TargetDefinition } from "../targets/target.ts";

/**
 * Stand-ins for settings that have no default: addresses that cannot exist
 * (RFC 2606), logins that nobody has. The first is taken for an Elastic Cloud
 * address, so that Kibana's is known too.
 */
const STAND_INS: readonly unknown[] = [
  "https://offline.es.example.invalid",
  "offline-no-login",
  // MISP knows keys of 40 letters and digits alone.
  "0".repeat(40),
  "00000000-0000-4000-8000-000000000000",
  "offline",
  1,
  true,
  ["offline"],
];

/** Settings that may have none: more than any target has. */
const MAX_ROUNDS = 40;

/**
 * Settings of a target that is never connected to anything: its defaults, and
 * stand-ins where it has none.
 *
 * @throws {ConfigError} No stand-in fits.
 */
export function offlineSettings(
  { config, name }: TargetDefinition,
): unknown {
  const values: Record<string, unknown> = {};
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { data, error, success } = config.safeParse(values);
    if (success) return data;
    const missing = error.issues.map(({ path: [key] }) => key)
      .find((key) => typeof key === "string" && !Object.hasOwn(values, key));
    if (typeof missing !== "string") break;
    values[missing] = STAND_INS.find((value) =>
      isTaken(config.safeParse({ ...values, [missing]: value }), missing)
    );
  }
  throw new ConfigError(
    `A target of type "${name}" has settings without defaults: give a ` +
      "configuration with -c",
  );
}

function isTaken(
  { error }: ReturnType<TargetDefinition["config"]["safeParse"]>,
  key: string,
): boolean {
  return error?.issues.every(({ path }) => path[0] !== key) ?? true;
}
