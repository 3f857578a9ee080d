/** Kibana's detection rules API, version 2023-10-31, one method per call. */
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../errors.ts";
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
} from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";
import type { DetectionRule } from "./rule.ts";

const RULES = "/api/detection_engine/rules";
const PAGE_SIZE = 100;
/** No rule of ours: theirs end in the platform's id of an indicator. */
const PROBE_RULE_ID = "opencti-relay-rights-probe";

/** Headers that every Kibana request carries beside the login. */
export const KIBANA_HEADERS: Readonly<Record<string, string>> = {
  "kbn-xsrf": "true",
  "elastic-api-version": "2023-10-31",
};

/** How a rule is named in a request: by our id, or by Kibana's. */
export type RuleName = { readonly rule_id: string } | { readonly id: string };

/** A rule as Kibana lists it. */
export interface StoredRule {
  /** Kibana's own id. */
  readonly id: string;
  readonly ruleId: string;
  readonly type: string;
  readonly enabled: boolean;
  /** `meta.opencti_id`: what the former Python connector left. */
  readonly openctiId: string | undefined;
  /** All of it, as Kibana gave it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * One space of one Kibana.
 *
 * Every method throws `TransientError` where Kibana cannot be reached,
 * `LoginError` where it refuses the key (401) or its rights (403),
 * `RejectedError` where it refuses the rule (400), and `ConfigError` where the
 * address leads to something else.
 */
export class KibanaClient {
  readonly #http: HttpClient;
  readonly #space: string;

  constructor(http: HttpClient, space: string) {
    this.#http = http;
    this.#space = space === "default" ? "" : `/s/${encodeURIComponent(space)}`;
  }

  /** `GET /api/status`: the version. */
  async readVersion(signal: AbortSignal): Promise<string> {
    const answer = await this.#send({ path: "/api/status", signal }, []);
    const { version } = bodyOf(answer);
    return (isRecord(version) ? text(version.number) : text(version)) ??
      "unknown";
  }

