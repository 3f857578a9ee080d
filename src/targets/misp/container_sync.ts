import type { StreamEvent } from "../../opencti/event.ts";
import { text } from "../../stix/object.ts";
import type { Outcome, TargetServices } from "../target.ts";
import type { MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import { holdsReference, isContainer, referencesDigest } from "./container.ts";
import { deleteEvent } from "./delete.ts";
import { EventWriter } from "./event_writer.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveEvent } from "./live_event.ts";
import { publish } from "./publish.ts";
import type { ReferenceKeeper } from "./reference_keeper.ts";
import { isRoleRefusal, MispRefusal, roleError } from "./refusal.ts";
import type { Session } from "./session.ts";
import { readWanted, type WantedEvent } from "./wanted_event.ts";

/** What keeps containers in step. */
export interface SyncContext {
  readonly config: MispConfig;
  readonly services: TargetServices;
  readonly client: MispClient;
  readonly ledger: Ledger;
  readonly references: ReferenceKeeper;
  /** Known once the target is prepared. */
  session(): Session | undefined;
}

/** What became of a container, and what is now in its event. */
export interface SyncResult {
  readonly outcome: Outcome;
  /** Internal ids; absent where nothing was written or compared. */
  readonly contents?: ReadonlySet<string>;
}

/** How a container is brought in step. */
export interface RefreshOptions {
  /** Version of the container's own event; absent: a content changed. */
  readonly version?: number | undefined;
  /** True: differences that did not go away are sent once more. */
  readonly isRepair?: boolean;
}

/**
 * Keeps the events of single containers in step. One call at a time for each
 * container; calls may be repeated.
 */
export class ContainerSync {
  readonly #context: SyncContext;
  readonly #writer: EventWriter;
  /** Warnings that are given once: a kind and the container. */
  readonly #warned = new Set<string>();

  constructor(context: SyncContext) {
    this.#context = context;
    this.#writer = new EventWriter(context.client, context.services.log);
  }

  /**
   * Makes MISP's event what the container is now, whatever the event that
   * leads here was like.
   */
  async refresh(
    id: string,
    { version, isRepair = false }: RefreshOptions,
    signal: AbortSignal,
  ): Promise<SyncResult> {
    const { ledger, client } = this.#context;
    const gone = await ledger.goneWith(id);
    // A repair applies what the platform has now, not what an event was like.
    if (!isRepair && gone !== undefined && (version ?? 0) <= gone) {
      return skipped("the container went with a later event");
    }
    const former = await ledger.read(id);
    const session = this.#context.session();
    const wanted = await readWanted(id, former?.row, {
      ...this.#context,
      user: session?.user,
      types: session?.types,
    }, signal);
    if (typeof wanted === "string") return skipped(wanted);
    this.#tellNotes(id, wanted);
    const { uuid } = wanted.event;
    const live = await client.readEvent(uuid, signal);
    if (live === undefined && wanted.isOriginal) {
      return skipped("the event that the container came from is gone");
    }
    try {
      const written = await this.#writer.write(wanted.event, live, {
        user: session?.user,
        known: former?.marks ?? new Set(),
        salt: session?.salt ?? "",
        fields: !wanted.isOriginal,
        resend: isRepair,
        signal,
      });
      if (written.change === "created") this.#tellCreator(wanted, written.live);
      await this.#publish(id, {
        written,
        isFirst: former === undefined && !wanted.isOriginal,
        signal,
      });
      await this.#link(id, wanted, { live: written.live, signal });
      if (gone !== undefined) ledger.isBack(id);
      ledger.write(id, former, {
        row: {
          uuid,
          id: written.live.id,
          version: Math.max(version ?? 0, former?.row.version ?? 0),
          ...(wanted.isOriginal ? { original: true } : {}),
          references: referencesDigest(wanted.container, uuid),
        },
        marks: written.marks,
        contents: wanted.contents,
      });
      return { outcome: DELIVERED, contents: wanted.contents };
    } catch (error) {
      if (!(error instanceof MispRefusal)) throw error;
      return this.#refused(id, wanted, error);
    }
  }

  /** Removes the event of a container that was deleted, or left the filter. */
  async remove(
    event: StreamEvent,
    signal: AbortSignal,
  ): Promise<SyncResult> {
    const { client, config, ledger, references, services } = this.#context;
    const { internalId: id, object, version } = event;
    const former = await ledger.read(id);
    if (former !== undefined && version < former.row.version) {
      return skipped("a newer event of the container was applied");
    }
    const uuid = former?.row.uuid ?? id;
    if (former?.row.original === true) {
      ledger.forget(id, former, version);
      return skipped("the event came from MISP and stays there");
    }
    try {
      await deleteEvent({
        client,
        log: services.log,
        uuid,
        info: text(object.name) ?? "",
        org: this.#context.session()?.user.orgName ?? "",
        isHard: config.hard_delete,
        wasThere: former !== undefined,
      }, signal);
    } catch (error) {
      if (!(error instanceof MispRefusal)) throw error;
      if (isRoleRefusal(error)) throw roleError(error);
      return rejected(error);
    }
    // What is gone holds no reference; what left the filter does.
    await references.remove(id, uuid, signal);
    ledger.forget(id, former, version);
    return { outcome: DELIVERED };
  }

  /**
   * Whether the event is but the echo of our own reference on a container:
   * nothing else changed since it was read.
   */
  async isEcho(event: StreamEvent): Promise<boolean> {
    const { changed, object, internalId: id } = event;
    if (event.action !== "update" || !isContainer(object)) return false;
    if (changed === undefined || changed.length === 0) return false;
    const isOfReferences = changed.every((path) =>
      /^\/(external_references(\/|$)|modified$|extensions\/[^/]+\/(updated_at|modified_at)$)/
        .test(path)
    );
    if (!isOfReferences) return false;
    const row = await this.#context.ledger.row(id);
    return row !== undefined &&
      row.references === referencesDigest(object, row.uuid);
  }

  async #publish(
    id: string,
    { written, isFirst, signal }: {
      written: { live: LiveEvent; change: "none" | "created" | "updated" };
      isFirst: boolean;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const { client, config, ledger, services } = this.#context;
    const { live, change } = written;
    const { log, now } = services;
    // An event that was made in a life of the program that ended before this.
    if (config.publish_on_create && isFirst && !live.published) {
      const alert = config.publish_alert;
      await publish({ client, log, alert }, live.uuid, signal);
    } else if (config.publish_on_update && change === "updated") {
      await ledger.awaitPublishing(id, live.uuid, now());
    }
  }

  async #link(
    id: string,
    { container, event, isOriginal }: WantedEvent,
    { live, signal }: { live: LiveEvent; signal: AbortSignal },
  ): Promise<void> {
    // A container that came from MISP has the reference of its import.
    if (isOriginal) return;
    const { references } = this.#context;
    const url = references.urlOf(live.id);
    if (holdsReference(container, { uuid: event.uuid, url })) return;
    const { uuid, info } = event;
    await references.add(id, { uuid, id: live.id, info }, signal);
  }

  #refused(
    id: string,
    wanted: WantedEvent,
    error: MispRefusal,
  ): SyncResult {
    if (isRoleRefusal(error)) throw roleError(error);
    if (error.kind === "blocked") {
      const message =
        "MISP keeps an event out: verify --fix takes it off the " +
        "blocklist, with a key of the organisation that hosts MISP";
      this.#warnOnce("blocked", id, message, error);
      return skipped("MISP's blocklist or rules keep the event out");
    }
    if (wanted.isOriginal && error.kind === "forbidden") {
      const message = "MISP does not let the key change the event that a " +
        "container came from";
      this.#warnOnce("original", id, message, error);
      return skipped(
        "the event that the container came from may not be changed",
      );
    }
    return rejected(error);
  }

  #tellCreator(wanted: WantedEvent, live: LiveEvent): void {
    const creator = wanted.event.Orgc?.name;
    if (creator === undefined || creator === live.orgcName) return;
    this.#warnOnce(
      "creator",
      "",
      "MISP keeps the key's organisation as creator of events, not their " +
        "author: use a key whose role may synchronise (perm_sync)",
      { author: creator, creator: live.orgcName },
    );
  }

  #tellNotes(id: string, { notes }: WantedEvent): void {
    if (notes.length === 0) return;
    this.#context.services.log.debug("parts of a container were not mapped", {
      container: id,
      count: notes.length,
      first: notes.slice(0, 5),
    });
  }

  #warnOnce(
    kind: string,
    id: string,
    message: string,
    about: Error | Record<string, unknown>,
  ): void {
    const key = `${kind} ${id}`;
    if (this.#warned.has(key) || this.#warned.size > 1_000) return;
    this.#warned.add(key);
    const fields = about instanceof Error ? { reason: about.message } : about;
    this.#context.services.log.warn(message, {
      ...(id === "" ? {} : { container: id }),
      ...fields,
    });
  }
}

const DELIVERED: Outcome = { status: "delivered" };

function skipped(reason: string): SyncResult {
  return { outcome: { status: "skipped", reason } };
}

function rejected(
  { message: reason, status: httpStatus }: MispRefusal,
): SyncResult {
  return { outcome: { status: "rejected", reason, httpStatus } };
}
