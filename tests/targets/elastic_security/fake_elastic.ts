/**
 * An Elasticsearch and a Kibana on loopback, as far as the target's tests need
 * them: documents with external versions, visibility only after a refresh,
 * append-only data streams, the queries that the target sends, rules.
 */
import { isRecord } from "../../../src/stix/object.ts";

type Json = Record<string, unknown>;

/** One stored document. */
interface Stored {
  source: Json;
  version: number;
  /** What queries see: absent until a refresh. */
  visible: Json | undefined;
}

/** A rule as Kibana keeps it. */
export type FakeRule = Json & { id: string; rule_id: string };

export const API_KEY = "aWQ6a2V5";

/** Both servers, their content, and what they were asked. */
export class FakeElastic {
  readonly indices = new Map<string, Map<string, Stored>>();
  readonly streams = new Set<string>();
  readonly templates = new Map<string, Json>();
  readonly rules = new Map<string, FakeRule>();
  /** "POST /_bulk", in the order of arrival; "kibana POST /api/..." */
  readonly requests: string[] = [];
  /** Type of `threat.indicator.confidence`. */
  confidenceType = "keyword";
  rollovers = 0;
  /** Answers in place of the servers where it gives something. */
  fault: (request: string, body: string) => Response | undefined = () =>
    undefined;
  /** Answers for one bulk item where it gives something. */
  itemFault: (id: string) => Json | undefined = () => undefined;
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[];
  #ruleCount = 0;

