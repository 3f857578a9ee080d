import { isRecord } from "../../stix/object.ts";
import { captureAttribute } from "./capture_attribute.ts";
import { captureObject, captureReferences } from "./capture_object.ts";
import { captureSightings } from "./capture_sighting.ts";
import { type Capture, captureTags } from "./capture_tags.ts";
import type { EventBody } from "./event_body.ts";
import {
  type EventFields,
  fieldProblems,
  fieldsOf,
  isWritable,
} from "./event_fields.ts";
import { type Instance, mayModify, type User } from "./instance.ts";
import { saveFailed, thrown } from "./misp_error.ts";
import { listOf, numberOf, textOf, truthOf } from "./sent.ts";
import type { Organisation, StoredEvent } from "./stored.ts";

const ADD = "Could not add Event";
const EDIT = "Could not edit Event";
const NOT_SAVED = "Event could not be saved: ";

/**
 * `events/add`.
 *
 * @throws {MispError} In MISP's order: blocklists, an empty event that is
 * published, a foreign organisation, a UUID that exists, invalid fields.
 */
export function addEvent(
  instance: Instance,
  user: User,
  { event: sent, sightings }: EventBody,
  base: string,
): StoredEvent {
  const uuid = textOf(sent.uuid)?.toLowerCase() ?? crypto.randomUUID();
  checkBlocks(instance, sent, uuid);
  checkEmpty(sent);
  checkOrgc(user, sent);
  const known = instance.store.find(uuid);
  if (known !== undefined) {
    throw thrown(
      404,
      "Event already exists, if you would like to edit it, use the url in " +
        "the location header.",
      { location: `${base}/events/${known.id}` },
    );
  }
  const fields = fieldsOf(sent, {
    distribution: instance.settings.defaultDistribution,
    now: instance.now(),
  });
  const problems = fieldProblems({ ...fields, uuid });
  if (problems !== undefined) throw saveFailed(ADD, { Event: problems });
  if (!isWritable(fields)) throw internalError();
  const orgc = orgcOf(instance, user, sent, uuid);
  const event = insert(instance, user, { sent, uuid, fields, orgc });
  const capture = { instance, user, event: uuid, editing: false };
  captureContent(capture, event, {
    event: withoutTwins(capture, sent),
    sightings,
  });
  if (truthOf(sent.published) === true && user.role.perm_publish) {
    instance.publish(event, { mail: true });
  }
  return event;
}

/**
 * `events/edit`: rights, then the timestamp, then the merge.
 *
 * @throws {MispError} 403, thrown or as a failed save.
 */
export function editEvent(
  instance: Instance,
  user: User,
  { event: sent, sightings }: EventBody,
  found: StoredEvent,
): StoredEvent {
  if (!mayModify(user, found) && !user.role.perm_sync) {
    throw thrown(403, "You are not authorised to do that.");
  }
  const uuid = textOf(sent.uuid);
  const event = uuid === undefined ? found : instance.store.find(uuid);
  if (event === undefined) {
    throw saveFailed(EDIT, `${NOT_SAVED}Could not find the local event.`);
  }
  checkEdit(user, event);
  checkNewer(sent, event);
  const fields = fieldsOf(sent, {
    known: event,
    distribution: event.distribution,
    now: instance.now(),
  });
  const problems = fieldProblems({ ...fields, uuid: event.uuid });
  if (problems !== undefined) throw saveFailed(EDIT, problems);
  if (!isWritable(fields)) throw internalError();
  Object.assign(event, fields, { published: false });
  const capture = { instance, user, event: event.uuid, editing: true };
  captureContent(capture, event, { event: sent, sightings });
  if (truthOf(sent.published) === true && user.role.perm_publish) {
    instance.publish(event, { mail: true });
  }
  return event;
}

/** [MISP] A sync user may edit what was synchronised to it: locked events. */
function checkEdit(user: User, event: StoredEvent): void {
  const { role, org } = user;
  const allowed = role.perm_site_admin || event.orgc.id === org.id ||
    role.perm_sync && event.locked;
  if (allowed) return;
  throw saveFailed(
    EDIT,
    `${NOT_SAVED}The user used to edit the event is not authorised to do so. ` +
      "This can be caused by the user not being of the same organisation as " +
      "the original creator of the event whilst also not being a site " +
      "administrator.",
  );
}

/** [MISP] Rule 1: without a timestamp an edit is always accepted. */
function checkNewer(
  sent: Readonly<Record<string, unknown>>,
  event: StoredEvent,
): void {
  const timestamp = numberOf(sent.timestamp);
  if (timestamp === undefined || timestamp > event.timestamp) return;
  throw saveFailed(
    EDIT,
    `${NOT_SAVED}Event in the request not newer than the local copy.`,
  );
}

