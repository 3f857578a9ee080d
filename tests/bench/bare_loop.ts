/**
 * The same work as a bare loop, for comparison: no state, no retries, no
 * faults, one request after the other. With the argument `raw` the STIX
 * object is written as it came, without the mapping.
 */
import { versionOf } from "../../src/opencti/event_id.ts";
import type { StreamEvent } from "../../src/opencti/event.ts";
import { internalId, type StixObject } from "../../src/stix/object.ts";
import { apiKeyHeader } from "../../src/targets/_elastic/login.ts";
import {
  type MappingContext,
  toPlan,
} from "../../src/targets/elastic_security/mapping.ts";
import { INDEX, RAW_INDEX } from "./servers.ts";
import { watchUsage } from "./usage.ts";

const env = Deno.env.toObject() as Record<string, string>;
const isRaw = Deno.args.includes("raw");
const batchSize = Number(env.ELASTIC_SECURITY_BATCH_SIZE);
const context: MappingContext = {
  now: Number(env.BENCH_NOW),
  externalUrl: `${env.OPENCTI_URL}`,
  expireDays: 90,
  rulesEnabled: true,
  ruleIndexPatterns: [],
  names: new Map(),
  markings: new Map(),
};

const usage = watchUsage();
await carry(Number(env.BENCH_COUNT));
usage.print();
Deno.exit(0);

async function carry(count: number): Promise<void> {
  const response = await fetch(
    `${env.OPENCTI_URL}/stream/${env.CONNECTOR_LIVE_STREAM_ID}?from=0-0`,
    { headers: { authorization: `Bearer ${env.OPENCTI_TOKEN}` } },
  );
  if (response.body === null) throw new Error("no stream");
  const decoder = new TextDecoder();
  let text = "";
  let lines = "";
  let items = 0;
  let seen = 0;
  for await (const chunk of response.body) {
    const messages = (text + decoder.decode(chunk, { stream: true }))
      .split("\n\n");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const [id, event, data] = message.split("\n");
      if (event !== "event: create") continue;
      const { data: object } = JSON.parse((data as string).slice(6));
      lines += linesOf((id as string).slice(4), object);
      seen++;
      if (++items < batchSize && seen < count) continue;
      await send(lines);
      lines = "";
      items = 0;
    }
    if (seen >= count) return;
  }
}

function linesOf(id: string, object: StixObject): string {
  const version = versionOf(id);
  const key = { version, version_type: "external_gte" };
  if (isRaw) {
    const head = { index: { _index: RAW_INDEX, _id: object.id, ...key } };
    return `${JSON.stringify(head)}\n${JSON.stringify(object)}\n`;
  }
  const event: StreamEvent = {
    id,
    version,
    action: "create",
    cause: "created",
    internalId: internalId(object),
    object,
    bytes: 0,
  };
  const plan = toPlan(event, context);
  if (typeof plan === "string") throw new Error(plan);
  return plan.documents.map((document) => {
    const head = { index: { _index: INDEX, _id: document.id, ...key } };
    return `${JSON.stringify(head)}\n${JSON.stringify(document.source)}\n`;
  }).join("");
}

async function send(body: string): Promise<void> {
  const response = await fetch(`${env.ELASTIC_SECURITY_URL}/_bulk`, {
    method: "POST",
    headers: {
      authorization: apiKeyHeader(`${env.ELASTIC_SECURITY_API_KEY}`),
      "content-type": "application/x-ndjson",
    },
    body,
  });
  const answer = await response.json();
  if (!response.ok || answer.errors) throw new Error(JSON.stringify(answer));
}
