import { RejectedError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { MispClient } from "./client.ts";
import { unblock } from "./delete.ts";
import { diffEvents, ownMarks } from "./diff.ts";
import { isEmpty } from "./event_diff.ts";
import { type LiveEvent, NO_EVENT } from "./live_event.ts";
import type { MispEvent } from "./misp_event.ts";
import { PartSender } from "./part_sender.ts";
import { creationHead, elementsOf } from "./patch.ts";
import { MispRefusal, type RefusalKind } from "./refusal.ts";
import { maySetCreator, type MispUser, needsLock } from "./role.ts";

/** What an event is written with. */
export interface WriteOptions {
  /** Absent where it is not known: MISP decides. */
  readonly user: MispUser | undefined;
  readonly known: ReadonlySet<string>;
  /** See `DiffOptions`. */
  readonly salt: string;
  /** False: the event is somebody else's; only elements are added. */
  readonly fields: boolean;
  /**
   * True: what sending did not mend before is sent once more, and an event
   * that is on the blocklist is taken off it.
   */
  readonly resend: boolean;
  readonly signal: AbortSignal;
}

/** The event once it is as wanted, as far as MISP takes it. */
export interface WrittenEvent {
  readonly live: LiveEvent;
  readonly change: "none" | "created" | "updated";
  /** What to know of it at the next comparison. */
  readonly marks: ReadonlySet<string>;
}

/** Losses of one event that are told one by one. */
const MAX_TOLD = 20;

/**
 * Brings events to MISP, in parts where they are large. MISP drops in silence
 * what it does not take of an event: its answer is compared with what was
 * sent, each loss is told, and what sending does not mend is remembered.
 */
export class EventWriter {
  readonly #client: MispClient;
  readonly #log: Log;
  readonly #parts: PartSender;

  constructor(client: MispClient, log: Log) {
    this.#client = client;
    this.#log = log;
    this.#parts = new PartSender(client, log);
  }

  /**
   * Makes the event as wanted.
   *
   * @param live As it is now; absent: it is not there.
   * @throws {MispRefusal} MISP refuses the event as a whole.
   */
  async write(
    wanted: MispEvent,
    live: LiveEvent | undefined,
    options: WriteOptions,
  ): Promise<WrittenEvent> {
    if (live !== undefined) return await this.#update(wanted, live, options);
    try {
      return await this.#create(wanted, options);
    } catch (error) {
      if (isRefusal(error, "blocked") && options.resend) {
        if (!await this.#letIn(wanted.uuid, options.signal)) throw error;
        return await this.#create(wanted, options);
      }
      if (!isRefusal(error, "exists")) throw error;
      // A replay, or an answer that was lost on its way.
      const present = await this.#client.readEvent(wanted.uuid, options.signal);
      if (present === undefined) throw error;
      return await this.#update(wanted, present, options);
    }
  }

  /** A person asked for the event: it need not stay on the blocklist. */
  async #letIn(uuid: string, signal: AbortSignal): Promise<boolean> {
    const found = await unblock({ client: this.#client, uuid }, signal);
    if (found !== "taken off") return false;
    this.#log.info("an event was taken off MISP's blocklist", { event: uuid });
    return true;
  }

  async #create(
    wanted: MispEvent,
    options: WriteOptions,
  ): Promise<WrittenEvent> {
    const { user, salt, signal } = options;
    const diff = diffEvents(wanted, NO_EVENT, {
      known: new Set(),
      salt,
      fields: false,
    });
    const creator = user === undefined || maySetCreator(user);
    const lock = creator && user !== undefined && wanted.Orgc !== undefined &&
      needsLock(user, wanted.Orgc.name);
    const head = creationHead(wanted, { creator, lock });
    const after = await this.#parts.send(elementsOf(diff), head, {
      isNew: true,
      signal,
    });
    return this.#result("created", wanted, after, options);
  }

  async #update(
    wanted: MispEvent,
    live: LiveEvent,
    options: WriteOptions,
  ): Promise<WrittenEvent> {
    const { known, fields, signal } = options;
    // No difference was ever marked with this one.
    const salt = options.resend ? crypto.randomUUID() : options.salt;
    for (let current = live, isAgain = false;; isAgain = true) {
      const diff = diffEvents(wanted, current, { known, salt, fields });
      if (isEmpty(diff)) return this.#result("none", wanted, current, options);
      // [MISP] Must be greater than the stored one; absent means now.
      const timestamp = Math.max(
        Number(wanted.timestamp) || 0,
        current.timestamp + 1,
      );
      const head = {
        uuid: wanted.uuid,
        ...(fields && !isAgain ? { timestamp: `${timestamp}` } : {}),
        ...diff.fields,
      };
      try {
        const after = await this.#parts.send(elementsOf(diff), head, {
          isNew: false,
          signal,
        });
        return this.#result("updated", wanted, after, options);
      } catch (error) {
        if (!(error instanceof MispRefusal)) throw error;
        if (error.kind !== "missing" && error.kind !== "older") throw error;
        const now = await this.#client.readEvent(wanted.uuid, signal);
        if (now === undefined || isAgain) throw changedMeanwhile(wanted, error);
        current = now;
      }
    }
  }

  #result(
    change: WrittenEvent["change"],
    wanted: MispEvent,
    live: LiveEvent,
    { known, salt, fields }: WriteOptions,
  ): WrittenEvent {
    const own = ownMarks(wanted);
    const left = diffEvents(wanted, live, {
      known: known.union(own),
      salt,
      fields,
    });
    if (change !== "none") this.#tellLosses(wanted, left.missing);
    return { live, change, marks: own.union(new Set(left.marks)) };
  }

  #tellLosses(wanted: MispEvent, missing: readonly string[]): void {
    if (missing.length === 0) return;
    const lost = new Set(missing);
    const elements = [
      ...wanted.Attribute,
      ...wanted.Object.flatMap((object) => [object, ...object.Attribute]),
    ].filter(({ uuid }) => lost.has(uuid));
    for (const element of elements.slice(0, MAX_TOLD)) {
      this.#log.warn("MISP did not take an element of an event", {
        event: wanted.uuid,
        uuid: element.uuid,
        ...("type" in element
          ? { type: element.type, value: element.value.slice(0, 200) }
          : { object: element.name }),
      });
    }
    if (elements.length > MAX_TOLD) {
      this.#log.warn("MISP did not take more elements of an event", {
        event: wanted.uuid,
        more: elements.length - MAX_TOLD,
      });
    }
  }
}

function isRefusal(error: unknown, kind: RefusalKind): boolean {
  return error instanceof MispRefusal && error.kind === kind;
}

function changedMeanwhile(wanted: MispEvent, cause: RejectedError) {
  return new TransientError(
    `Event "${wanted.uuid}" was changed in MISP while it was written`,
    { cause },
  );
}
