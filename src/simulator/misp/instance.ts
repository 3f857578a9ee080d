import type { BlocklistEntry, Drop, TemplateBreach } from "./logs.ts";
import { Organisations } from "./organisations.ts";
import { Tags } from "./tags.ts";
import { EventStore } from "./event_store.ts";
import { defaultRole, type Role, type RoleName } from "./roles.ts";
import type { Organisation, StoredEvent } from "./stored.ts";

/** Whether a key works, and if not, why. */
export type KeyState = "valid" | "expired" | "other-address";

/** A person or a program with a key. */
export interface User {
  readonly id: number;
  readonly email: string;
  readonly key: string;
  /** Why MISP takes the key no more. Default `valid`. */
  keyState: KeyState;
  /** Its own copy: flags may be changed at any time. */
  readonly role: Role;
  readonly org: Organisation;
}

/** What an administrator can set; may be changed while it runs. */
export interface Settings {
  /** `MISP.enableEventBlocklisting`. Default true. */
  blocklisting: boolean;
  /** `MISP.host_org_id`. Default 1. */
  hostOrgId: number;
  /** Publish through a queue of jobs. Default true. */
  backgroundJobs: boolean;
  /** Jobs wait for `runJobs()`. Default false. */
  holdJobs: boolean;
  /** Mail cannot be encrypted: `events/alert` reports an error. */
  mailBroken: boolean;
  /** `MISP.block_publishing_for_same_creator`. Default false. */
  blockPublishingForSameCreator: boolean;
  /** `MISP.default_event_distribution`. Default 1. */
  defaultDistribution: number;
  /** Organisations whose events are refused, by name. */
  blockedOrgs: readonly string[];
  /** Events that a block rule refuses. Default none. */
  blockRule: (info: string, tags: readonly string[]) => boolean;
  /** Values that an import regexp blocks. Default none. */
  importRegexp: RegExp | undefined;
}

/** Everything one MISP holds. */
export class Instance {
  readonly settings: Settings;
  readonly version: string;
  readonly lacksTypes: ReadonlySet<string>;
  readonly organisations = new Organisations();
  readonly users: User[] = [];
  readonly tags = new Tags();
  readonly store = new EventStore();
  readonly blocklist: BlocklistEntry[] = [];
  readonly drops: Drop[] = [];
  readonly breaches: TemplateBreach[] = [];
  /** UUIDs of events that subscribers were told of. */
  readonly mails: string[] = [];
  readonly #jobs: (() => void)[] = [];
  readonly #now: () => number;
  #blocklistId = 0;

  constructor(options: {
    settings: Settings;
    version: string;
    lacksTypes: ReadonlySet<string>;
    now: () => number;
  }) {
    this.settings = options.settings;
    this.version = options.version;
    this.lacksTypes = options.lacksTypes;
    this.#now = options.now;
  }

  /** Unix seconds. */
  now(): number {
    return Math.floor(this.#now() / 1000);
  }

  /** Gives an organisation one more user, with a key of its own. */
  addUser(role: RoleName, org: Organisation): User {
    const id = this.users.length + 1;
    const user: User = {
      id,
      email: `${role.toLowerCase()}${id}@misp.example`,
      key: `${role}${"SimulatedMispKey".repeat(3)}`.slice(0, 36) +
        String(id).padStart(4, "0"),
      keyState: "valid",
      role: defaultRole(role),
      org,
    };
    this.users.push(user);
    return user;
  }

  /** Whether the user belongs to the organisation that runs the instance. */
  isHostUser(user: User): boolean {
    return user.org.id === this.settings.hostOrgId;
  }

  /** Puts an event on the blocklist; false if it was there. */
  block(
    uuid: string,
    about: { info: string; orgc: string; comment: string },
  ): boolean {
    if (this.isBlocked(uuid)) return false;
    this.#blocklistId += 1;
    this.blocklist.push({
      id: this.#blocklistId,
      event_uuid: uuid,
      created: new Date(this.#now()).toISOString().slice(0, 19)
        .replace("T", " "),
      event_info: about.info,
      comment: about.comment,
      event_orgc: about.orgc,
    });
    return true;
  }

  isBlocked(uuid: string): boolean {
    return this.blocklist.some(({ event_uuid }) =>
      event_uuid === uuid.toLowerCase()
    );
  }

  /** Notes what is left out. */
  drop(event: string, what: Drop["what"], id: unknown, reason: string): void {
    this.drops.push({ event, what, id: String(id ?? ""), reason });
  }

  /** Publishes, now or as a job. */
  publish(event: StoredEvent, { mail }: { mail: boolean }): void {
    const job = () => {
      event.published = true;
      event.publish_timestamp = this.now();
      if (mail) this.mails.push(event.uuid);
    };
    const { backgroundJobs, holdJobs } = this.settings;
    if (backgroundJobs && holdJobs) this.#jobs.push(job);
    else job();
  }

  /** Works off the jobs that were held back; says how many. */
  runJobs(): number {
    const jobs = this.#jobs.splice(0);
    for (const job of jobs) job();
    return jobs.length;
  }
}

/** Site admin, or creator organisation, or creator with the right to modify. */
export function mayModify(user: User, event: StoredEvent): boolean {
  const { role } = user;
  return role.perm_site_admin ||
    role.perm_modify_org && event.orgc.id === user.org.id ||
    role.perm_modify && event.userId === user.id;
}

/** [MISP] Own events, and those that are distributed to this community. */
export function maySee(user: User, event: StoredEvent): boolean {
  return user.role.perm_site_admin || event.distribution > 0 ||
    event.org.id === user.org.id || event.orgc.id === user.org.id;
}
