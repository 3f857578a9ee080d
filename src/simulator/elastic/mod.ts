import { Buffer } from "node:buffer";
import { RequestLog } from "../server/request_log.ts";
import { type SeenRequest, serve } from "../server/server.ts";
import { Cluster } from "./cluster.ts";
import { handleElasticsearch } from "./elasticsearch.ts";
import { elasticsearchFault, kibanaFault } from "./fault_bodies.ts";
import { ElasticFaults } from "./faults.ts";
import { Foreign } from "./foreign.ts";
import { Kibana } from "./kibana.ts";
import { PitStore } from "./pit.ts";
import type { Rule } from "./rule_store.ts";
import { ALL_PRIVILEGES, type Privileges, Security } from "./security.ts";

export { ElasticError } from "./errors.ts";
export type { Fault, FaultAction, FaultFilter } from "../server/faults.ts";
export type { Rule } from "./rule_store.ts";
export type { Privileges } from "./security.ts";

/** How the simulated servers are set up. */
export interface ElasticOptions {
  /** Port of Elasticsearch. Default 0: any free one. */
  port?: number;
  /** Port of Kibana. Default 0: any free one. */
  kibanaPort?: number;
  /** Of both servers. Default `8.17.0`. */
  version?: string;
  /** Elasticsearch without ILM and cluster health, flavour `serverless`. */
  serverless?: boolean;
  /** Epoch milliseconds; default the wall clock. */
  now?: () => number;
  /** Of the API key and the user. Default: all. May be changed later. */
  privileges?: Partial<Privileges>;
  /** `user:password` of Basic logins. Default `elastic:changeme`. */
  basic?: string;
  /** `action.auto_create_index`. Default true. */
  autoCreate?: boolean;
  /** `http.max_content_length` in bytes. Default 100 MiB. */
  maxContentLength?: number;
  /**
   * False keeps of each document only id, version and `keptFields`: for
   * benchmarks. Queries on other fields then find nothing. Default true.
   */
  storeSources?: boolean;
  /** Default `opencti_doc_id`, `opencti.internal_id`, `@timestamp`. */
  keptFields?: readonly string[];
  /** Keep the bodies of requests in `requests`. Default false. */
  keepBodies?: boolean;
  /** Kibana's `server.basePath`, such as `/kibana`. Default none. */
  basePath?: string;
  /** Kibana spaces beside `default`. */
  spaces?: readonly string[];
}

/** A running simulated Elasticsearch with its Kibana. */
export interface SimulatedElastic {
  readonly url: string;
  /** Base path included. */
  readonly kibanaUrl: string;
  /** The encoded form: Base64 of `id:secret`. */
  readonly apiKey: string;
  readonly apiKeyId: string;
  readonly apiKeySecret: string;
  readonly cluster: Cluster;
  readonly kibana: Kibana;
  readonly security: Security;
  /** What the key and the user may do; changes count at once. */
  readonly privileges: Privileges;
  /** Points in time that are open. */
  readonly pits: PitStore;
  readonly faults: ElasticFaults;
  readonly requests: RequestLog;
  readonly foreign: Foreign;
  /** Detection rules of a space, `default` if none is named. */
  rules(space?: string): Rule[];
  stop(): Promise<void>;
}

const KEY_ID = "relay-key";
const KEY_SECRET = "simulated-secret";
const KEPT_FIELDS = ["opencti_doc_id", "opencti.internal_id", "@timestamp"];
const MIB = 1_048_576;

/** Starts both servers on 127.0.0.1. */
export async function startElastic(
  options: ElasticOptions = {},
): Promise<SimulatedElastic> {
  const parts = makeParts(options);
  const { cluster, kibana, security, pits, faults, requests } = parts;
  const version = options.version ?? "8.17.0";
  const serverless = options.serverless ?? false;
  const context = { cluster, pits, security, faults, version, serverless };
  const shared = {
    keepBodies: options.keepBodies ?? false,
    faults,
    onRequest: (seen: SeenRequest) => void requests.list.push(seen),
  };
  const elasticsearch = await serve({
    ...shared,
    name: "elasticsearch",
    faultAnswer: elasticsearchFault,
    port: options.port ?? 0,
    maxBodyBytes: options.maxContentLength ?? 100 * MIB,
    handle: (request, seen) => handleElasticsearch(context, request, seen),
  });
  const kibanaServer = await serve({
    ...shared,
    name: "kibana",
    faultAnswer: kibanaFault,
    port: options.kibanaPort ?? 0,
    maxBodyBytes: 100 * MIB,
    handle: (request) => kibana.handle(request),
  }).catch(async (error) => {
    await elasticsearch.stop();
    throw error;
  });
  return {
    ...parts,
    url: elasticsearch.url,
    kibanaUrl: kibanaServer.url + kibana.settings.basePath,
    apiKey: Buffer.from(`${KEY_ID}:${KEY_SECRET}`).toString("base64"),
    apiKeyId: KEY_ID,
    apiKeySecret: KEY_SECRET,
    rules: (space) => kibana.rules(space).all(),
    stop: async () => {
      await Promise.all([elasticsearch.stop(), kibanaServer.stop()]);
    },
  };
}

function makeParts(options: ElasticOptions) {
  const now = options.now ?? Date.now;
  const privileges: Privileges = structuredClone({
    ...ALL_PRIVILEGES,
    ...options.privileges,
  });
  const security = new Security();
  security.keys.set(KEY_ID, { secret: KEY_SECRET, privileges });
  const [user = "", ...password] = (options.basic ?? "elastic:changeme").split(
    ":",
  );
  security.users.set(user, { secret: password.join(":"), privileges });
  const cluster = new Cluster({
    now,
    autoCreate: options.autoCreate ?? true,
    keptFields: options.storeSources === false
      ? (options.keptFields ?? KEPT_FIELDS)
      : undefined,
  });
  const kibana = new Kibana(
    {
      version: options.version ?? "8.17.0",
      basePath: options.basePath ?? "",
      starting: false,
      spaces: new Set(options.spaces ?? []),
    },
    security,
    now,
  );
  return {
    cluster,
    kibana,
    security,
    privileges,
    pits: new PitStore(),
    faults: new ElasticFaults(),
    requests: new RequestLog(),
    foreign: new Foreign(cluster, kibana),
  };
}
