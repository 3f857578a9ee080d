/** A platform, a MISP and the target between them, on one clock. */
import { assertEquals } from "@std/assert";
import { createHttpClient } from "../../../src/http/create_client.ts";
import type { HttpClient } from "../../../src/http/client.ts";
import { silentLog } from "../../../src/observability/log.ts";
import { PlatformClient } from "../../../src/opencti/client.ts";
import type { Position, StreamEvent } from "../../../src/opencti/event.ts";
import { readStream } from "../../../src/opencti/stream.ts";
import {
  type MispOptions,
  type SimulatedMisp,
  startMisp,
} from "../../../src/simulator/misp/mod.ts";
import {
  type OpenctiOptions,
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import {
  internalId,
  OCTI_EXTENSION,
  type StixObject,
} from "../../../src/stix/object.ts";
import { misp as definition } from "../../../src/targets/misp/mod.ts";
import type {
  ContentFilter,
  Outcome,
  Target,
} from "../../../src/targets/target.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { TestServices } from "../services.ts";
import { eventState } from "./far_side.ts";

/** When it begins. */
export const START = Date.parse("2026-03-02T09:15:00.000Z");

/** How a stage is set up. Everything has a default. */
export interface StageOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of the key: a default role of the host organisation, or a key. */
  readonly role?: keyof SimulatedMisp["keys"];
  readonly misp?: MispOptions;
  readonly opencti?: OpenctiOptions;
  readonly contents?: ContentFilter;
  /** File of the state. Default: in memory. */
  readonly state?: string;
}

/** One target between both sides; the stream is really read. */
export class Stage {
  readonly signal = new AbortController().signal;
  readonly opencti: SimulatedOpencti;
  readonly misp: SimulatedMisp;
  readonly services: TestServices;
  readonly platform: PlatformClient;
  target!: Target;
  readonly #http: HttpClient;
  readonly #options: StageOptions;
  readonly #clock: { now: number };
  readonly #ends: (() => Promise<void>)[] = [];
  #position: Position = { from: `${START - 1000}-0` };

  private constructor(
    parts: {
      opencti: SimulatedOpencti;
      misp: SimulatedMisp;
      services: TestServices;
      platform: PlatformClient;
      http: HttpClient;
      clock: { now: number };
    },
    options: StageOptions,
  ) {
    this.opencti = parts.opencti;
    this.misp = parts.misp;
    this.services = parts.services;
    this.platform = parts.platform;
    this.#http = parts.http;
    this.#clock = parts.clock;
    this.#options = options;
  }

  static async start(options: StageOptions = {}): Promise<Stage> {
    const clock = { now: START };
    const now = () => clock.now;
    const misp = await startMisp({ now, keepBodies: true, ...options.misp });
    const opencti = await startOpencti({
      now,
      heartbeatMs: 10,
      ...options.opencti,
    });
    const http = createHttpClient({
      url: opencti.url,
      headers: { authorization: `Bearer ${opencti.token}` },
    });
    const platform = new PlatformClient(http, {
      url: opencti.url,
      log: silentLog(),
    });
    const services = await TestServices.open(now, {
      platform,
      ...(options.state === undefined ? {} : { path: options.state }),
    });
    const stage = new Stage(
      { opencti, misp, services, platform, http, clock },
      options,
    );
    await stage.restart();
    return stage;
  }

  /** A new life of the program: only the state is remembered. */
  async restart(settings: Readonly<Record<string, unknown>> = {}) {
    this.target = this.beside(settings);
    await this.target.prepare(this.signal);
  }

  /** A target on the same state that was not prepared: as `verify` has it. */
  beside(settings: Readonly<Record<string, unknown>> = {}): Target {
    const { role = "syncUser", contents } = this.#options;
    const { misp } = this;
    const config = definition.config.parse({
      url: misp.url,
      api_key: misp.keys[role],
      ...this.#options.settings,
      ...settings,
    });
    return definition.create(config, {
      ...this.services.services,
      ...(contents === undefined ? {} : { contents }),
    });
  }

  get now(): number {
    return this.#clock.now;
  }

  /** Time passes on all clocks. */
  pass(ms: number): void {
    this.#clock.now += ms;
  }

  create(...objects: readonly StixObject[]): void {
    for (const object of objects) {
      this.pass(1000);
      this.opencti.platform.apply({ at: this.now, op: "create", object });
    }
  }

