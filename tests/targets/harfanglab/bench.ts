import { assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { foreignItems } from "../../../src/simulator/harfanglab/foreign.ts";
import {
  type HarfanglabOptions,
  type Item,
  type RuleKind,
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";
import { MITRE_EXTENSION, OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { harfanglab } from "../../../src/targets/harfanglab/mod.ts";
import type { Target } from "../../../src/targets/target.ts";
import { TestServices } from "../services.ts";
import { LIST } from "./far_side.ts";
import { wordOf } from "../outcome_word.ts";
import { streamEvent } from "../stream_event.ts";

/** 2026-03-02T10:00:00Z. */
export const START = Date.UTC(2026, 2, 2, 10);

/** A Sigma rule as rule repositories have it. */
export function sigma(id: string | undefined, image = "evil.exe"): string {
  return `title: Evil ${image}
${id === undefined ? "" : `id: ${id}\n`}logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\${image}'
    condition: selection
level: high
`;
}

/** A YARA file with these rules. */
export function yara(...names: string[]): string {
  return names.map((name) =>
    `rule ${name} {\n  strings: $a = "${name}"\n  condition: $a\n}\n`
  ).join("\n");
}

/** A simulated console, the target, and a clock that a test may move. */
export class Bench {
  readonly console: SimulatedHarfanglab;
  readonly services: TestServices;
  readonly signal = new AbortController().signal;
  readonly #settings: Record<string, unknown>;
  readonly #foreign: readonly Item[];
  readonly #clock: { now: number };
  target!: Target;
  #sequence = 0;

  private constructor(parts: {
    console: SimulatedHarfanglab;
    services: TestServices;
    settings: Record<string, unknown>;
    clock: { now: number };
  }) {
    this.console = parts.console;
    this.services = parts.services;
    this.#settings = parts.settings;
    this.#clock = parts.clock;
    this.#foreign = structuredClone(foreignItems(this.console.store));
    this.restart();
  }

  static async start(
    settings: Record<string, unknown> = {},
    options: HarfanglabOptions & { path?: string } = {},
  ): Promise<Bench> {
    const { path, ...rest } = options;
    const clock = { now: START };
    const now = () => clock.now;
    const console = await startHarfanglab({ now, keepBodies: true, ...rest });
    const services = await TestServices.open(
      now,
      path === undefined ? {} : { path },
    );
    return new Bench({ console, services, settings, clock });
  }

  /** A new life of the program; the state file is as it was. */
  restart(settings: Record<string, unknown> = {}): Target {
    this.target = harfanglab.create(
      harfanglab.config.parse({
        url: this.console.url,
        token: this.console.token,
        max_requests_per_second: 1000,
        remove_indicator: true,
        ...this.#settings,
        ...settings,
      }),
      this.services.services,
    );
    return this.target;
  }

  /** A new life whose state file was lost. */
  async forget(): Promise<Target> {
    const { state } = this.services.services;
    const keys = [];
    for (const prefix of ["i", "v", "o", "d", "g", "s"]) {
      for await (const { key } of state.list([prefix])) keys.push(key);
    }
    for (const key of keys) state.delete(key);
    return this.restart();
  }

  get now(): number {
    return this.#clock.now;
  }

  pass(ms: number): void {
    this.#clock.now += ms;
  }

  event(
    name: string,
    properties: Record<string, unknown> = {},
    rest: Partial<StreamEvent> = {},
  ): StreamEvent {
    const { score = 50, platforms = ["windows"], ...own } = properties;
    const object = {
      type: "indicator",
      id: `indicator--${name}`,
      name,
      description: `about ${name}`,
      pattern_type: "stix",
      pattern: `[domain-name:value = '${name}.test']`,
      extensions: {
        [OCTI_EXTENSION]: { id: name, type: "Indicator", score },
        [MITRE_EXTENSION]: { platforms },
      },
      ...own,
    };
    const sequence = ++this.#sequence;
    return streamEvent(name, object, { at: this.now, sequence, ...rest });
  }

  update(name: string, properties: Record<string, unknown> = {}): StreamEvent {
    return this.event(name, properties, { action: "update", cause: "changed" });
  }

  remove(name: string, properties: Record<string, unknown> = {}): StreamEvent {
    return this.event(name, properties, { action: "delete", cause: "deleted" });
  }

  /** A relationship between an indicator and an observable. */
  basedOn(
    name: string,
    indicator: string,
    [type, value]: readonly [type: string, value: string],
    rest: Partial<StreamEvent> = {},
  ): StreamEvent {
    return this.event(name, {
      type: "relationship",
      id: `relationship--${name}`,
      relationship_type: "based-on",
      source_ref: `indicator--${indicator}`,
      target_ref: "domain-name--x",
      extensions: {
        [OCTI_EXTENSION]: {
          id: name,
          type: "based-on",
          source_ref: indicator,
          source_type: "Indicator",
          target_ref: "x",
          target_type: type,
          target_value: value,
        },
      },
    }, rest);
  }

  prepare(): Promise<void> {
    return this.target.prepare(this.signal);
  }

  async deliver(...events: StreamEvent[]): Promise<string[]> {
    const outcomes = await this.target.deliver(events, this.signal);
    return outcomes.map(wordOf);
  }

  /** Every event delivered, one call. */
  async settle(...events: StreamEvent[]): Promise<void> {
    const words = await this.deliver(...events);
    assertEquals(words, events.map(() => "delivered"));
  }

  /** Rules of ours. */
  rules(kind: RuleKind = "IOCRule"): Item[] {
    return this.console.store.rulesOf(kind, LIST);
  }

  /** `type|value`, with ` off` behind it where it is disabled. */
  iocs(): string[] {
    return this.rules().map(({ type, value, enabled }) =>
      `${type}|${value}${enabled === true ? "" : " off"}`
    ).sort();
  }

  /** The one rule of this value. */
  ioc(value: string): Item {
    const found = this.rules().filter((rule) => rule.value === value);
    assertEquals(found.length, 1, value);
    return found[0]!;
  }

  /** Comment of the rule of a value. */
  comment(value: string): Record<string, unknown> {
    return JSON.parse(`${this.ioc(value).comment}`);
  }

  /** `POST IOCRule`, `PATCH SigmaRule`: writes since the last call. */
  writes(): string[] {
    const seen = this.console.requests.list.filter(({ method, path }) =>
      method !== "GET" && !path.includes("00000000-0000")
    ).map(({ method, path }) => `${method} ${path.split("/")[4]}`);
    this.console.requests.clear();
    return seen;
  }

  /** The body of the last request of a kind. */
  lastBody(method: string, path: string): Record<string, unknown> {
    return JSON.parse(
      `${this.console.requests.find(method, path).at(-1)?.body}`,
    );
  }

  async stop(): Promise<void> {
    await this.services.close();
    await this.console.stop();
  }

  /** What others made is as it was. */
  assertForeign(): void {
    assertEquals(foreignItems(this.console.store), this.#foreign);
  }
}

/** A test with a bench of its own, ready to deliver. */
export function scenario(
  name: string,
  run: (bench: Bench) => Promise<void>,
  { settings = {}, options = {}, prepared = true }: {
    settings?: Record<string, unknown>;
    options?: HarfanglabOptions;
    prepared?: boolean;
  } = {},
): void {
  Deno.test(`HarfanglabTarget ${name}`, async () => {
    const bench = await Bench.start(settings, options);
    try {
      if (prepared) await bench.prepare();
      bench.writes();
      await run(bench);
      bench.assertForeign();
    } finally {
      await bench.stop();
    }
  });
}
