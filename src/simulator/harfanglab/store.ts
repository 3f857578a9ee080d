/** What a console holds: source lists and their rules. */
import { type Body, invalid, refused, requiredText } from "./answer.ts";

/** The three kinds of rule, by the name of their collection. */
export const RULE_KINDS = ["IOCRule", "SigmaRule", "YaraFile"] as const;
/** `IOCRule`, `SigmaRule` or `YaraFile`. */
export type RuleKind = typeof RULE_KINDS[number];

/** A rule or a source list as the API shows it. */
export type Item = Body & { id: string };

/** How this console behaves; changes count at once. */
export interface HarfanglabSettings {
  token: string;
  /** True: the token may read alone. */
  readOnly: boolean;
  /** Whether a Sigma rule's `id` is that of its document. */
  sigmaIdMode: "same" | "separate";
  /** How `next` of a page names the following one. */
  nextMode: "relative" | "absolute";
  /** Newer releases: rules have `global_state`. */
  withGlobalState: boolean;
  /** Stores new rules as stable whatever is sent. */
  ignoreTestingOnCreate: boolean;
  /** The report on a new Sigma rule or YARA file is an empty list. */
  emptyReport: boolean;
  /** Hashes of 128 digits are refused. */
  refuseSha512: boolean;
  /** What the engine says against the content of a stored rule. */
  engineErrors: (content: string) => readonly string[];
}

/** Keeps everything in the order of its creation. */
export class HarfanglabStore {
  readonly settings: HarfanglabSettings;
  readonly sources: Record<RuleKind, Map<string, Item>>;
  readonly rules: Record<RuleKind, Map<string, Item>>;
  /** Ids of Sigma rules that a correlation uses: not to be deleted. */
  readonly linked = new Set<string>();
  readonly #now: () => number;

  constructor(settings: HarfanglabSettings, now: () => number) {
    this.settings = settings;
    this.#now = now;
    const empty = () => ({
      IOCRule: new Map<string, Item>(),
      SigmaRule: new Map<string, Item>(),
      YaraFile: new Map<string, Item>(),
    });
    this.sources = empty();
    this.rules = empty();
  }

  /** The moment, as the API writes it. */
  timestamp(): string {
    return new Date(this.#now()).toISOString();
  }

  /** `POST …Source/` */
  addSource(kind: RuleKind, body: Body): Item {
    const name = requiredText(body, "name", 100);
    for (const source of this.sources[kind].values()) {
      if (source.name !== name) continue;
      throw invalid("name", "source with this name already exists.");
    }
    const source: Item = {
      id: crypto.randomUUID(),
      name,
      description: body.description ?? "",
      enabled: body.enabled ?? true,
      creation_date: this.timestamp(),
      last_update: this.timestamp(),
    };
    this.sources[kind].set(source.id, source);
    return source;
  }

  /** As a person does it in the console: its rules go with it. */
  deleteSource(kind: RuleKind, id: string): void {
    this.sources[kind].delete(id);
    for (const [ruleId, rule] of this.rules[kind]) {
      if (rule.source_id === id) this.rules[kind].delete(ruleId);
    }
  }

  /** The list that a new rule names. */
  sourceOf(kind: RuleKind, body: Body): Item {
    const id = body.source_id;
    const source = this.sources[kind].get(`${id}`);
    if (source !== undefined) return source;
    throw invalid(
      "source_id",
      `Invalid pk "${id}" - object does not exist.`,
    );
  }

  /** A rule by its id. */
  rule(kind: RuleKind, id: string): Item {
    const rule = this.rules[kind].get(id);
    if (rule === undefined) throw refused(404, "Not found.");
    return rule;
  }

  /** Rules of a list, by the list's name. */
  rulesOf(kind: RuleKind, sourceName: string): Item[] {
    const ids = new Set(
      [...this.sources[kind].values()]
        .filter(({ name }) => name === sourceName).map(({ id }) => id),
    );
    return [...this.rules[kind].values()].filter((rule) =>
      ids.has(`${rule.source_id}`)
    );
  }

  /** Fields that every new rule has. */
  newRule(source: Item, body: Body): Body {
    const { settings } = this;
    return {
      source_id: source.id,
      source: source.id,
      description: body.description ?? "",
      enabled: body.enabled ?? true,
      hl_status: settings.ignoreTestingOnCreate
        ? "stable"
        : body.hl_status ?? "testing",
      block_on_agent: body.block_on_agent ?? false,
      quarantine_on_agent: body.quarantine_on_agent ?? false,
      endpoint_detection: false,
      silent: false,
      references: body.references ?? [],
      rule_level: null,
      rule_level_override: body.rule_level_override ?? null,
      rule_confidence_override: body.rule_confidence_override ?? null,
      ...(settings.withGlobalState ? { global_state: "alert" } : {}),
      alert_count: 0,
      creation_date: this.timestamp(),
      last_update: this.timestamp(),
      last_modifier: { id: 3, username: "opencti" },
    };
  }

  /** Keeps `enabled`, `global_state` and the agent's flags in agreement. */
  settle(rule: Body, written: Body): void {
    if (!this.settings.withGlobalState) {
      delete rule.global_state;
      return;
    }
    if (typeof written.global_state === "string") {
      const state = written.global_state;
      rule.global_state = state === "backend_alert" ? "alert" : state;
      rule.enabled = state !== "disabled";
      rule.block_on_agent = state === "block" || state === "quarantine";
      rule.quarantine_on_agent = state === "quarantine";
      return;
    }
    if (rule.enabled !== true) rule.global_state = "disabled";
    else if (rule.quarantine_on_agent === true) {
      rule.global_state = "quarantine";
    } else if (rule.block_on_agent === true) rule.global_state = "block";
    else rule.global_state = "alert";
  }
}
