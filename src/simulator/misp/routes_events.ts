import { addEvent, editEvent } from "./capture_event.ts";
import { eventBody } from "./event_body.ts";
import { indexEvents } from "./event_index.ts";
import { mayModify, maySee } from "./instance.ts";
import { type Answer, saved, saveFailed, thrown } from "./misp_error.ts";
import { type Call, ok, type Route } from "./route.ts";
import { isLive, showEvent, type ShowOptions } from "./show.ts";
import type { StoredEvent } from "./stored.ts";

/** Routes of whole events. */
export const EVENT_ROUTES: readonly Route[] = [
  {
    path: "events/add",
    methods: "POST",
    needs: "perm_add",
    describes: {
      text: "POST a MISP Event JSON to this API to create an Event.",
      mandatory: ["info"],
    },
    run(call) {
      demandBody(call);
      const body = eventBody(call.body);
      const event = addEvent(call.instance, call.user, body, call.base);
      return ok({ Event: showEvent(event, optionsOf(call)) });
    },
  },
  {
    path: "events/edit",
    methods: "POST PUT",
    needs: "perm_add",
    describes: {
      text: "POST a MISP Event JSON to this API to update an Event.",
      mandatory: [],
    },
    run(call) {
      const found = visible(call);
      demandBody(call);
      const body = eventBody(call.body);
      const event = editEvent(call.instance, call.user, body, found);
      return ok({ Event: showEvent(event, optionsOf(call)) });
    },
  },
  {
    path: "events/view",
    methods: "GET HEAD POST",
    run: (call) => {
      const event = visible(call);
      return ok({ Event: showEvent(event, viewOptions(call, event)) });
    },
  },
  { path: "events/index", methods: "GET POST", run: indexEvents },
  {
    path: "events/delete",
    methods: "POST DELETE",
    needs: "perm_add",
    run: deleteEvent,
  },
  {
    path: "events/publish",
    methods: "POST",
    needs: "perm_publish",
    run: (call) => publish(call, false),
  },
  {
    path: "events/alert",
    methods: "POST",
    needs: "perm_publish",
    run: (call) => publish(call, true),
  },
];

/**
 * The event that the path names.
 *
 * @throws {MispError} 404 where it is unknown, or hidden from the user.
 */
export function visible({ instance, user, args }: Call): StoredEvent {
  const event = instance.store.find(args[0] ?? "");
  if (event === undefined || !maySee(user, event)) {
    throw thrown(404, "Invalid event");
  }
  return event;
}

/** @throws {MispError} 405 without a JSON object in the body. */
export function demandBody({ body, list }: Call): void {
  if (Object.keys(body).length > 0 || list !== undefined) return;
  throw thrown(405, "No valid event data received.");
}

function optionsOf({ named }: Call): ShowOptions {
  return {
    isWanted: isLive,
    metadata: isOn(named.metadata),
    galaxies: !isOn(named.excludeGalaxy),
    attachments: named.includeAttachments !== "0",
    sightings: isOn(named.includeSightings),
  };
}

/** [MISP] Who is not of the creator's organisation and no sync user sees no deleted elements. */
function viewOptions(call: Call, event: StoredEvent): ShowOptions {
  const { user, body, named } = call;
  const options = optionsOf(call);
  const sees = user.role.perm_sync || user.role.perm_site_admin ||
    event.orgc.id === user.org.id;
  const asked = body.deleted ?? named.deleted;
  if (!sees || asked === undefined) return options;
  const wanted = Array.isArray(asked)
    ? asked.map(Number)
    : asked === "only"
    ? [1]
    : Number(asked) === 0
    ? [0]
    : [0, 1];
  return { ...options, isWanted: ({ deleted }) => wanted.includes(+deleted) };
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "0";
}

/** [MISP] Missing and forbidden look the same; the UUID is blocked each time. */
function deleteEvent({ instance, user, args, url }: Call): Answer {
  const [key = ""] = args;
  const event = instance.store.find(key);
  if (event === undefined || !mayModify(user, event)) {
    throw saveFailed("Could not delete Event", "Event was not deleted.");
  }
  instance.store.removeEvent(event);
  if (instance.settings.blocklisting) {
    instance.block(event.uuid, {
      info: event.info,
      orgc: event.orgc.name,
      comment: "",
    });
  }
  return saved("Event deleted.", url, key);
}

function publish(call: Call, mail: boolean): Answer {
  const { instance, user, url } = call;
  const event = visible(call);
  const { settings } = instance;
  const foreign = event.orgc.id !== user.org.id;
  const same = settings.blockPublishingForSameCreator &&
    event.userId === user.id;
  if ((foreign || same) && !user.role.perm_site_admin) {
    throw thrown(405, "You do not have the permission to do that.");
  }
  instance.publish(event, { mail });
  if (mail && settings.mailBroken) {
    throw saveFailed("Could not alert Event", {
      GnuPG: ["Not published or not all emails were sent."],
    });
  }
  const done = settings.backgroundJobs
    ? "Job queued"
    : mail
    ? "Email sent to all participants."
    : "Event published without alerts";
  return saved(done, url, String(event.id));
}