  /** Edits what is there: members over the present ones. */
  update(object: StixObject, members: Record<string, unknown>): void {
    this.pass(1000);
    const id = internalId(object);
    const row = this.opencti.platform.objects.get(id);
    this.opencti.platform.apply({
      at: this.now,
      op: "update",
      object: { ...row!.object, ...members } as StixObject,
    });
  }

  delete(object: StixObject): void {
    this.pass(1000);
    this.opencti.platform.apply({
      at: this.now,
      op: "delete",
      internalId: internalId(object),
    });
  }

  /** What the stream holds since the last call, one event per object. */
  async events(): Promise<StreamEvent[]> {
    // Heartbeats must be later than the last event for the end to be seen.
    this.pass(1000);
    const events = new Map<string, StreamEvent>();
    const items = readStream(
      {
        http: this.#http,
        streamId: this.opencti.streamId,
        listenDelete: true,
        noDependencies: true,
        withInferences: false,
        updatesAreUnsure: false,
        once: true,
        log: silentLog(),
        remember: () => {},
        platformNow: () => this.now,
        explainRefusal: () => Promise.resolve("refused"),
        backoff: { baseMs: 1, maxMs: 10 },
      },
      this.#position,
      this.signal,
    );
    for await (const item of items) {
      this.#position = item.resumeFrom;
      if (item.kind !== "event") continue;
      events.delete(item.event.internalId);
      events.set(item.event.internalId, item.event);
    }
    return [...events.values()];
  }

  /** Delivers what the stream holds, and the echoes, until it is quiet. */
  async sync(): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (;;) {
      const events = await this.events();
      if (events.length === 0) return outcomes;
      outcomes.push(...await this.target.deliver(events, this.signal));
      await this.services.services.state.flush();
    }
  }

  /** The same, every event settled. */
  async settle(): Promise<void> {
    const open = (await this.sync()).filter(({ status }) =>
      status === "retry" || status === "rejected"
    );
    assertEquals(open, []);
  }

  /** The container's event in MISP, without numbers and times. */
  event(container: StixObject) {
    const found = this.misp.event(internalId(container));
    return found && eventState(found);
  }

  /** Requests to MISP that change something, since the log was cleared. */
  writes(): string[] {
    return this.misp.requests.find("POST")
      .map(({ path }) => path)
      .filter((path) => !path.includes("/events/index"));
  }

  /** External references of a container, as the platform has them. */
  references(container: StixObject): unknown[] {
    const row = this.opencti.platform.objects.get(internalId(container));
    const list = row?.object.external_references;
    return Array.isArray(list) ? list : [];
  }

  /** How often a container was read. */
  resolves(): number {
    return this.opencti.requests.filter(({ body }) =>
      body?.includes("query ContainerPage") === true
    ).length;
  }

  /** Something to do once all of it is closed. */
  onEnd(work: () => Promise<void>): void {
    this.#ends.push(work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    await this.services.close();
    await Promise.all([this.misp.stop(), this.opencti.stop()]);
    for (const end of this.#ends) await end();
  }
}

/** A report that holds these. */
export function report(
  name: string,
  contents: readonly StixObject[],
  members: Record<string, unknown> = {},
): StixObject {
  return entity("report", "Report", name, {
    created: "2026-03-01T08:00:00.000Z",
    modified: "2026-03-02T08:00:00.000Z",
    confidence: 75,
    object_refs: contents.map(({ id }) => id),
    ...members,
  });
}

/** A file with hashes. */
export function file(name: string): StixObject {
  const hash = [...new TextEncoder().encode(name)].map((byte) =>
    byte.toString(16)
  ).join("").padStart(64, "0").slice(-64);
  return entity("file", "StixFile", name, {
    hashes: { "SHA-256": hash, MD5: hash.slice(-32) },
  });
}

/** An indicator of a domain. */
export function domain(
  name: string,
  members: Record<string, unknown> = {},
): StixObject {
  return indicator(name, {
    valid_from: "2026-03-01T00:00:00.000Z",
    ...members,
  });
}

/** Names of an indicator's or any object's labels, in its place. */
export function octi(object: StixObject): Record<string, unknown> {
  const extensions = object.extensions as Record<string, unknown>;
  return extensions[OCTI_EXTENSION] as Record<string, unknown>;
}
