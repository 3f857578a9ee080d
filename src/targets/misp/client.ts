/** MISP's HTTP interface, one method per endpoint. */
import { ConfigError, TransientError } from "../../errors.ts";
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
} from "../../http/client.ts";
import { isRecord, strings, text } from "../../stix/object.ts";
import { type LiveEvent, toLiveEvent } from "./live_event.ts";
import type { EventPatch } from "./patch.ts";
import { MispRefusal, READ_STATUSES, refusalOf } from "./refusal.ts";
import { type MispUser, toMispUser } from "./role.ts";

/** [MISP] Recommended limit of PHP's execution time. */
const WRITE_TIMEOUT_MS = 300_000;
/** An event of tens of thousands of attributes takes as long to be told. */
const VIEW_TIMEOUT_MS = 300_000;
const MAX_EVENT_BYTES = 256 * 1024 * 1024;
const EVENTS_PER_PAGE = 500;
/** What is not needed of an event makes its answer small. */
const BRIEF = "/excludeGalaxy:1/noEventReports:1/noShadowAttributes:1" +
  "/includeAttachments:0/includeFeedCorrelations:0/includeWarninglistHits:0";

/** Headers that every request carries beside the key. */
export const MISP_HEADERS: Readonly<Record<string, string>> = {
  // [MISP] Any other text makes the answer a page for browsers.
  accept: "application/json",
};

/** One line of the list of events. */
export interface ListedEvent {
  readonly uuid: string;
  /** Unix seconds, as text. */
  readonly timestamp: string;
  /** Owner organisation. */
  readonly orgId: string;
  readonly tags: readonly string[];
}

/**
 * One MISP instance.
 *
 * Every method throws `TransientError` where MISP cannot be reached,
 * `LoginError` where it refuses the key, `MispRefusal` where it refuses what
 * is asked (its `kind` says why), and `ConfigError` where the address leads to
 * something else.
 */
