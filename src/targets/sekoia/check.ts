/** What `check` looks at, without changing anything. */
import { failed, ok, outcome } from "../check_result.ts";
import type { CheckResult } from "../target.ts";
import type { SekoiaClient } from "./client.ts";
import type { SekoiaConfig } from "./config.ts";
import { findCollection } from "./set_up.ts";

/** What a check needs. */
export interface CheckSubject {
  readonly client: SekoiaClient;
  readonly config: SekoiaConfig;
}

/** Looks at the collection, the rights and the quota. */
export async function checkSekoia(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  let id: string | undefined;
  const results = [
    await outcome("IOC collection", "apikey", async () => {
      const found = await findCollection({ client, config }, undefined, signal);
      id = found?.id;
      return ok(
        "IOC collection",
        found === undefined
          ? `"${config.ioc_collection_name}" will be made`
          : `"${found.name}", ${found.id}`,
      );
    }),
  ];
  const collection = id;
  if (collection !== undefined) {
    results.push(
      await outcome("rights", "apikey", async () => {
        await client.proveRights(collection, signal);
        return ok("rights", "may view and manage IOC collections");
      }),
    );
  }
  if (results[0]?.status !== "failed") {
    results.push(
      await outcome(
        "quota",
        "apikey",
        () => checkQuota({ client, config }, signal),
      ),
    );
  }
  return results;
}

async function checkQuota(
  { client, config }: CheckSubject,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { community_uuid: community, quota_warn_ratio: ratio } = config;
  const { count, max } = await client.readCount(community, signal);
  if (max === undefined) return ok("quota", `${count} indicators`);
  const detail = `${count} of ${max} indicators`;
  if (count < ratio * max) return ok("quota", detail);
  const remedy = "delete indicators at Sekoia.io, raise the quota, or narrow " +
    "the stream's filter";
  return count < max
    ? { subject: "quota", status: "warning", detail, remedy }
    : failed("quota", detail, remedy);
}
