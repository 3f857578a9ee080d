import type { Instance, User } from "./instance.ts";
import type { Answer } from "./misp_error.ts";
import { roleRefused } from "./misp_error.ts";
import type { Permission } from "./roles.ts";

/** One call of a route. */
export interface Call {
  readonly instance: Instance;
  readonly user: User;
  readonly method: string;
  /** Path segments behind the action, percent-decoded. */
  readonly args: readonly string[];
  /** Path segments of the form `name:value`. */
  readonly named: Readonly<Record<string, string>>;
  /** The JSON body; empty if there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The JSON body where it is a list. */
  readonly list: readonly unknown[] | undefined;
  /** The path, as answers repeat it. */
  readonly url: string;
  /** Scheme, host and sub-path, as in `Location`. */
  readonly base: string;
}

/** One controller and action, with `admin/` before it or not. */
export interface Route {
  readonly path: string;
  /** `GET POST`. */
  readonly methods: string;
  /** What the role must have. */
  readonly needs?: Permission;
  /** What a GET of a POST route is answered: what it takes. */
  readonly describes?: {
    readonly text: string;
    readonly mandatory: readonly string[];
  };
  run(call: Call): Answer;
}

/** 200 with a body. */
export function ok(
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status: 200, body, headers };
}

/** @throws {MispError} 403, unless host organisation and `perm_add`, or admin. */
export function demandHost({ instance, user }: Call): void {
  const { role } = user;
  const allowed = role.perm_site_admin ||
    role.perm_add && instance.isHostUser(user);
  if (!allowed) throw roleRefused();
}
