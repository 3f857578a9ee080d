import { isRecord } from "../../stix/object.ts";
import type { Instance, User } from "./instance.ts";
import { hasWideCharacter, listOf, textOf, truthOf } from "./sent.ts";
import type { StoredTag } from "./stored.ts";
import { isColour } from "./tags.ts";

/** On whose behalf an event is saved, and how. */
export interface Capture {
  readonly instance: Instance;
  readonly user: User;
  /** UUID of the event, for the log. */
  readonly event: string;
  /** `events/edit`; else `events/add` and the routes for one element. */
  readonly editing: boolean;
}

/**
 * Attaches the tags of a `Tag` list, and detaches those marked `deleted`.
 * What the role does not allow is left out without a word.
 */
export function captureTags(
  capture: Capture,
  holder: { readonly tags: Map<number, StoredTag> },
  sent: unknown,
): void {
  const { instance, user, event } = capture;
  const drop = (name: unknown, reason: string) =>
    instance.drop(event, "tag", name, reason);
  for (const item of listOf(sent)) {
    const name = isRecord(item) ? textOf(item.name)?.trim() : undefined;
    if (!isRecord(item) || name === undefined || name === "") {
      drop(name, "a tag needs a name");
      continue;
    }
    if (capture.editing && !user.role.perm_tagger) {
      drop(name, "the role lacks perm_tagger");
      continue;
    }
    if (truthOf(item.deleted) === true) {
      const known = instance.tags.find(name);
      if (known !== undefined) holder.tags.delete(known.id);
      continue;
    }
    const tag = findOrMake(capture, name, item.colour);
    if (typeof tag === "string") drop(name, tag);
    else holder.tags.set(tag.id, tag);
  }
}

/** The tag, or why there is none. */
function findOrMake(
  { instance, user }: Capture,
  name: string,
  colour: unknown,
): StoredTag | string {
  const known = instance.tags.find(name);
  if (known !== undefined) return known;
  if (!user.role.perm_tag_editor) {
    return "unknown tag, and the role lacks perm_tag_editor";
  }
  if (hasWideCharacter(name)) return "a character of 4 bytes";
  if (/\p{Cc}/u.test(name)) return "a control character";
  if (colour !== undefined && !isColour(colour)) return "not a colour";
  return instance.tags.add(name, isColour(colour) ? colour : undefined);
}