function checkBlocks(
  instance: Instance,
  sent: Readonly<Record<string, unknown>>,
  uuid: string,
): void {
  const { settings } = instance;
  if (settings.blocklisting && instance.isBlocked(uuid)) {
    throw thrown(403, "Event blocked by event blocklist.");
  }
  const orgc = isRecord(sent.Orgc) ? textOf(sent.Orgc.name) ?? "" : "";
  if (settings.blockedOrgs.includes(orgc)) {
    throw thrown(403, "Event blocked by organisation blocklist.");
  }
  const tags = listOf(sent.Tag).flatMap((tag) =>
    isRecord(tag) ? textOf(tag.name) ?? [] : []
  );
  if (settings.blockRule(textOf(sent.info) ?? "", tags)) {
    throw thrown(403, "Blocked by event block rules.");
  }
}

function checkEmpty(sent: Readonly<Record<string, unknown>>): void {
  const holds = [...listOf(sent.Attribute), ...listOf(sent.Object)].length > 0;
  if (holds || truthOf(sent.published) !== true) return;
  throw saveFailed(ADD, {
    Event: [
      "Received a published event that was empty. Event add process blocked.",
    ],
  });
}

function checkOrgc(
  user: User,
  sent: Readonly<Record<string, unknown>>,
): void {
  const orgc = textOf(sent.orgc_id);
  const foreign = orgc !== undefined && orgc !== String(user.org.id);
  if (foreign && !user.role.perm_sync) {
    throw thrown(
      405,
      "Event cannot be created as you are not a member of the creator " +
        "organisation.",
    );
  }
  if (textOf(sent.distribution) === "4") {
    throw thrown(405, "Invalid Sharing Group or not authorised.");
  }
}

/** The creator organisation: as sent for sync keys, else the key's own. */
function orgcOf(
  instance: Instance,
  user: User,
  sent: Readonly<Record<string, unknown>>,
  event: string,
): Organisation {
  const orgc = isRecord(sent.Orgc) ? sent.Orgc : {};
  const name = textOf(orgc.name);
  if (name === undefined || name === "") {
    return instance.organisations.find(textOf(sent.orgc_id) ?? "") ?? user.org;
  }
  if (!user.role.perm_sync) {
    if (name !== user.org.name) {
      instance.drop(event, "organisation", name, "the role lacks perm_sync");
    }
    return user.org;
  }
  return instance.organisations.capture(name, textOf(orgc.uuid));
}

function insert(
  { store }: Instance,
  user: User,
  made: {
    sent: Readonly<Record<string, unknown>>;
    uuid: string;
    fields: EventFields;
    orgc: Organisation;
  },
): StoredEvent {
  const { sent, uuid, fields, orgc } = made;
  const event: StoredEvent = {
    id: store.nextEventId(),
    uuid,
    org: user.org,
    orgc,
    userId: user.id,
    locked: user.role.perm_sync && truthOf(sent.locked) === true,
    ...fields,
    published: false,
    publish_timestamp: 0,
    tags: new Map(),
    attributes: new Map(),
    objects: new Map(),
    sightings: [],
    live: new Map(),
  };
  store.addEvent(event);
  return event;
}

/** Lists of the body: merged into what is there, never replacing it. */
function captureContent(
  capture: Capture,
  event: StoredEvent,
  { event: sent, sightings }: EventBody,
): void {
  captureTags(capture, event, sent.Tag);
  for (const attribute of listOf(sent.Attribute)) {
    captureAttribute(capture, attribute, { event });
  }
  const objects = listOf(sent.Object);
  for (const object of objects) captureObject(capture, object, event);
  captureReferences(capture, objects, event);
  captureSightings(capture, sightings, event);
  if (sent.Sighting !== undefined) {
    const reason = "a Sighting list stands beside Event, not in it";
    capture.instance.drop(event.uuid, "sighting", "", reason);
  }
}

/** [MISP] Equal attributes of one body are saved once. */
function withoutTwins(
  { instance, event }: Capture,
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const seen = new Set<string>();
  const attributes = listOf(sent.Attribute).filter((item) => {
    if (!isRecord(item)) return true;
    const key = [item.type, item.category, item.value].map(textOf).join("\n");
    if (!seen.has(key)) return seen.add(key);
    instance.drop(
      event,
      "attribute",
      textOf(item.uuid) ?? item.value,
      "same type, category and value twice in the body",
    );
    return false;
  });
  return { ...sent, Attribute: attributes };
}

function internalError() {
  return thrown(500, "An Internal Error Has Occurred.");
}
