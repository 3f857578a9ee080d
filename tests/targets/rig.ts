import { assertEquals } from "@std/assert";
import { TransientError } from "../../src/errors.ts";
import type { StreamEvent } from "../../src/opencti/event.ts";
import type { Outcome, Target } from "../../src/targets/target.ts";
import type { FarSide, SetUp } from "./far_sides.ts";
import { Gate } from "./gate.ts";
import { NOW } from "./sample_events.ts";
import { TestServices } from "./services.ts";

/** A target before its far side, with gates in between. */
export class Rig {
  readonly signal = new AbortController().signal;
  readonly far: FarSide;
  readonly services: TestServices;
  readonly gates: readonly Gate[];
  readonly #setUp: SetUp;
  target: Target;

  private constructor(setUp: SetUp, far: FarSide, services: TestServices) {
    this.#setUp = setUp;
    this.far = far;
    this.services = services;
    this.gates = Object.values(far.servers).map((url) => new Gate(url));
    this.target = this.restart();
  }

  static async start(setUp: SetUp): Promise<Rig> {
    const now = () => NOW;
    const far = await setUp.start(now);
    return new Rig(
      setUp,
      far,
      await TestServices.open(now, { platform: far.platform }),
    );
  }

  /** A new life of the program: nothing is remembered but the state file. */
  restart(): Target {
    const { definition } = this.#setUp;
    const servers = Object.keys(this.far.servers).map((setting, at) => [
      setting,
      this.gates[at]?.url,
    ]);
    const config = definition.config.parse({
      ...this.far.settings,
      ...Object.fromEntries(servers),
    });
    this.target = definition.create(config, this.services.services);
    return this.target;
  }

  deliver(events: readonly StreamEvent[]): Promise<Outcome[]> {
    return this.target.deliver(events, this.signal);
  }

  /** Every event delivered or skipped, as the pipeline would have it. */
  async settle(events: readonly StreamEvent[], tries = 1): Promise<void> {
    let open = events;
    for (let left = tries; open.length > 0 && left > 0; left--) {
      const outcomes = await this.attempt(open);
      assertEquals(outcomes.length, open.length);
      open = open.filter((_event, at) => !isSettled(outcomes[at]));
      if (left === 1) {
        assertEquals(outcomes.filter((one) => !isSettled(one)), []);
      }
    }
  }

  /** Outcomes; a call that failed whole is that many to be tried again. */
  async attempt(events: readonly StreamEvent[]): Promise<Outcome[]> {
    try {
      return await this.deliver(events);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const { message: reason, retryAfterMs: afterMs } = error;
      return events.map(() => ({ status: "retry", reason, afterMs }));
    }
  }

  async stop(): Promise<void> {
    await this.services.close();
    for (const gate of this.gates) gate.shut();
    await this.far.stop();
  }
}

/** Nothing is left to do for its event. */
export function isSettled(outcome: Outcome | undefined): boolean {
  return outcome?.status === "delivered" || outcome?.status === "skipped";
}