  constructor() {
    this.#servers = [
      this.#serve("", (...args) => this.#elastic(...args)),
      this.#serve("kibana ", (...args) => this.#kibana(...args)),
    ];
  }

  get url(): string {
    return `http://127.0.0.1:${this.#servers[0]!.addr.port}`;
  }

  get kibanaUrl(): string {
    return `http://127.0.0.1:${this.#servers[1]!.addr.port}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown()));
  }

  /** Sources of an index by id. */
  documents(index: string): Map<string, Json> {
    const found = this.indices.get(index) ?? new Map<string, Stored>();
    return new Map([...found].map(([id, { source }]) => [id, source]));
  }

  /** Puts a document there, as somebody else would. */
  put(index: string, id: string, source: Json): void {
    this.#index(index).set(id, { source, version: 1, visible: source });
  }

  #index(name: string): Map<string, Stored> {
    const found = this.indices.get(name) ?? new Map<string, Stored>();
    this.indices.set(name, found);
    return found;
  }

  #serve(
    label: string,
    answer: (method: string, url: URL, body: string) => Response,
  ): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const url = new URL(request.url);
        const body = await request.text();
        const line = `${label}${request.method} ${url.pathname}`;
        this.requests.push(line);
        const key = request.headers.get("authorization");
        if (key !== `ApiKey ${API_KEY}`) {
          return Response.json({ message: "unknown key" }, { status: 401 });
        }
        if (label !== "" && request.headers.get("kbn-xsrf") === null) {
          return Response.json({ message: "kbn-xsrf" }, { status: 400 });
        }
        return this.fault(line, body) ??
          answer(request.method, url, body);
      },
    );
  }

  #elastic(method: string, url: URL, body: string): Response {
    const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
    const [first = "", second, third = ""] = parts;
    if (first === "") {
      return reply({ version: { number: "8.19.2", build_flavor: "default" } });
    }
    if (first === "_bulk") return this.#bulk(body);
    if (first === "_resolve") return this.#resolve(third);
    if (first === "_index_template") {
      return this.#template(method, second ?? "", body);
    }
    if (first === "_security") return privileges(parse(body));
    if (first === "_data_stream") {
      this.streams.add(second ?? "");
      this.#index(second ?? "");
      return reply({ acknowledged: true });
    }
    if (second === undefined) return this.#create(first);
    const index = this.indices.get(first);
    if (index === undefined) return missing(first);
    return this.#onIndex(first, index, { verb: second, url, body });
  }

  #onIndex(
    name: string,
    index: Map<string, Stored>,
    { verb, url, body }: { verb: string; url: URL; body: string },
  ): Response {
    const { query, max_docs: max, _source: _fields, ...rest } = parse(body);
    const hits = () =>
      [...index].filter(([id, { visible }]) =>
        visible !== undefined && matches(query as Json, id, visible)
      ).slice(0, Number(max ?? Infinity));
    switch (verb) {
      case "_refresh":
        this.#refresh(index);
        return reply({});
      case "_count":
        return reply({ count: hits().length });
      case "_search":
        return reply({
          hits: {
            hits: hits().slice(0, Number(rest.size ?? 10)).map((
              [_id, { visible }],
            ) => ({ _index: name, _id, _source: visible })),
          },
        });
      case "_delete_by_query": {
        const found = hits();
        for (const [id] of found) index.delete(id);
        return byQuery("deleted", found.length, url);
      }
      case "_update_by_query": {
        const found = hits();
        const { params } = rest.script as { params: Json };
        for (const [, stored] of found) {
          stored.source = { ...stored.source, "@timestamp": params.now };
          stored.version++;
        }
        this.#refresh(index);
        return byQuery("updated", found.length, url);
      }
      case "_mapping":
        return reply({
          [name]: {
            mappings: {
              "threat.indicator.confidence": {
                mapping: { confidence: { type: this.confidenceType } },
              },
            },
          },
        });
      case "_rollover":
        this.rollovers++;
        this.confidenceType = "keyword";
        return reply({ acknowledged: true });
      default:
        return reply({ error: `no handler found for uri [${url}]` }, 400);
    }
  }

  #refresh(index: Map<string, Stored>): void {
    for (const stored of index.values()) stored.visible = stored.source;
  }

  #resolve(name: string): Response {
    const isStream = this.streams.has(name);
    const exists = this.indices.has(name) && !isStream;
    return reply({
      indices: exists ? [{ name }] : [],
      aliases: [],
      data_streams: isStream ? [{ name }] : [],
    });
  }

  #template(method: string, name: string, body: string): Response {
    if (method === "PUT") {
      this.templates.set(name, parse(body));
      return reply({ acknowledged: true });
    }
    const found = this.templates.get(name);
    return found === undefined
      ? reply({ error: { type: "resource_not_found_exception" } }, 404)
      : reply({ index_templates: [{ name, index_template: found }] });
  }

  #create(name: string): Response {
    if (this.indices.has(name)) {
      return reply({
        error: { type: "resource_already_exists_exception", reason: "exists" },
      }, 400);
    }
    this.#index(name);
    return reply({ acknowledged: true });
  }

  #bulk(body: string): Response {
    const lines = body.trimEnd().split("\n").map((line) => parse(line));
    const items: Json[] = [];
    for (let at = 0; at < lines.length; at++) {
      const [[action, meta]] = Object.entries(lines[at]!) as [
        [string, { _index: string; _id: string; version?: number }],
      ];
      const source = action === "delete" ? undefined : lines[++at];
      const result = this.itemFault(meta._id) ??
        this.#item(action, meta, source);
      items.push({ [action]: { _id: meta._id, ...result } });
    }
    return reply({ errors: true, items });
  }

  #item(
    action: string,
    meta: { _index: string; _id: string; version?: number },
    source: Json | undefined,
  ): Json {
    const index = this.indices.get(meta._index);
    if (index === undefined) {
      return failed(404, "index_not_found_exception", "no such index");
    }
    if (this.streams.has(meta._index) && action !== "create") {
      return failed(
        400,
        "illegal_argument_exception",
        "only write ops with an op_type of create are allowed in data streams",
      );
    }
    const stored = index.get(meta._id);
    const version = meta.version ?? (stored?.version ?? 0) + 1;
    if (
      stored !== undefined && (action === "create" || version < stored.version)
    ) {
      return failed(409, "version_conflict_engine_exception", "conflict");
    }
    const visible = stored?.visible;
    index.set(meta._id, { source: source ?? {}, version, visible });
    return { status: 201, result: "created" };
  }

  #kibana(method: string, url: URL, body: string): Response {
    if (url.pathname === "/api/status") {
      return Response.json({ version: { number: "8.19.2" } });
    }
    const path = url.pathname.replace("/s/soc", "");
    if (path === "/api/detection_engine/rules/_find") {
      const page = Number(url.searchParams.get("page"));
      const all = [...this.rules.values()];
      const data = all.slice((page - 1) * 100, page * 100);
      return Response.json({ page, perPage: 100, total: all.length, data });
    }
    if (path !== "/api/detection_engine/rules") {
      return Response.json({ statusCode: 404, message: "Not Found" }, {
        status: 404,
      });
    }
    const given = { ...Object.fromEntries(url.searchParams), ...parse(body) };
    return this.#rule(method, given);
  }

  #rule(method: string, given: Json): Response {
    const stored = [...this.rules.values()].find((rule) =>
      given.rule_id !== undefined
        ? rule.rule_id === given.rule_id
        : rule.id === given.id
    );
    if (method === "POST") {
      if (stored !== undefined) {
        return Response.json({ message: "already exists", status_code: 409 }, {
          status: 409,
        });
      }
      const id = `kibana-${++this.#ruleCount}`;
      this.rules.set(id, { ...given, id } as FakeRule);
      return Response.json({ ...given, id });
    }
    if (stored === undefined) {
      const message = `rule_id: "${given.rule_id}" not found`;
      return Response.json({ message, status_code: 404 }, { status: 404 });
    }
    if (method === "DELETE") this.rules.delete(stored.id);
    if (method === "PUT" && stored.type !== given.type) {
      return Response.json({ message: "type", status_code: 400 }, {
        status: 400,
      });
    }
    if (method === "PUT") {
      this.rules.set(stored.id, { ...given, id: stored.id } as FakeRule);
    }
    if (method === "PATCH") Object.assign(stored, given);
    return Response.json(stored);
  }
}

