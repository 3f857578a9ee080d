/** What `check` looks at, without changing anything. */
import { failed, ok, outcome } from "../check_result.ts";
import type { CheckResult } from "../target.ts";
import { type HarfanglabClient, RULE_KINDS } from "./client.ts";
import type { HarfanglabConfig } from "./config.ts";

/** Holds the login, in words for a remedy. */
const LOGIN = "token";

/** Looks at the login first: without it nothing else can be seen. */
export async function checkHarfanglab(
  client: HarfanglabClient,
  config: HarfanglabConfig,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const login = await outcome("HarfangLab", LOGIN, async () => {
    const user = await client.readUser(signal);
    const version = await client.readVersion(signal);
    return ok(
      "HarfangLab",
      `version ${version ?? "unknown"}, user ${user ?? "unknown"}`,
    );
  });
  if (login.status === "failed") return [login];
  const results = [
    login,
    await outcome("rights", LOGIN, async () => {
      await client.proveRights(signal);
      return ok("rights", "rules may be changed");
    }),
  ];
  for (const kind of RULE_KINDS) {
    results.push(
      await outcome(
        `list of ${kind}s`,
        LOGIN,
        () => checkList(client, kind, { config, signal }),
      ),
    );
  }
  return results;
}

async function checkList(
  client: HarfanglabClient,
  kind: typeof RULE_KINDS[number],
  { config, signal }: { config: HarfanglabConfig; signal: AbortSignal },
): Promise<CheckResult> {
  const subject = `list of ${kind}s`;
  const { source_list_name: name } = config;
  const found = await client.findSource(kind, name, signal);
  if (found === undefined) {
    return ok(subject, `"${name}" is made at the first start`);
  }
  if (found.enabled !== false) return ok(subject, `"${name}" is there`);
  return {
    ...failed(subject, `"${name}" is disabled`, "enable it in the console"),
    status: "warning",
  };
}
