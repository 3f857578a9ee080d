import type { Log } from "../../observability/log.ts";
import type { MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import { markOf } from "./marks.ts";
import { type MispUser, missingRights } from "./role.ts";

/** What was learnt of the instance and the key. */
export interface Session {
  readonly version: string;
  readonly user: MispUser;
  /** Attribute types of the instance; absent where it does not tell. */
  readonly types: ReadonlySet<string> | undefined;
  /** Changes with what the instance takes from this key. */
  readonly salt: string;
}

/**
 * Learns who we are at the instance, and tells what the key may not do.
 *
 * @throws {LoginError} The key is refused.
 */
export async function openSession(
  { client, config, log }: {
    client: MispClient;
    config: MispConfig;
    log: Log;
  },
  signal: AbortSignal,
): Promise<Session> {
  const session = await readSession(client, signal);
  const { user, version } = session;
  for (const right of missingRights(user, publishes(config))) {
    const tell = right.isFatal ? log.error : log.warn;
    tell(`the role of the key lacks ${right.permission}`, {
      role: user.role,
      consequence: right.consequence,
    });
  }
  const { owner_org: owner } = config;
  if (owner !== undefined && !isSameOrg(owner, user.orgName)) {
    log.warn(
      "MISP gives events to the organisation of the key, not to owner_org: " +
        "use a key of that organisation",
      { owner_org: owner, organisation: user.orgName },
    );
  }
  log.info("MISP is ready", {
    version,
    user: user.email,
    role: user.role,
    organisation: user.orgName,
  });
  return session;
}

/**
 * The same without a word in the log, for who only compares.
 *
 * @throws {LoginError} The key is refused.
 */
export async function readSession(
  client: MispClient,
  signal: AbortSignal,
): Promise<Session> {
  const version = await client.readVersion(signal);
  const user = await client.readUser(signal);
  const types = await client.readTypes(signal);
  const rights = [...user.permissions].sort();
  return {
    version,
    user,
    types: types.size === 0 ? undefined : types,
    salt: markOf(version, user.orgId, ...rights),
  };
}

/** Whether the right to publish is made use of. */
export function publishes(
  { publish_on_create, publish_on_update }: MispConfig,
): { publish: boolean } {
  return { publish: publish_on_create || publish_on_update };
}

/** [MISP] Names of organisations are compared without case. */
export function isSameOrg(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