function reply(body: Json, status = 200): Response {
  return Response.json(body, {
    status,
    headers: { "x-elastic-product": "Elasticsearch" },
  });
}

function missing(name: string): Response {
  const error = { type: "index_not_found_exception", reason: name };
  return reply({ error }, 404);
}

function failed(status: number, type: string, reason: string): Json {
  return { status, error: { type, reason } };
}

function byQuery(verb: string, count: number, url: URL): Response {
  return url.searchParams.get("conflicts") === "proceed"
    ? reply({ [verb]: count, version_conflicts: 0, failures: [] })
    : reply({ error: { type: "conflict", reason: "conflicts" } }, 409);
}

function privileges(body: Json): Response {
  const grant = (names: unknown) =>
    Object.fromEntries((names as string[]).map((name) => [name, true]));
  const [index] = body.index as { names: string[]; privileges: string[] }[];
  return reply({
    has_all_requested: true,
    cluster: grant(body.cluster),
    index: { [index!.names[0]!]: grant(index!.privileges) },
  });
}

function parse(body: string): Json {
  return body === "" ? {} : JSON.parse(body);
}

/** The part of the query language that the target uses; others throw. */
function matches(query: Json, id: string, source: Json): boolean {
  const [[kind, rule]] = Object.entries(query) as [[string, Json]];
  switch (kind) {
    case "match_all":
      return true;
    case "ids":
      return (rule.values as string[]).includes(id);
    case "exists":
      return valueAt(source, `${rule.field}`) !== undefined;
    case "term": {
      const [[field, value]] = Object.entries(rule) as [[string, unknown]];
      return valueAt(source, field) === value;
    }
    case "range": {
      const [[field, limits]] = Object.entries(rule) as [[string, Json]];
      const value = valueAt(source, field);
      return value !== undefined &&
        Object.entries(limits).every(([sign, limit]) =>
          compare(sign, value as number, limit as number)
        );
    }
    case "bool": {
      const all = (name: string) => (rule[name] ?? []) as Json[];
      return all("filter").every((part) => matches(part, id, source)) &&
        !all("must_not").some((part) => matches(part, id, source)) &&
        (rule.should === undefined ||
          all("should").some((part) => matches(part, id, source)));
    }
    default:
      throw new Error(`unknown query ${kind}`);
  }
}

function compare(sign: string, value: number, limit: number): boolean {
  switch (sign) {
    case "lte":
      return value <= limit;
    case "lt":
      return value < limit;
    case "gt":
      return value > limit;
    default:
      throw new Error(`unknown sign ${sign}`);
  }
}

function valueAt(source: Json, path: string): unknown {
  let value: unknown = source;
  for (const name of path.split(".")) {
    value = isRecord(value) ? value[name] : undefined;
  }
  return value;
}