  /** `GET R/_find`: the rules with the tag `opencti`, page by page. */
  async *findRules(signal: AbortSignal): AsyncGenerator<StoredRule> {
    for (let page = 1;; page++) {
      const answer = await this.#send({
        path: `${this.#space}${RULES}/_find`,
        query: {
          filter: 'alert.attributes.tags: "opencti"',
          page,
          per_page: PAGE_SIZE,
        },
        signal,
      }, []);
      const { data, total } = bodyOf(answer);
      const rules = Array.isArray(data) ? data.filter(isRecord) : [];
      yield* rules.map(toStoredRule);
      if (rules.length === 0 || page * PAGE_SIZE >= Number(total)) return;
    }
  }

  /** `GET R?rule_id=`, or by Kibana's id: nothing where it is absent. */
  async readRule(
    name: RuleName,
    signal: AbortSignal,
  ): Promise<StoredRule | undefined> {
    const answer = await this.#send({
      path: `${this.#space}${RULES}`,
      query: { ...name },
      signal,
    }, [404]);
    return answer.status === 404 ? undefined : toStoredRule(bodyOf(answer));
  }

  /** `POST R`. False where a rule of this id exists. */
  async createRule(rule: DetectionRule, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#sendBody("POST", rule, [409], signal);
    return answer.status !== 409;
  }

  /** `PUT R`: replaces the whole rule. False where it is absent. */
  async updateRule(rule: DetectionRule, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#sendBody("PUT", rule, [404], signal);
    return answer.status !== 404;
  }

  /** `PATCH R`: switches a rule off. False where it is absent. */
  async disableRule(name: RuleName, signal: AbortSignal): Promise<boolean> {
    const body = { ...name, enabled: false };
    const answer = await this.#sendBody("PATCH", body, [404], signal);
    return answer.status !== 404;
  }

  /** `DELETE R`. An absent rule is as good as deleted. */
  async deleteRule(name: RuleName, signal: AbortSignal): Promise<void> {
    await this.#send({
      method: "DELETE",
      path: `${this.#space}${RULES}`,
      query: { ...name },
      signal,
    }, [404]);
  }

  /**
   * Proves that rules may be changed, by deleting one that nobody has: reading
   * them takes a lesser right.
   */
  async proveRights(signal: AbortSignal): Promise<void> {
    await this.deleteRule({ rule_id: PROBE_RULE_ID }, signal);
  }

  #sendBody(
    method: "POST" | "PUT" | "PATCH",
    body: unknown,
    meant: readonly number[],
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    return this.#send({
      method,
      path: `${this.#space}${RULES}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal,
    }, meant);
  }

  /** @param meant Statuses that say something of the rule: absent, or there. */
  async #send(
    request: HttpRequest,
    meant: readonly number[],
  ): Promise<HttpResponse> {
    const answer = await this.#http.request({
      ...request,
      expect: [400, 401, 403, 404, 409],
    });
    assertKibana(answer);
    if (meant.includes(answer.status)) return answer;
    switch (answer.status) {
      case 400:
        throw new RejectedError(
          `Kibana refuses the rule: ${messageOf(answer)}`,
          { status: 400 },
        );
      case 401:
        throw new LoginError(
          'Kibana refuses the login in "api_key": create an API key and set ' +
            `its encoded form (${messageOf(answer)})`,
          { status: 401 },
        );
      case 403:
        throw new LoginError(
          'The key in "api_key" may not manage detection rules: grant all ' +
            "rights on Security rules in the Kibana space, or set " +
            `create_rules to false (${messageOf(answer)})`,
          { status: 403 },
        );
      case 404:
        throw noRulesHere(answer);
      case 409:
        // Two changes of one rule met: the later one has to be sent again.
        throw new TransientError(
          `Kibana is changing the same rule: ${messageOf(answer)}`,
          { status: 409 },
        );
    }
    return answer;
  }
}

/**
 * Elasticsearch in Kibana's place answers 400 to every path; a wrong base
 * path, space or licence gives a 404 that names no rule.
 */
function assertKibana(answer: HttpResponse): void {
  const { status, headers } = answer;
  if (
    headers.has("x-elastic-product") ||
    (status >= 400 && answer.text.includes("no handler found for uri"))
  ) {
    throw new ConfigError(
      'The server that "kibana_url" names is Elasticsearch, not Kibana: set ' +
        'the address of Kibana in "kibana_url", or set create_rules to false',
    );
  }
  if (status === 404 && messageOf(answer) === "Not Found") {
    throw noRulesHere(answer);
  }
}

function noRulesHere(answer: HttpResponse): ConfigError {
  return new ConfigError(
    'Kibana knows no detection rules at the address in "kibana_url": check ' +
      'its base path and "kibana_space", and that Security is enabled there ' +
      `(${messageOf(answer)})`,
  );
}

/** Text of an error, from either of Kibana's two forms. */
function messageOf(answer: HttpResponse): string {
  const { message } = bodyOf(answer);
  const found = Array.isArray(message) ? message.join("; ") : text(message);
  return (found ?? answer.text).slice(0, 500);
}

function bodyOf(answer: HttpResponse): Record<string, unknown> {
  if (answer.status >= 200 && answer.status <= 299) {
    const body = answer.json();
    return isRecord(body) ? body : {};
  }
  try {
    const body: unknown = JSON.parse(answer.text);
    return isRecord(body) ? body : {};
  } catch {
    // Refusals may be plain text.
    return {};
  }
}

function toStoredRule(rule: Record<string, unknown>): StoredRule {
  const meta = isRecord(rule.meta) ? rule.meta : {};
  return {
    id: `${rule.id}`,
    ruleId: `${rule.rule_id}`,
    type: `${rule.type}`,
    enabled: rule.enabled === true,
    openctiId: text(meta.opencti_id),
    body: rule,
  };
}
