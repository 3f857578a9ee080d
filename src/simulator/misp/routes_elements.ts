import { isRecord } from "../../stix/object.ts";
import { captureAttribute } from "./capture_attribute.ts";
import {
  captureObject,
  captureReferences,
  deleteSoftly,
} from "./capture_object.ts";
import {
  addSighting,
  type SightingDraft,
  sightingProblem,
} from "./capture_sighting.ts";
import { mayModify, maySee } from "./instance.ts";
import { type Answer, saved, saveFailed, thrown } from "./misp_error.ts";
import { type Call, ok, type Route } from "./route.ts";
import { demandBody, visible } from "./routes_events.ts";
import { listOf, numberOf, textOf, truthOf } from "./sent.ts";
import { showAttribute, showObject, showSighting } from "./show.ts";
import type { StoredEvent } from "./stored.ts";

/** Routes of single attributes, objects and sightings. */
export const ELEMENT_ROUTES: readonly Route[] = [
  {
    path: "attributes/add",
    methods: "POST",
    needs: "perm_add",
    describes: {
      text: "POST a MISP Attribute JSON to this API to create an Attribute.",
      mandatory: ["value", "type"],
    },
    run: addAttributes,
  },
  {
    path: "attributes/delete",
    methods: "POST DELETE",
    needs: "perm_add",
    run: deleteAttribute,
  },
  {
    path: "objects/add",
    methods: "POST",
    needs: "perm_add",
    describes: {
      text: "POST a MISP Object JSON to this API to create an Object.",
      mandatory: ["name", "meta-category", "template_uuid"],
    },
    run: addObject,
  },
  {
    path: "objects/delete",
    methods: "POST DELETE",
    needs: "perm_modify",
    run: deleteObject,
  },
  {
    path: "sightings/add",
    methods: "POST",
    needs: "perm_sighting",
    describes: {
      text: "POST a simplified sighting object to this API to add a sighting.",
      mandatory: ["id"],
    },
    run: addOneSighting,
  },
];

/**
 * Another route than `events/edit` changed the event: it is newer than the
 * client knows, and not published.
 */
export function touch(event: StoredEvent, now: number): void {
  event.timestamp = Math.max(event.timestamp, now);
  event.published = false;
}

/** @throws {MispError} 403 without the right to modify the event. */
function demandRight({ user }: Call, event: StoredEvent): void {
  if (mayModify(user, event)) return;
  throw thrown(403, "You do not have permission to do that.");
}

/** One attribute or a list; the only route that says why one is refused. */
function addAttributes(call: Call): Answer {
  const { instance, user, body, list } = call;
  const event = visible(call);
  demandRight(call, event);
  demandBody(call);
  const sent = list ?? listOf(body.Attribute ?? body);
  const capture = { instance, user, event: event.uuid, editing: false };
  const shown: unknown[] = [];
  const errors: Record<string, unknown> = {};
  for (const [at, item] of sent.entries()) {
    const captured = captureAttribute(capture, item, { event });
    if ("attribute" in captured) shown.push(showAttribute(captured.attribute));
    else errors[`attribute_${at}`] = { value: [captured.problem] };
  }
  if (shown.length === 0) {
    const alone = sent.length === 1 ? errors.attribute_0 : undefined;
    throw saveFailed("Could not add Attribute", alone ?? errors);
  }
  touch(event, instance.now());
  const failed = Object.keys(errors).length > 0;
  return ok({
    Attribute: sent.length === 1 ? shown[0] : shown,
    ...(failed ? { errors } : {}),
  });
}

function deleteAttribute(call: Call): Answer {
  const { instance, user, args, body } = call;
  const attribute = instance.store.attribute(args[0] ?? "");
  if (attribute === undefined || !maySee(user, attribute.event)) {
    throw thrown(404, "Invalid attribute");
  }
  demandRight(call, attribute.event);
  if (isHard(call, body)) instance.store.removeAttribute(attribute);
  else {
    instance.store.unsetLive(attribute);
    attribute.deleted = true;
    attribute.timestamp = instance.now();
  }
  touch(attribute.event, instance.now());
  return ok({ message: "Attribute deleted." });
}

/** `{"hard":1}`, or a second segment of the path. */
function isHard(
  { args }: Call,
  body: Readonly<Record<string, unknown>>,
): boolean {
  return truthOf(body.hard) === true || truthOf(args[1]) === true;
}

function addObject(call: Call): Answer {
  const { instance, user, body } = call;
  const event = visible(call);
  demandRight(call, event);
  demandBody(call);
  const sent = isRecord(body.Object) ? body.Object : body;
  const capture = { instance, user, event: event.uuid, editing: false };
  const captured = captureObject(capture, sent, event);
  if ("problem" in captured) {
    throw saveFailed("Could not add Object", captured.problem);
  }
  captureReferences(capture, [sent], event);
  touch(event, instance.now());
  return ok({ Object: showObject(captured.object) });
}

function deleteObject(call: Call): Answer {
  const { instance, user, args, body, url } = call;
  const [key = ""] = args;
  const object = instance.store.object(key);
  if (object === undefined || !maySee(user, object.event)) {
    throw thrown(404, "Invalid object");
  }
  demandRight(call, object.event);
  if (isHard(call, body)) instance.store.removeObject(object);
  else deleteSoftly(object, instance.now());
  touch(object.event, instance.now());
  return saved("Object deleted", url, key);
}

/** [MISP] Always a new row; problems come with 200. */
function addOneSighting({ instance, user, args, body }: Call): Answer {
  const attribute = instance.store.attribute(args[0] ?? textOf(body.id) ?? "");
  const unknown = attribute === undefined || !maySee(user, attribute.event);
  const draft: SightingDraft = {
    uuid: crypto.randomUUID(),
    date_sighting: numberOf(body.timestamp) ?? instance.now(),
    type: textOf(body.type) ?? "0",
    source: textOf(body.source) ?? "",
  };
  const problem = unknown
    ? "No valid attributes found that match the criteria."
    : sightingProblem(draft, attribute);
  if (unknown || problem !== undefined) {
    return ok({ message: `Could not add the Sighting. Reason: ${problem}` });
  }
  addSighting(instance, user.org, draft, attribute);
  const added = attribute.event.sightings.at(-1);
  return ok({ Sighting: added && showSighting(added) });
}
