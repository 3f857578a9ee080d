/** Keeps Kibana's detection rules in line with OpenCTI's indicators. */
import { TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { KibanaClient, StoredRule } from "./client.ts";
import type { RuleStep } from "./mapping.ts";
import {
  type DetectionRule,
  repeatsAlerts,
  RULE_ID_PREFIX,
  ruleIdOf,
} from "./rule.ts";

/** What is known of an indicator's rules. */
interface KnownRule {
  /** Type of our rule; absent: there is none. */
  type?: string | undefined;
  enabled: boolean;
  /** When its indicator expires, as of the last write by this process. */
  expiresAt?: number | undefined;
  /** Rules of the former Python connector: Kibana's id, and whether it is on. */
  readonly former: Map<string, boolean>;
}

/**
 * Knows which rules exist, learnt once from Kibana, so that the many
 * indicators without a rule cost no call. Steps for one indicator never
 * overlap; a step that fails may simply be repeated.
 */
export class RuleKeeper {
  readonly #client: KibanaClient;
  readonly #log: Log;
  readonly #known = new Map<string, KnownRule>();
  /** End of the last step of each indicator that has one under way. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(client: KibanaClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** Number of indicators that have a rule. */
  get size(): number {
    return this.#known.size;
  }

  /** Reads the rules that are there: ours and the former connector's. */
  async learn(signal: AbortSignal): Promise<void> {
    this.#known.clear();
    for await (const rule of this.#client.findRules(signal)) {
      this.#remember(rule);
    }
  }

  /** Looks at an indicator's rule again: somebody may have changed it. */
  relearn(platformId: string, signal: AbortSignal): Promise<void> {
    return this.#inTurn(platformId, async () => {
      const name = { rule_id: ruleIdOf(platformId) };
      const stored = await this.#client.readRule(name, signal);
      if (stored !== undefined) return this.#remember(stored);
      const known = this.#known.get(platformId);
      if (known === undefined) return;
      known.type = undefined;
      known.enabled = false;
      if (known.former.size === 0) this.#known.delete(platformId);
    });
  }

  /**
   * Takes one step for an indicator.
   *
   * @returns Whether Kibana was changed.
   */
  apply(
    platformId: string,
    step: RuleStep,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#inTurn(platformId, () => {
      switch (step.do) {
        case "write":
          return this.#write(platformId, step, signal);
        case "disable":
          return this.#disable(platformId, signal);
        case "remove":
          return this.#remove(platformId, signal);
        case "drop":
          return this.#known.has(platformId)
            ? this.#remove(platformId, signal)
            : Promise.resolve(false);
      }
    });
  }

  /**
   * Switches off the rule of an indicator that has expired, unless it was
   * written again meanwhile with a later date.
   */
  expire(
    platformId: string,
    now: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#inTurn(platformId, () => {
      const until = this.#known.get(platformId)?.expiresAt;
      return until !== undefined && until > now
        ? Promise.resolve(false)
        : this.#disable(platformId, signal);
    });
  }

  #remember(rule: StoredRule): void {
    const isOurs = rule.ruleId.startsWith(RULE_ID_PREFIX);
    const platformId = isOurs
      ? rule.ruleId.slice(RULE_ID_PREFIX.length)
      : rule.openctiId;
    // Somebody's own rule that carries the tag: not ours to touch.
    if (platformId === undefined) return;
    const known = this.#entry(platformId);
    if (!isOurs) {
      known.former.set(rule.id, rule.enabled);
      return;
    }
    known.type = rule.type;
    known.enabled = rule.enabled;
  }

  #entry(platformId: string): KnownRule {
    const known = this.#known.get(platformId) ??
      { enabled: false, former: new Map<string, boolean>() };
    this.#known.set(platformId, known);
    return known;
  }

  async #write(
    platformId: string,
    { rule, expiresAt }: Extract<RuleStep, { do: "write" }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const known = this.#known.get(platformId);
    await this.#upsert(rule, known?.type, signal);
    const entry = this.#entry(platformId);
    entry.type = rule.type;
    entry.enabled = rule.enabled;
    entry.expiresAt = expiresAt;
    await this.#removeFormer(entry, signal);
    if (repeatsAlerts(rule)) {
      this.#log.warn(
        "an ES|QL rule may repeat its alerts: its query lacks METADATA _id, " +
          "_index, _version",
        { rule: rule.rule_id },
      );
    }
    return true;
  }

  /** Kibana keeps the type of a rule for good: another type is another rule. */
  async #upsert(
    rule: DetectionRule,
    type: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const client = this.#client;
    if (type === rule.type && await client.updateRule(rule, signal)) return;
    if (type !== undefined && type !== rule.type) {
      await client.deleteRule({ rule_id: rule.rule_id }, signal);
    }
    if (await client.createRule(rule, signal)) return;
    // It exists although it was not listed: an earlier answer was lost, or
    // somebody took the tag away.
    const name = { rule_id: rule.rule_id };
    const stored = await client.readRule(name, signal);
    if (stored?.type === rule.type) {
      if (await client.updateRule(rule, signal)) return;
    } else {
      await client.deleteRule({ rule_id: rule.rule_id }, signal);
      if (await client.createRule(rule, signal)) return;
    }
    throw new TransientError(
      `Somebody else is changing the rule "${rule.rule_id}" in Kibana`,
    );
  }

  async #disable(platformId: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#known.get(platformId);
    if (known === undefined) return false;
    let changed = false;
    for (const [id, isOn] of known.former) {
      if (!isOn) continue;
      await this.#client.disableRule({ id }, signal);
      known.former.set(id, false);
      changed = true;
    }
    if (!known.enabled) return changed;
    await this.#client.disableRule({ rule_id: ruleIdOf(platformId) }, signal);
    known.enabled = false;
    return true;
  }

  async #remove(platformId: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#known.get(platformId);
    await this.#client.deleteRule({ rule_id: ruleIdOf(platformId) }, signal);
    if (known !== undefined) await this.#removeFormer(known, signal);
    this.#known.delete(platformId);
    return true;
  }

  async #removeFormer(known: KnownRule, signal: AbortSignal): Promise<void> {
    for (const id of known.former.keys()) {
      await this.#client.deleteRule({ id }, signal);
      known.former.delete(id);
    }
  }

  /** Runs after the indicator's step before it, whatever became of that. */
  #inTurn<Result>(
    platformId: string,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const before = this.#turns.get(platformId) ?? Promise.resolve();
    const turn = before.then(run, run);
    this.#turns.set(platformId, turn);
    const leave = () => {
      if (this.#turns.get(platformId) === turn) this.#turns.delete(platformId);
    };
    turn.then(leave, leave);
    return turn;
  }
}
