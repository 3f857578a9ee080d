/** Elasticsearch calls of this target alone, one method per endpoint. */
import { ConfigError } from "../../errors.ts";
import { isRecord } from "../../stix/object.ts";
import type { HttpClient } from "../../http/client.ts";
import { reasonOf } from "../_elastic/answer.ts";
import { ElasticCalls, type ElasticSettingNames } from "../_elastic/calls.ts";
import { ElasticClient } from "../_elastic/client.ts";
import type { Json } from "../_elastic/document.ts";

/** Whether a lifecycle policy exists; `unavailable`: the cluster has no ILM. */
export type PolicyState = "present" | "absent" | "unavailable" | "unknown";

/** An alias: its indices, and which one of them is marked for writing. */
export interface AliasState {
  readonly indices: readonly string[];
  readonly writeIndex: string | undefined;
}

/** Elasticsearch with lifecycle policies and aliases. */
export class ThreatintelClient extends ElasticClient {
  readonly #calls: ElasticCalls;

  constructor(http: HttpClient, names: ElasticSettingNames) {
    super(http, names);
    this.#calls = new ElasticCalls(http, names);
  }

  /** `GET /_ilm/policy/<name>`. */
  async readPolicy(name: string, signal: AbortSignal): Promise<PolicyState> {
    const { status } = await this.#calls.call(
      (client, options) => client.ilm.getLifecycle({ name }, options),
      [400, 403, 404, 405, 410],
      signal,
    );
    return POLICY_STATES[status] ?? "present";
  }

  /** `PUT /_ilm/policy/<name>`. False where the cluster refuses. */
  async updatePolicy(
    name: string,
    policy: Json & { phases: Json },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { status } = await this.#calls.call(
      (client, options) => client.ilm.putLifecycle({ name, policy }, options),
      [400, 403, 405, 410],
      signal,
    );
    return status < 300;
  }

  /** `GET /_alias/<name>`. Nothing where there is no such alias. */
  async readAlias(
    name: string,
    signal: AbortSignal,
  ): Promise<AliasState | undefined> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.indices.getAlias({ name }, options),
      [403, 404],
      signal,
    );
    if (status === 403) {
      throw new ConfigError(
        `The login may not look at the alias "${name}": grant ` +
          `view_index_metadata on it (${reasonOf(body)})`,
      );
    }
    if (status === 404) return undefined;
    const entries = Object.entries(isRecord(body) ? body : {});
    return {
      indices: entries.map(([index]) => index),
      writeIndex: entries.find(([, found]) => isWriteIndex(found, name))?.[0],
    };
  }
}

const POLICY_STATES: Readonly<Record<number, PolicyState>> = {
  403: "unknown",
  404: "absent",
  400: "unavailable",
  405: "unavailable",
  410: "unavailable",
};

function isWriteIndex(index: unknown, alias: string): boolean {
  const aliases = isRecord(index) ? index.aliases : undefined;
  const own = isRecord(aliases) ? aliases[alias] : undefined;
  return isRecord(own) && own.is_write_index === true;
}
