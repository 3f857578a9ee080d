import { mayModify, maySee } from "./instance.ts";
import { type Answer, saved, thrown } from "./misp_error.ts";
import { type Call, ok, type Route } from "./route.ts";
import { touch } from "./routes_elements.ts";
import { hasWideCharacter, textOf } from "./sent.ts";
import { showTag } from "./show.ts";
import type { StoredAttribute, StoredEvent, StoredTag } from "./stored.ts";
import { isColour } from "./tags.ts";

/** Routes of tags. */
export const TAG_ROUTES: readonly Route[] = [
  {
    path: "tags/add",
    methods: "POST",
    needs: "perm_tag_editor",
    describes: {
      text: "POST a Tag object in JSON format to this API to create a new tag.",
      mandatory: ["name", "colour"],
    },
    run: addTag,
  },
  {
    path: "tags/attachTagToObject",
    methods: "POST",
    needs: "perm_tagger",
    run: (call) => change(call, "attached to", attach),
  },
  {
    path: "tags/removeTagFromObject",
    methods: "POST",
    needs: "perm_tagger",
    run: (call) => change(call, "removed from", detach),
  },
];

function addTag({ instance, body }: Call): Answer {
  const sent = (body.Tag ?? body) as Readonly<Record<string, unknown>>;
  const name = textOf(sent.name)?.trim() ?? "";
  const { colour } = sent;
  const refuse = (problem: string) =>
    thrown(405, `Could not add the Tag. ${problem}`);
  if (name === "") throw refuse("Name cannot be empty.");
  if (hasWideCharacter(name)) throw refuse("A character of 4 bytes.");
  if (colour !== undefined && !isColour(colour)) {
    throw refuse("Colour has to be in the RGB format (#FFFFFF)");
  }
  const text = isColour(colour) ? colour : undefined;
  return ok({ Tag: showTag(instance.tags.add(name, text)) });
}

type Target = StoredEvent | StoredAttribute;

function change(
  call: Call,
  done: string,
  apply: (call: Call, target: Target, name: string) => StoredTag,
): Answer {
  const { instance, user, body, args, url } = call;
  const uuid = textOf(body.uuid) ?? args[0] ?? "";
  const name = textOf(body.tag) ?? args[1] ?? "";
  const attribute = instance.store.attribute(uuid);
  const target = attribute ?? instance.store.find(uuid);
  const event = attribute?.event ?? instance.store.find(uuid);
  if (target === undefined || event === undefined || !maySee(user, event)) {
    throw thrown(404, "Invalid Target.");
  }
  if (!mayModify(user, event)) {
    throw thrown(403, "You do not have permission to do that.");
  }
  const tag = apply(call, target, name);
  touch(event, instance.now());
  const kind = attribute === undefined ? "Event" : "Attribute";
  return saved(
    `Tag ${tag.name}(${tag.id}) successfully ${done} ${kind}(${target.id}).`,
    url,
    String(target.id),
  );
}

/** [MISP] Names are matched with SQL LIKE; a new one needs the tag editor. */
function attach({ instance, user }: Call, target: Target, name: string) {
  const [known] = instance.tags.like(name);
  if (known === undefined && !user.role.perm_tag_editor) {
    throw thrown(404, `Invalid Tag. This tag doesn't exist: "${name}".`);
  }
  const tag = known ?? instance.tags.add(name, undefined);
  target.tags.set(tag.id, tag);
  return tag;
}

function detach({ instance }: Call, target: Target, name: string) {
  const tag = instance.tags.like(name).find(({ id }) => target.tags.has(id));
  if (tag === undefined) throw thrown(404, "Invalid tag - target combination.");
  target.tags.delete(tag.id);
  return tag;
}