export class MispClient {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** `GET servers/getVersion`. */
  async readVersion(signal: AbortSignal): Promise<string> {
    const body = await this.#json({
      path: "/servers/getVersion",
      signal,
    }, "read the version of MISP");
    const version = text(body.version);
    if (version !== undefined) return version;
    throw new ConfigError(
      'The server that "url" names is no MISP: its answer holds no version',
    );
  }

  /** `GET users/view/me`: the key's user, role and organisation. */
  async readUser(signal: AbortSignal): Promise<MispUser> {
    return toMispUser(
      await this.#json({
        path: "/users/view/me",
        signal,
      }, "read the user of the key"),
    );
  }

  /** `GET attributes/describeTypes`: names of the attribute types. */
  async readTypes(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { result } = await this.#json({
      path: "/attributes/describeTypes",
      signal,
    }, "read the attribute types of MISP");
    return new Set(isRecord(result) ? strings(result.types) : []);
  }

  /** `GET events/view`: nothing where it is not there, or not visible. */
  async readEvent(
    uuid: string,
    signal: AbortSignal,
  ): Promise<LiveEvent | undefined> {
    return await this.#view(uuid, BRIEF, signal);
  }

  /** The same without attributes, objects and tags. */
  async readEventHead(
    uuid: string,
    signal: AbortSignal,
  ): Promise<LiveEvent | undefined> {
    return await this.#view(uuid, "/metadata:1", signal);
  }

  /** `HEAD events/view`. */
  async hasEvent(uuid: string, signal: AbortSignal): Promise<boolean> {
    const { status } = await this.#http.request({
      method: "HEAD",
      path: `/events/view/${encodeURIComponent(uuid)}`,
      // A refusal has no body that says why: the whole answer is asked for.
      expect: READ_STATUSES,
      signal,
    });
    if (status === 404) return false;
    if (status >= 200 && status <= 299) return true;
    return await this.readEventHead(uuid, signal) !== undefined;
  }

  /**
   * `POST events/add`.
   *
   * @param brief The answer is to hold no attributes, objects and tags.
   * @throws {MispRefusal} `exists`: an event of this UUID is there.
   */
  async addEvent(
    patch: EventPatch,
    { brief, signal }: { brief: boolean; signal: AbortSignal },
  ): Promise<LiveEvent> {
    return await this.#write(
      `/events/add${brief ? "/metadata:1" : ""}`,
      patch,
      {
        what: `add event "${patch.Event.uuid}" to MISP`,
        signal,
      },
    );
  }

  /**
   * `POST events/edit`: what the patch leaves out stays as it is.
   *
   * @throws {MispRefusal} `missing`: there is no such event.
   */
  async editEvent(
    patch: EventPatch,
    { brief, signal }: { brief: boolean; signal: AbortSignal },
  ): Promise<LiveEvent> {
    const uuid = encodeURIComponent(patch.Event.uuid);
    const path = `/events/edit/${uuid}${brief ? "/metadata:1" : ""}`;
    return await this.#write(path, patch, {
      what: `change event "${patch.Event.uuid}" in MISP`,
      signal,
    });
  }

  /** `POST events/delete`. @throws {MispRefusal} Missing or not allowed. */
  async deleteEvent(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#send({
      method: "POST",
      path: `/events/delete/${encodeURIComponent(uuid)}`,
      timeoutMs: WRITE_TIMEOUT_MS,
      signal,
    }, `delete event "${uuid}" from MISP`);
  }

  /**
   * `POST events/publish`, or `events/alert`, which mails subscribers.
   *
   * @throws {MispRefusal} Not allowed, for this key or this event.
   */
  async publishEvent(
    uuid: string,
    { alert, signal }: { alert: boolean; signal: AbortSignal },
  ): Promise<void> {
    await this.#send({
      method: "POST",
      path: `/events/${alert ? "alert" : "publish"}/${
        encodeURIComponent(uuid)
      }`,
      timeoutMs: WRITE_TIMEOUT_MS,
      signal,
    }, `publish event "${uuid}" in MISP`);
  }

  /**
   * `POST eventBlocklists/add`; harmless where it is listed.
   *
   * @throws {MispRefusal} `forbidden`, or `off`.
   */
  async block(
    { uuid, info, org }: { uuid: string; info: string; org: string },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#send(
      {
        method: "POST",
        path: "/eventBlocklists/add",
        body: JSON.stringify({
          uuids: [uuid],
          event_info: info,
          event_orgc: org,
          comment: "deleted from OpenCTI",
        }),
        signal,
      },
      `put event "${uuid}" on the blocklist of MISP`,
      { mayBeOff: true },
    );
  }

  /**
   * `POST eventBlocklists/delete`.
   *
   * @throws {MispRefusal} `missing`: not listed; `forbidden`; `off`.
   */
  async unblock(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#send(
      {
        method: "POST",
        path: `/eventBlocklists/delete/${encodeURIComponent(uuid)}`,
        signal,
      },
      `take event "${uuid}" off the blocklist of MISP`,
      { mayBeOff: true },
    );
  }

  /**
   * `POST events/index`: the events that carry a tag, or have these UUIDs, page
   * by page.
   */
  async *listEvents(
    wanted: { readonly tag: string } | { readonly uuids: readonly string[] },
    signal: AbortSignal,
  ): AsyncGenerator<ListedEvent> {
    const filter = "tag" in wanted
      ? { tag: wanted.tag }
      // [MISP] Alternatives stand between bars.
      : { eventid: wanted.uuids.join("|") };
    for (let page = 1;; page++) {
      const answer = await this.#send({
        method: "POST",
        path: "/events/index",
        body: JSON.stringify({ ...filter, page, limit: EVENTS_PER_PAGE }),
        timeoutMs: VIEW_TIMEOUT_MS,
        signal,
      }, "list the events of MISP");
      const body = answer.json();
      const found = Array.isArray(body) ? body.filter(isRecord) : [];
      yield* found.map(toListed);
      if (found.length < EVENTS_PER_PAGE) return;
    }
  }

  async #view(
    uuid: string,
    options: string,
    signal: AbortSignal,
  ): Promise<LiveEvent | undefined> {
    try {
      return toLiveEvent(
        await this.#json({
          path: `/events/view/${encodeURIComponent(uuid)}${options}`,
          timeoutMs: VIEW_TIMEOUT_MS,
          maxBodyBytes: MAX_EVENT_BYTES,
          signal,
        }, `read event "${uuid}" of MISP`),
      );
    } catch (error) {
      if (error instanceof MispRefusal && error.kind === "missing") {
        return undefined;
      }
      throw error;
    }
  }

  async #write(
    path: string,
    patch: EventPatch,
    { what, signal }: { what: string; signal: AbortSignal },
  ): Promise<LiveEvent> {
    return toLiveEvent(
      await this.#json({
        method: "POST",
        path,
        body: JSON.stringify(patch),
        timeoutMs: WRITE_TIMEOUT_MS,
        maxBodyBytes: MAX_EVENT_BYTES,
        signal,
      }, what),
    );
  }

  async #json(
    request: HttpRequest,
    what: string,
  ): Promise<Record<string, unknown>> {
    const body = (await this.#send(request, what)).json();
    if (isRecord(body)) return body;
    throw new TransientError(`Cannot ${what}: the answer is no JSON object`);
  }

  async #send(
    request: HttpRequest,
    what: string,
    { mayBeOff = false } = {},
  ): Promise<HttpResponse> {
    const answer = await this.#http.request({
      ...request,
      expect: READ_STATUSES,
    });
    if (READ_STATUSES.includes(answer.status)) {
      throw refusalOf(answer, what, mayBeOff);
    }
    return answer;
  }
}

/** A line of the list: the event itself, or below `Event`. */
function toListed(line: Record<string, unknown>): ListedEvent {
  const event = isRecord(line.Event) ? line.Event : line;
  const links = [event.EventTag, event.Tag, line.EventTag].find(Array.isArray);
  const tags = (links ?? []).filter(isRecord).flatMap((link) => {
    const tag = isRecord(link.Tag) ? link.Tag : link;
    return text(tag.name) ?? [];
  });
  return {
    uuid: `${event.uuid}`,
    timestamp: `${event.timestamp}`,
    orgId: `${event.org_id}`,
    tags,
  };
}
