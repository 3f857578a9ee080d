import { LoginError, RejectedError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { ExternalReferencesClient } from "../../opencti/external_references.ts";
import { MISP_SOURCE } from "./container.ts";
import type { Ledger, ReferenceRow } from "./ledger.ts";

/** Descriptions longer than this are cut. */
const MAX_INFO_CHARS = 300;

/**
 * The links from containers to their events. None of it ever holds an event
 * up: what fails is told, remembered and tried again beside the stream.
 */
export class ReferenceKeeper {
  readonly #client: ExternalReferencesClient;
  readonly #ledger: Ledger;
  readonly #log: Log;
  /** Address of MISP, without trailing slash. */
  readonly #url: string;

  constructor(
    client: ExternalReferencesClient,
    { ledger, log, url }: { ledger: Ledger; log: Log; url: string },
  ) {
    this.#client = client;
    this.#ledger = ledger;
    this.#log = log;
    this.#url = url;
  }

  /** Where people find the event. */
  urlOf(id: string): string {
    return `${this.#url}/events/view/${encodeURIComponent(id)}`;
  }

  /** Gives the container its link, and takes one to a former event away. */
  async add(
    container: string,
    event: { uuid: string; id: string; info: string },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#try(container, event, signal);
  }

  /** Takes the container's link away; a container that is gone has none. */
  async remove(
    container: string,
    uuid: string,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#try(container, { uuid, info: "" }, signal);
  }

  /** Tries what failed again. */
  async retry(signal: AbortSignal): Promise<void> {
    for (const [container, row] of await this.#ledger.openReferences()) {
      await this.#try(container, row, signal);
    }
  }

  async #try(
    container: string,
    row: ReferenceRow,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#apply(container, row, signal);
      this.#ledger.awaitReference(container, undefined);
    } catch (error) {
      if (signal.aborted) throw error;
      const isOurs = error instanceof TransientError ||
        error instanceof RejectedError || error instanceof LoginError;
      if (!isOurs) throw error;
      this.#ledger.awaitReference(container, row);
      this.#log.warn(
        row.id === undefined
          ? "cannot remove the external reference to MISP; trying again later"
          : "cannot add the external reference to MISP; trying again later",
        { container, event: row.uuid, reason: error.message },
      );
    }
  }

  async #apply(
    container: string,
    { uuid, id, info }: ReferenceRow,
    signal: AbortSignal,
  ): Promise<void> {
    const held = await this.#client.of(container, signal);
    if (held === null) return;
    const url = id === undefined ? undefined : this.urlOf(id);
    const ours = held.filter(({ sourceName, externalId }) =>
      sourceName === MISP_SOURCE && externalId === uuid
    );
    for (const reference of ours) {
      if (reference.url === url) continue;
      await this.#client.detach(container, reference.id, signal);
    }
    if (url === undefined || ours.some((one) => one.url === url)) return;
    await this.#client.attach(container, {
      sourceName: MISP_SOURCE,
      externalId: uuid,
      url,
      description: `MISP Event: ${info}`.slice(0, MAX_INFO_CHARS)
        .toWellFormed(),
    }, signal);
  }
}
