/** What a role of MISP may do. */
export interface Role {
  readonly id: number;
  readonly name: string;
  perm_auth: boolean;
  perm_add: boolean;
  perm_modify: boolean;
  perm_modify_org: boolean;
  perm_publish: boolean;
  perm_sync: boolean;
  perm_site_admin: boolean;
  perm_tagger: boolean;
  perm_tag_editor: boolean;
  perm_sighting: boolean;
  perm_galaxy_editor: boolean;
}

/** The roles of a fresh installation. */
export type RoleName =
  | "admin"
  | "orgAdmin"
  | "user"
  | "publisher"
  | "syncUser"
  | "readOnly";

/** A flag of a role. */
export type Permission = Exclude<keyof Role, "id" | "name">;

const FLAGS: readonly Permission[] = [
  "perm_auth",
  "perm_add",
  "perm_modify",
  "perm_modify_org",
  "perm_publish",
  "perm_sync",
  "perm_site_admin",
  "perm_tagger",
  "perm_tag_editor",
  "perm_sighting",
  "perm_galaxy_editor",
];

/** The flags in the order above. Source: MISP 2.5 default roles. */
// deno-fmt-ignore
const ROWS: Readonly<Record<RoleName, readonly [number, string, string]>> = {
  //                            auth add mod org pub syn adm tag ted sig gal
  admin:     [1, "admin",      "  1   1   1   1   1   1   1   1   1   1   1 "],
  orgAdmin:  [2, "Org Admin",  "  1   1   1   1   1   0   0   1   1   1   1 "],
  user:      [3, "User",       "  1   1   1   1   0   0   0   1   0   1   0 "],
  publisher: [4, "Publisher",  "  1   1   1   1   1   0   0   1   0   1   0 "],
  syncUser:  [5, "Sync user",  "  1   1   1   1   1   1   0   1   1   1   1 "],
  readOnly:  [6, "Read Only",  "  1   0   0   0   0   0   0   0   0   0   0 "],
};

/** The names of all default roles. */
export const ROLE_NAMES = Object.keys(ROWS) as readonly RoleName[];

/** A fresh copy of a default role. */
export function defaultRole(role: RoleName): Role {
  const [id, name, marks] = ROWS[role];
  const bits = marks.trim().split(/\s+/);
  const flags = Object.fromEntries(
    FLAGS.map((flag, at) => [flag, bits[at] === "1"]),
  ) as Record<Permission, boolean>;
  return { id, name, ...flags };
}
