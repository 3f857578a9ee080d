import { Buffer } from "node:buffer";
import { ElasticError } from "./errors.ts";
import { patternTest } from "./names.ts";

/** What a user or API key may do. */
export interface Privileges {
  /** Names of cluster privileges, such as `monitor`. */
  cluster: string[];
  index: { names: string[]; privileges: string[] }[];
  /** Detection rules in Kibana. */
  rules: "all" | "read" | "none";
}

/** Everything: the default. */
export const ALL_PRIVILEGES: Readonly<Privileges> = {
  cluster: ["all"],
  index: [{ names: ["*"], privileges: ["all"] }],
  rules: "all",
};

/** Who sends a request. */
export interface Principal {
  readonly name: string;
  /** Present for an API key. */
  readonly keyId?: string;
  readonly privileges: Privileges;
}

/** Privileges that each privilege includes. */
const INCLUDES: Readonly<Record<string, readonly string[]>> = {
  manage: [
    "monitor",
    "view_index_metadata",
    "maintenance",
    "create_index",
    "delete_index",
    "auto_configure",
    "manage_ilm",
    "manage_index_templates",
    "read_ilm",
    "manage_data_stream_lifecycle",
  ],
  manage_ilm: ["read_ilm"],
  write: ["index", "create", "create_doc", "delete", "auto_configure"],
  index: ["create", "create_doc"],
  create: ["create_doc"],
  view_index_metadata: [],
};

/** Transport action and granting privileges, for the text of a 403. */
const ACTIONS: Readonly<Record<string, readonly [string, string]>> = {
  monitor: ["cluster:monitor/main", "monitor,manage,all"],
  manage_index_templates: [
    "indices:admin/index_template/put",
    "manage_index_templates,manage,all",
  ],
  read_ilm: ["cluster:admin/ilm/get", "read_ilm,manage_ilm,manage,all"],
  manage_ilm: ["cluster:admin/ilm/put", "manage_ilm,manage,all"],
  read: ["indices:data/read/search", "read,all"],
  index: ["indices:data/write/index", "index,write,all"],
  create_doc: [
    "indices:data/write/index:op_type/create",
    "create_doc,create,index,write,all",
  ],
  delete: ["indices:data/write/delete", "delete,write,all"],
  create_index: ["indices:admin/create", "create_index,manage,all"],
  delete_index: ["indices:admin/delete", "delete_index,manage,all"],
  view_index_metadata: [
    "indices:admin/resolve/index",
    "view_index_metadata,manage,all",
  ],
  maintenance: ["indices:admin/refresh", "maintenance,manage,all"],
  manage: ["indices:admin/mapping/put", "manage,all"],
};

const CHALLENGES = [
  'Basic realm="security", charset="UTF-8"',
  'Bearer realm="security"',
  "ApiKey",
];

interface Secret {
  readonly secret: string;
  readonly privileges: Privileges;
}

/** The users and API keys that both servers know. */
export class Security {
  readonly users = new Map<string, Secret>();
  readonly keys = new Map<string, Secret>();

  /**
   * Who an `Authorization` header stands for.
   *
   * @throws {ElasticError} 401 `security_exception`.
   */
  authenticate(header: string | undefined, path: string): Principal {
    const [, scheme = "", value = ""] = /^(\w+)\s+(\S+)$/.exec(header ?? "") ??
      [];
    if (header === undefined || header === "") {
      throw refused(
        `missing authentication credentials for REST request [${path}]`,
      );
    }
    const [id, secret] = splitOnce(Buffer.from(value, "base64").toString());
    if (scheme.toLowerCase() === "apikey") return this.#key(id, secret);
    if (scheme.toLowerCase() === "basic") return this.#user(id, secret, path);
    throw refused(
      `missing authentication credentials for REST request [${path}]`,
    );
  }

  #key(id: string, secret: string): Principal {
    const known = this.keys.get(id);
    if (known?.secret === secret) {
      return { name: "elastic", keyId: id, privileges: known.privileges };
    }
    throw refused(
      "unable to authenticate with provided credentials and anonymous access " +
        "is not allowed for this request",
      {
        additional_unsuccessful_credentials: known === undefined
          ? `API key: unable to find apikey with id ${id}`
          : `API key: invalid credentials for API key [${id}]`,
      },
    );
  }

  #user(name: string, password: string, path: string): Principal {
    const known = this.users.get(name);
    if (known?.secret === password) {
      return { name, privileges: known.privileges };
    }
    throw refused(
      `unable to authenticate user [${name}] for REST request [${path}]`,
    );
  }
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon === -1
    ? [text, ""]
    : [text.slice(0, colon), text.slice(colon + 1)];
}

function refused(
  reason: string,
  extra: Record<string, unknown> = {},
): ElasticError {
  return new ElasticError(401, "security_exception", reason, {
    extra: { ...extra, header: { "WWW-Authenticate": CHALLENGES } },
    headers: { "www-authenticate": CHALLENGES.join(", ") },
  });
}

/** True if a list of privileges holds one, directly or by inclusion. */
export function grants(held: readonly string[], wanted: string): boolean {
  return held.some((name) =>
    name === "all" || name === wanted ||
    (Object.hasOwn(INCLUDES, name) &&
      (INCLUDES[name] ?? []).some((inner) => grants([inner], wanted)))
  );
}

/** True if the principal holds an index privilege on a name or pattern. */
export function mayOnIndex(
  { privileges }: Principal,
  index: string,
  wanted: string,
): boolean {
  return privileges.index.some((entry) =>
    grants(entry.privileges, wanted) &&
    entry.names.some((pattern) => patternTest(pattern)(index))
  );
}

/** @throws {ElasticError} 403 if the principal lacks a cluster privilege. */
export function requireCluster(principal: Principal, wanted: string): void {
  if (grants(principal.privileges.cluster, wanted)) return;
  throw unauthorized(principal, wanted, "cluster");
}

/** @throws {ElasticError} 403 if it lacks an index privilege. */
export function requireIndex(
  principal: Principal,
  index: string,
  wanted: string,
): void {
  if (mayOnIndex(principal, index, wanted)) return;
  throw unauthorized(principal, wanted, "index", index);
}

function unauthorized(
  { name, keyId }: Principal,
  wanted: string,
  kind: "cluster" | "index",
  index?: string,
): ElasticError {
  const [action, granting] = ACTIONS[wanted] ??
    [`indices:admin/${wanted}`, `${wanted},all`];
  const who = keyId === undefined
    ? `user [${name}] with effective roles [relay]`
    : `API key id [${keyId}] of user [${name}]`;
  const on = index === undefined ? "" : ` on indices [${index}]`;
  return new ElasticError(
    403,
    "security_exception",
    `action [${action}] is unauthorized for ${who}${on}, this action is ` +
      `granted by the ${kind} privileges [${granting}]`,
  );
}
