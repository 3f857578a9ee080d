/** Whom the key belongs to, and what follows from what it may not do. */
import { isRecord, text } from "../../stix/object.ts";

/** A right of a role that this target makes use of. */
export type Permission =
  | "perm_add"
  | "perm_modify"
  | "perm_modify_org"
  | "perm_publish"
  | "perm_sync"
  | "perm_site_admin"
  | "perm_tagger"
  | "perm_tag_editor"
  | "perm_sighting";

/** The user behind the key. */
export interface MispUser {
  readonly email: string;
  readonly role: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly orgId: string;
  readonly orgName: string;
}

/** A right that is missing, and what does not work without it. */
export interface MissingRight {
  readonly permission: Permission;
  readonly consequence: string;
  /** True: nothing works without it. */
  readonly isFatal: boolean;
}

/** Which rights are needed at all. */
export interface WantedRights {
  readonly publish: boolean;
}

type Row = readonly [Permission, consequence: string, isFatal: boolean];

/** Source: MISP 2.5 `Role`, `ACLComponent`. */
// deno-fmt-ignore
const CONSEQUENCES: readonly Row[] = [
  ["perm_add",        "no event can be added or changed", true],
  ["perm_modify",     "no event can be changed or deleted", true],
  ["perm_modify_org", "events that another user of the organisation made cannot be changed", false],
  ["perm_sync",       "the creator organisation of events is that of the key, not the author", false],
  ["perm_tag_editor", "tags that MISP does not know yet are left out", false],
  ["perm_tagger",     "tags of existing events do not follow OpenCTI", false],
  ["perm_sighting",   "sightings are left out", false],
  ["perm_publish",    "events are not published", false],
];

/** Reads the answer of `users/view/me`. */
export function toMispUser(body: Record<string, unknown>): MispUser {
  const [user, role, organisation] = [body.User, body.Role, body.Organisation]
    .map((part) => isRecord(part) ? part : {});
  const granted = Object.entries(role ?? {}).filter(([, value]) =>
    value === true || value === 1 || value === "1"
  );
  return {
    email: text(user?.email) ?? "unknown",
    role: text(role?.name) ?? "unknown",
    permissions: new Set(granted.map(([name]) => name as Permission)),
    orgId: `${organisation?.id ?? user?.org_id ?? ""}`,
    orgName: text(organisation?.name) ?? "",
  };
}

/** The rights that the role lacks; a site administrator lacks none. */
export function missingRights(
  { permissions }: MispUser,
  wanted: WantedRights,
): MissingRight[] {
  if (permissions.has("perm_site_admin")) return [];
  return CONSEQUENCES
    .filter(([permission]) =>
      !permissions.has(permission) &&
      (permission !== "perm_publish" || wanted.publish) &&
      // The wider right includes the narrower one.
      (permission !== "perm_modify" || !permissions.has("perm_modify_org"))
    )
    .map(([permission, consequence, isFatal]) => ({
      permission,
      consequence,
      isFatal,
    }));
}

/** The creator organisation is honoured only for keys that may synchronise. */
export function maySetCreator({ permissions }: MispUser): boolean {
  return permissions.has("perm_sync") || permissions.has("perm_site_admin");
}

/**
 * [MISP] A user that may synchronise, and is no site administrator, may change
 * an event of another creator organisation only where it is locked.
 */
export function needsLock(user: MispUser, creator: string): boolean {
  return user.permissions.has("perm_sync") &&
    !user.permissions.has("perm_site_admin") &&
    creator.toLowerCase() !== user.orgName.toLowerCase();
}
