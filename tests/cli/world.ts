import { main } from "../../src/cli/main.ts";
import {
  type SimulatedElastic,
  startElastic,
} from "../../src/simulator/elastic/mod.ts";
import {
  type SimulatedOpencti,
  startOpencti,
} from "../../src/simulator/opencti/mod.ts";
import type { StixObject } from "../../src/stix/object.ts";
import { indicator } from "../opencti/platform.ts";
import { fakeIo, type FakeIoOptions } from "./fake_io.ts";
import { platformEnv } from "../platform_env.ts";

/** The clock of the world: a day after its objects were last changed. */
export const NOW = Date.parse("2026-03-03T09:00:00.000Z");

/** What a command left behind. */
export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Simulated servers, and a folder of their own for the program. */
export interface World {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
  readonly folder: string;
  /** The variables that a run needs, and where its state lies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a command line; what `env` holds comes over the variables above. */
  relay(
    args: readonly string[],
    env?: Readonly<Record<string, string | undefined>>,
    options?: FakeIoOptions,
  ): Promise<Result>;
  /** Every request that could have changed something, anywhere. */
  writes(): string[];
  /** Files in the folder. */
  files(): string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts one. Its stream holds these objects, as they were created. */
export async function startWorld(
  objects: readonly StixObject[] = [indicator(1), indicator(2), kqlRule(3)],
  options: { streamId?: string; token?: string } = {},
): Promise<World> {
  const opencti = await startOpencti({
    now: () => NOW,
    heartbeatMs: 50,
    ...options,
  });
  for (const [at, object] of objects.entries()) {
    opencti.platform.apply({ at: NOW - 60_000 + at, op: "create", object });
  }
  const elastic = await startElastic({ now: () => NOW, keepBodies: true });
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-" });
  const env = {
    ...platformEnv(opencti),
    ELASTIC_SECURITY_URL: elastic.url,
    ELASTIC_SECURITY_API_KEY: elastic.apiKey,
    ELASTIC_SECURITY_KIBANA_URL: elastic.kibanaUrl,
    RELAY_STATE_PATH: `${folder}/relay.kv`,
    RELAY_LOG_LEVEL: "error",
  };
  return {
    opencti,
    elastic,
    folder,
    env,
    async relay(args, more = {}, ioOptions = {}) {
      const io = fakeIo({
        variables: { ...env, ...more },
        readTextFile: (path) => Deno.readTextFile(path),
        now: () => NOW,
        ...ioOptions,
      });
      const code = await main(args, io);
      return { code, out: io.out.join("\n"), err: io.err.join("") };
    },
    writes: () => [...platformWrites(opencti), ...elasticWrites(elastic)],
    files: () => [...Deno.readDirSync(folder)].map(({ name }) => name),
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), elastic.stop()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** An indicator that becomes a detection rule. */
export function kqlRule(number: number): StixObject {
  return indicator(number, {
    pattern: `destination.domain: "host-${number}.example"`,
    pattern_type: "kql",
  });
}

/** Sources of the documents that the simulated index holds. */
export function documentsOf(
  { elastic }: Pick<World, "elastic">,
  index = "logs-ti_custom_opencti.indicator",
  // deno-lint-ignore no-explicit-any
): any[] {
  return [...elastic.cluster.documents(index).values()]
    .map(({ source }) => source);
}

function platformWrites({ requests }: SimulatedOpencti): string[] {
  return requests
    .filter(({ method, body }) =>
      method !== "GET" && /"query":"\s*mutation\b/.test(body)
    )
    .map(({ fields }) => `opencti ${fields.join(" ")}`);
}

/** `POST` that reads. */
const READS = /\/(_search|_count|_has_privileges|_refresh|_pit)$/;

function elasticWrites({ requests }: SimulatedElastic): string[] {
  return requests.list
    .filter(({ method, path }) =>
      !["GET", "HEAD"].includes(method) && !READS.test(path)
    )
    // Rights are proved by deleting a rule that nobody has.
    .filter(({ method, status }) => method !== "DELETE" || status !== 404)
    .map(({ server, method, path }) => `${server} ${method} ${path}`);
}
