import type { JsonObject } from "./json.ts";
import { checkPatch, checkRule, ruleDefaults } from "./rule_schema.ts";

/** A rule as Kibana answers it. */
export type Rule = JsonObject & { id: string; rule_id: string; type: string };

/** How a rule is named. */
export interface RuleName {
  readonly id?: string | undefined;
  readonly rule_id?: string | undefined;
}

/** An error of a rule route: `{message, status_code}`. */
export class RuleError extends Error {
  override name = "RuleError";
  /** Where Kibana gives a list of messages. */
  readonly list: readonly string[] | undefined;

  constructor(readonly status: number, message: string | readonly string[]) {
    super(typeof message === "string" ? message : message.join(", "));
    this.list = typeof message === "string" ? undefined : message;
  }
}

/** A body that the route's schema refuses: `[request body]: ...`. */
export class BodyError extends Error {
  override name = "BodyError";
}

/** The detection rules of one space. */
export class RuleStore {
  readonly #rules = new Map<string, Rule>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** All rules, oldest first. */
  all(): Rule[] {
    return [...this.#rules.values()];
  }

  /**
   * @throws {RuleError} 400 for both or neither name, 404 for an unknown one.
   */
  get(name: RuleName): Rule {
    checkName(name);
    const rule = this.find(name);
    if (rule !== undefined) return rule;
    throw new RuleError(
      404,
      name.id === undefined
        ? `rule_id: "${name.rule_id}" not found`
        : `id: "${name.id}" not found`,
    );
  }

  /** The rule of this name, if there is one. */
  find({ id, rule_id: ruleId }: RuleName): Rule | undefined {
    if (id !== undefined) return this.#rules.get(id);
    return this.all().find((rule) => rule.rule_id === ruleId);
  }

  /**
   * Creates a rule.
   *
   * @throws {BodyError} The body is not a rule.
   * @throws {RuleError} 409 if the `rule_id` is taken, 400 for clashing fields.
   */
  create(body: unknown, user: string): Rule {
    const given = valid(body);
    checkDependents(given);
    const ruleId = given.rule_id;
    if (ruleId !== undefined && this.find({ rule_id: String(ruleId) })) {
      throw new RuleError(409, `rule_id: "${ruleId}" already exists`);
    }
    const at = new Date(this.#now()).toISOString();
    const rule: Rule = {
      ...ruleDefaults(String(given.type)),
      ...given,
      type: String(given.type),
      id: crypto.randomUUID(),
      rule_id: String(ruleId ?? crypto.randomUUID()),
      immutable: false,
      rule_source: { type: "internal" },
      revision: 0,
      created_at: at,
      created_by: user,
      updated_at: at,
      updated_by: user,
    };
    this.#rules.set(rule.id, rule);
    return rule;
  }

  /**
   * Replaces a rule: what the body leaves out goes back to its default.
   *
   * @throws {BodyError} The body is not a rule.
   * @throws {RuleError} 404 if there is no such rule, 400 for both or neither
   * name and for another type than the rule has.
   */
  replace(body: unknown, user: string): Rule {
    const given = valid(body);
    const before = this.get(nameOf(given));
    checkDependents(given);
    if (given.type !== before.type) throw otherType(before.type);
    const { id, rule_id: ruleId } = before;
    return this.#save(before, {
      ...ruleDefaults(before.type),
      version: before.version,
      ...given,
      id,
      rule_id: ruleId,
    }, user);
  }

  /** Changes fields of a rule. @throws As `replace()`. */
  patch(body: unknown, user: string): Rule {
    const named = body as JsonObject | null;
    const before = this.find(nameOf(named ?? {}));
    const refused = checkPatch(body, before?.type ?? "query");
    if (refused !== undefined && before !== undefined) {
      throw new BodyError(refused.problem);
    }
    const found = this.get(nameOf(named ?? {}));
    const { id: _id, rule_id: _ruleId, ...changes } = named ?? {};
    return this.#save(found, { ...found, ...changes }, user);
  }

  #save(before: Rule, content: JsonObject, user: string): Rule {
    const rule: Rule = {
      ...content,
      id: before.id,
      rule_id: before.rule_id,
      type: before.type,
      immutable: false,
      rule_source: { type: "internal" },
      revision: before.revision,
      created_at: before.created_at,
      created_by: before.created_by,
      updated_at: new Date(this.#now()).toISOString(),
      updated_by: user,
    };
    // [Kibana] Switching a rule on or off is no revision.
    if (contentOf(rule) !== contentOf(before)) {
      rule.revision = Number(before.revision) + 1;
    }
    this.#rules.set(rule.id, rule);
    return rule;
  }

  /** Removes a rule and gives it back. @throws {RuleError} 404, 400. */
  delete(name: RuleName): Rule {
    const rule = this.get(name);
    this.#rules.delete(rule.id);
    return rule;
  }
}

function nameOf(body: JsonObject): RuleName {
  return {
    id: body.id === undefined ? undefined : String(body.id),
    rule_id: body.rule_id === undefined ? undefined : String(body.rule_id),
  };
}

function checkName({ id, rule_id: ruleId }: RuleName): void {
  if (id !== undefined && ruleId !== undefined) {
    throw new RuleError(400, [
      'both "id" and "rule_id" cannot exist, choose one or the other',
    ]);
  }
  if (id === undefined && ruleId === undefined) {
    throw new RuleError(400, ['either "id" or "rule_id" must be set']);
  }
}

function valid(body: unknown): JsonObject {
  const refused = checkRule(body);
  if (refused !== undefined) throw new BodyError(refused.problem);
  return body as JsonObject;
}

/** Rules between fields, which Kibana checks after the schema. */
function checkDependents(rule: JsonObject): void {
  const problems: string[] = [];
  if (rule.timeline_id !== undefined && rule.timeline_title === undefined) {
    problems.push(
      'when "timeline_id" exists, "timeline_title" must also exist',
    );
  }
  if (rule.timeline_title !== undefined && rule.timeline_id === undefined) {
    problems.push(
      'when "timeline_title" exists, "timeline_id" must also exist',
    );
  }
  if (rule.index !== undefined && rule.data_view_id !== undefined) {
    problems.push('only one of "index" and "data_view_id" can be set');
  }
  if (problems.length > 0) throw new RuleError(400, problems);
}

function otherType(type: string): RuleError {
  return new RuleError(
    400,
    `params invalid: type: Invalid literal value, expected "${type}"`,
  );
}

const VOLATILE: ReadonlySet<string> = new Set([
  "enabled",
  "revision",
  "updated_at",
  "updated_by",
]);

function contentOf(rule: Rule): string {
  const kept = Object.entries(rule).filter(([key]) => !VOLATILE.has(key));
  return JSON.stringify(kept.sort(([one], [two]) => one < two ? -1 : 1));
}
