import { createHttpClient } from "../../src/http/create_client.ts";
import { silentLog } from "../../src/observability/log.ts";
import {
  type SimulatedElastic,
  startElastic,
} from "../../src/simulator/elastic/mod.ts";
import {
  type OpenctiOptions,
  type SimulatedOpencti,
  startOpencti,
} from "../../src/simulator/opencti/mod.ts";
import { apiKeyHeader } from "../../src/targets/_elastic/login.ts";
import { ElasticClient } from "../../src/targets/_elastic/client.ts";
import { DocumentWriter } from "../../src/targets/_elastic/document_writer.ts";
import { platformEnv } from "../platform_env.ts";

/** The index that documents are written to: the default of the settings. */
export const INDEX = "logs-ti_custom_opencti.indicator";
/** The index of the bare loop without mapping. */
export const RAW_INDEX = "raw-objects";

/** The simulated platform and Elastic, in this process. */
export interface Servers extends AsyncDisposable {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
  /** Variables that connect a child process, program or bare loop. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts both, with the index set up as the program does it. */
export async function startServers(
  options: OpenctiOptions & { batchSize?: number },
): Promise<Servers> {
  const opencti = await startOpencti(options);
  const elastic = await startElastic({
    storeSources: false,
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  await prepareIndex(elastic);
  return {
    opencti,
    elastic,
    env: {
      ...platformEnv(opencti),
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      CONNECTOR_LOG_LEVEL: "error",
      ELASTIC_SECURITY_URL: elastic.url,
      ELASTIC_SECURITY_API_KEY: elastic.apiKey,
      ELASTIC_SECURITY_KIBANA_URL: elastic.kibanaUrl,
      ELASTIC_SECURITY_BATCH_SIZE: String(options.batchSize ?? 100),
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), elastic.stop()]);
    },
  };
}

/** Documents that an index holds now; 0 for an index that does not exist. */
export function sizeOf({ elastic }: Servers, index: string): number {
  return elastic.cluster.indices.get(index)?.size ?? 0;
}

/** What the bulk requests so far amount to. */
export function bulkTotals(
  { elastic }: Servers,
): { requests: number; items: number; bytes: number } {
  const bulks = elastic.requests.find("POST", "/_bulk");
  const total = (of: (bulk: typeof bulks[number]) => number) =>
    bulks.reduce((sum, bulk) => sum + of(bulk), 0);
  return {
    requests: bulks.length,
    items: total(({ items = 0 }) => items),
    bytes: total(({ bytes }) => bytes),
  };
}

async function prepareIndex({ url, apiKey }: SimulatedElastic): Promise<void> {
  const http = createHttpClient({
    url,
    headers: { authorization: apiKeyHeader(apiKey) },
  });
  try {
    const client = new ElasticClient(http, { url: "url", login: "api_key" });
    const settings = { name: INDEX, mode: "auto", batchSize: 1 } as const;
    await new DocumentWriter(client, settings, silentLog())
      .setUp(AbortSignal.timeout(10_000));
  } finally {
    http.close();
  }
}
