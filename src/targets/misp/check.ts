/** What `check` looks at, without changing anything. */
import { failed, ok, outcome } from "../check_result.ts";
import type { CheckResult } from "../target.ts";
import type { MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import { MispRefusal } from "./refusal.ts";
import { type MispUser, missingRights } from "./role.ts";
import { isSameOrg, publishes } from "./session.ts";

/** What a check needs. */
export interface CheckSubject {
  readonly config: MispConfig;
  readonly client: MispClient;
}

/** Holds the login, in words for a remedy. */
const LOGIN = "api_key";
/** A UUID that no event has: asking for it shows rights and no event. */
const NOBODY = "00000000-0000-4000-8000-000000000000";
/** First version of the interface that this target is made for. */
const LEAST = [2, 4];

/** Looks at MISP, the key and its rights. */
export async function checkMisp(
  { config, client }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const results = [
    await outcome("MISP", LOGIN, async () => {
      const version = await client.readVersion(signal);
      const [major = 0, minor = 0] = version.split(".").map(Number);
      const isOld = major < LEAST[0]! ||
        major === LEAST[0] && minor < LEAST[1]!;
      return isOld
        ? failed("MISP", `version ${version}`, "upgrade MISP")
        : ok("MISP", `version ${version}`);
    }),
  ];
  if (results[0]?.status === "failed") return results;
  let user: MispUser | undefined;
  results.push(
    await outcome("key", LOGIN, async () => {
      user = await client.readUser(signal);
      return ok(
        "key",
        `user ${user.email}, role ${user.role}, organisation ${user.orgName}`,
      );
    }),
  );
  if (user === undefined) return results;
  results.push(rights(user, config), owner(user, config));
  results.push(
    await outcome("blocklist", LOGIN, () => blocklist(config, client, signal)),
    await outcome("attribute types", LOGIN, async () => {
      const types = await client.readTypes(signal);
      return ok("attribute types", `${types.size} types`);
    }),
  );
  return results;
}

function rights(user: MispUser, config: MispConfig): CheckResult {
  const missing = missingRights(user, publishes(config));
  if (missing.length === 0) return ok("rights", "all that are made use of");
  const words = missing.map(({ permission, consequence }) =>
    `${permission} (${consequence})`
  );
  return {
    subject: "rights",
    status: missing.some(({ isFatal }) => isFatal) ? "failed" : "warning",
    detail: `missing: ${words.join("; ")}`,
    remedy: "give the key's user the role Sync user",
  };
}

function owner(
  { orgName }: MispUser,
  { owner_org }: MispConfig,
): CheckResult {
  const subject = "owner organisation";
  if (owner_org === undefined || isSameOrg(owner_org, orgName)) {
    return ok(subject, orgName);
  }
  return {
    subject,
    status: "warning",
    detail: `events belong to "${orgName}", the key's organisation, and not ` +
      `to "${owner_org}"`,
    remedy: `use a key of "${owner_org}"`,
  };
}

/** Taking off what is not listed changes nothing, and shows the right. */
async function blocklist(
  { hard_delete }: MispConfig,
  client: MispClient,
  signal: AbortSignal,
): Promise<CheckResult> {
  const subject = "blocklist";
  try {
    await client.unblock(NOBODY, signal);
  } catch (error) {
    if (!(error instanceof MispRefusal)) throw error;
    if (error.kind === "off") {
      return hard_delete ? ok(subject, "switched off in MISP") : failed(
        subject,
        "switched off in MISP: deleted events may come back",
        "switch it on in MISP, or set hard_delete to true",
      );
    }
    if (error.kind !== "missing") {
      return {
        subject,
        status: "warning",
        detail: hard_delete
          ? "the key may not change it: containers whose event was deleted " +
            "cannot come back"
          : "the key may not change it: MISP itself puts deleted events there",
        remedy: "use a key of the organisation that hosts MISP",
      };
    }
  }
  return ok(subject, "may be changed");
}
