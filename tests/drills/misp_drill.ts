/** Drills at MISP: some reports, their events, and an analyst of MISP. */
import { assertEquals } from "@std/assert";
import type { StixObject } from "../../src/stix/object.ts";
import { internalId } from "../../src/stix/object.ts";
import { entity, indicator } from "../simulator/opencti/objects.ts";
import { type MispWorld, startMispWorld } from "../soak/misp_world.ts";
import { NOW } from "../soak/recording.ts";
import { type Environment, until } from "../soak/world.ts";
import { catchUp } from "./drill.ts";
import { eventState } from "../targets/misp/far_side.ts";

/** Reports that a drill begins with, each with two indicators. */
export const COUNT = 4;

/**
 * Runs until the stream holds nothing more: the links to MISP that a run makes
 * are events of their own, and what waits in the stream is no drift.
 */
export async function inStep(
  world: Pick<MispWorld, "env">,
  env: Environment = world.env,
): Promise<void> {
  await catchUp(world, env);
  await catchUp(world, env);
}

/** A platform with some reports, and an empty MISP. */
export class MispDrill {
  readonly world: MispWorld;
  readonly reports: readonly StixObject[];
  readonly #clock: { now: number };
  #changes = 0;

  private constructor(world: MispWorld, clock: { now: number }) {
    this.world = world;
    this.#clock = clock;
    this.reports = Array.from(
      { length: COUNT },
      (_none, at) => this.create(`Report ${at}`),
    );
  }

  static async start(): Promise<MispDrill> {
    const clock = { now: NOW };
    const now = () => clock.now;
    return new MispDrill(await startMispWorld("nothing", { now }), clock);
  }

  get env(): Readonly<Record<string, string>> {
    return this.world.env;
  }

  /** A new report that holds two indicators, one of them its own. */
  create(name: string): StixObject {
    const hosts = ["shared.example.net", `${name.replace(" ", "-")}.example`]
      .map((host) =>
        indicator(host.toLowerCase(), {
          valid_from: "2026-03-01T00:00:00.000Z",
        })
      );
    const report = entity("report", "Report", name, {
      created: "2026-03-01T08:00:00.000Z",
      modified: "2026-03-02T08:00:00.000Z",
      object_refs: hosts.map(({ id }) => id),
    });
    const { objects } = this.world.opencti.platform;
    for (const object of [...hosts, report]) {
      if (objects.get(internalId(object)) !== undefined) continue;
      this.#apply({ op: "create", object });
    }
    return report;
  }

  rename(report: StixObject, name: string): void {
    const row = this.world.opencti.platform.objects.get(internalId(report));
    this.#apply({
      op: "update",
      object: { ...row?.object, name } as StixObject,
    });
  }

  remove(report: StixObject): void {
    this.#apply({ op: "delete", internalId: internalId(report) });
  }

  #apply(
    change:
      | { op: "create" | "update"; object: StixObject }
      | { op: "delete"; internalId: string },
  ): void {
    // A time of its own for each change.
    const at = NOW - 30_000 + ++this.#changes;
    this.world.opencti.platform.apply({ at, ...change });
  }

  /** The report's event, without numbers and times. */
  event(report: StixObject) {
    const found = this.world.misp.event(internalId(report));
    return found && eventState(found);
  }

  /** Texts of the events, sorted. */
  names(): string[] {
    return this.world.misp.events().map(({ info }) => `${info}`).sort();
  }

  /** Waits until there are so many events, and each is linked. */
  async untilHeld(count: number): Promise<void> {
    const { misp, opencti } = this.world;
    await until(() => {
      const ids = misp.events().map(({ uuid }) => `${uuid}`);
      return ids.length === count && ids.every((id) => {
        const row = opencti.platform.objects.get(id);
        const list = row?.object.external_references;
        return Array.isArray(list) &&
          list.some(({ external_id }) => external_id === id);
      });
    });
  }

  /** What an analyst does in MISP, some seconds later. */
  async analyst(path: string, body: unknown = {}): Promise<void> {
    this.#clock.now += 5_000;
    const { keys, url } = this.world.misp;
    const answer = await fetch(`${url}/${path}`, {
      method: "POST",
      headers: {
        authorization: keys.admin,
        accept: "application/json",
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    assertEquals(answer.status, 200, await answer.text());
    this.#clock.now += 5_000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}
