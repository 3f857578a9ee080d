import type { Cluster } from "./cluster.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { Kibana } from "./kibana.ts";
import type { Rule } from "./rule_store.ts";
import type { StoredIndex } from "./stored_index.ts";

const ALERT_MAPPINGS: JsonObject = {
  date_detection: false,
  dynamic_templates: [{
    strings: {
      match_mapping_type: "string",
      mapping: { type: "keyword", ignore_above: 1024 },
    },
  }],
  properties: {
    "@timestamp": { type: "date" },
    "kibana.alert.original_time": { type: "date" },
    "kibana.alert.rule.type": { type: "keyword" },
    "kibana.alert.uuid": { type: "keyword" },
    "signal.rule.type": { type: "alias", path: "kibana.alert.rule.type" },
  },
};

const OLD_SIGNAL_MAPPINGS: JsonObject = {
  ...ALERT_MAPPINGS,
  properties: {
    "@timestamp": { type: "date" },
    "signal.original_time": { type: "date" },
    "signal.rule.type": { type: "keyword" },
  },
};

/**
 * What others do at the far side: documents, alerts and rules that are not
 * ours. Everything is searchable at once.
 */
export class Foreign {
  readonly #cluster: Cluster;
  readonly #kibana: Kibana;

  constructor(cluster: Cluster, kibana: Kibana) {
    this.#cluster = cluster;
    this.#kibana = kibana;
  }

  /** Writes documents by id into an index, which is made if it is missing. */
  documents(
    name: string,
    documents: Readonly<Record<string, JsonObject>>,
  ): void {
    const stream = this.#cluster.streams.get(name);
    const index = this.#cluster.indices.get(stream?.backing.at(-1) ?? name) ??
      this.#cluster.createIndex(name);
    this.#write(index, documents);
  }

  /** Writes a detection alert (8.x and later form) into a space's index. */
  alert(id: string, source: JsonObject, space = "default"): void {
    const name = `.internal.alerts-security.alerts-${space}-000001`;
    const alias = `.alerts-security.alerts-${space}`;
    this.#write(this.#alertIndex(name, alias, ALERT_MAPPINGS), {
      [id]: source,
    });
  }

  /** Writes a signal of Elastic 7.x. */
  signal(id: string, source: JsonObject, space = "default"): void {
    const name = `.siem-signals-${space}-000001`;
    const alias = `.siem-signals-${space}`;
    const index = this.#alertIndex(name, alias, OLD_SIGNAL_MAPPINGS);
    this.#write(index, { [id]: source });
  }

  #alertIndex(name: string, alias: string, mappings: JsonObject): StoredIndex {
    return this.#cluster.indices.get(name) ?? this.#cluster.createIndex(name, {
      settings: { "index.hidden": true },
      mappings,
      aliases: { [alias]: { is_write_index: true, is_hidden: true } },
    });
  }

  #write(
    index: StoredIndex,
    documents: Readonly<Record<string, JsonObject>>,
  ): void {
    for (const [id, source] of Object.entries(documents)) {
      if (!isObject(source)) continue;
      index.mapping.check(source, id, JSON.stringify(source));
      index.write(id, source, { now: this.#cluster.now() });
    }
    index.refresh();
  }

  /** Creates a rule as somebody in Kibana does. @throws As the route. */
  rule(body: JsonObject, space = "default"): Rule {
    return this.#kibana.rules(space).create(body, "analyst");
  }
}
