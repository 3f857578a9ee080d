import { Faults } from "../server/faults.ts";
import { RequestLog } from "../server/request_log.ts";
import { serve } from "../server/server.ts";
import { addEvent } from "./capture_event.ts";
import { mispFault } from "./fault_bodies.ts";
import { eventBody } from "./event_body.ts";
import { answer, type Limits } from "./http.ts";
import { Instance, type Settings, type User } from "./instance.ts";
import type { BlocklistEntry, Drop, TemplateBreach } from "./logs.ts";
import { ROLE_NAMES, type RoleName } from "./roles.ts";
import {
  showAttribute,
  showEvent,
  showObject,
  showSighting,
  showTags,
} from "./show.ts";
import type { Organisation, StoredEvent } from "./stored.ts";

export type { RoleName } from "./roles.ts";

/** How the simulated MISP is set up. Everything has a default. */
export interface MispOptions extends Partial<Settings> {
  /** Loopback port. Default 0: any free one. */
  readonly port?: number;
  /** Sub-path of the instance, such as `/misp`. Default none. */
  readonly basePath?: string;
  /** Default `2.5.34`. */
  readonly version?: string;
  /** Epoch milliseconds; default the wall clock. */
  readonly now?: () => number;
  /** Every answer comes this much later. Default 0. */
  readonly latencyMs?: number;
  /** Larger bodies are answered with 413. Default 50 MiB. */
  readonly maxBodyBytes?: number;
  /** Statuses of the first answers, in place of the real ones. */
  readonly failNext?: readonly number[];
  /** Types that this version does not have, such as `suricata`. */
  readonly lacksTypes?: readonly string[];
  /** Events that another organisation made here, as `events/add` takes them. */
  readonly foreignEvents?: readonly Readonly<Record<string, unknown>>[];
  /** Keep the bodies of requests in `requests`. Default false. */
  readonly keepBodies?: boolean;
}

/** A running MISP. */
export interface SimulatedMisp {
  /** Base URL with the sub-path, without trailing slash. */
  readonly url: string;
  /** Of the recommended user: host organisation, role Sync user. */
  readonly apiKey: string;
  /** A key of the host organisation for each default role. */
  readonly keys: Readonly<Record<RoleName, string>>;
  /** Who holds the keys; the flags of their roles may be changed. */
  readonly users: readonly User[];
  readonly organisations: readonly Organisation[];
  /** May be changed while it runs. */
  readonly settings: Settings;
  readonly limits: Limits;
  /** What was left out without telling the client. */
  readonly drops: Drop[];
  /** Where saved objects break their templates. */
  readonly breaches: TemplateBreach[];
  readonly blocklist: BlocklistEntry[];
  /** UUIDs of events that subscribers were mailed about. */
  readonly mails: readonly string[];
  readonly requests: RequestLog;
  readonly faults: Faults;
  /** Every event as stored, with soft-deleted elements and sightings. */
  events(): StoredView[];
  /** One of them, by UUID or number. */
  event(key: string): StoredView | undefined;
  /** Names of all tags. */
  tags(): string[];
  /** One more user; `org` is a name, made if it is new. Gives the key. */
  addUser(role: RoleName, org: string): string;
  /** Works off publications that `holdJobs` held back; says how many. */
  runJobs(): number;
  stop(): Promise<void>;
}

/** An event as stored: like an answer, with the sightings beside the lists. */
export type StoredView = ReturnType<typeof viewOf>;

/** The organisation that runs the instance, and another one. */
const HOST = {
  name: "CERT",
  uuid: "5f6d5a1e-0000-4000-8000-000000000001",
  local: true,
};
const OTHER = {
  name: "Partner CSIRT",
  uuid: "5f6d5a1e-0000-4000-8000-000000000002",
  local: true,
};
const MIB = 1_048_576;

/** Starts a simulated MISP on 127.0.0.1. */
export async function startMisp(
  options: MispOptions = {},
): Promise<SimulatedMisp> {
  const instance = makeInstance(options);
  const keys = Object.fromEntries(
    instance.users.slice(0, ROLE_NAMES.length).map((user, at) => [
      ROLE_NAMES[at],
      user.key,
    ]),
  ) as Record<RoleName, string>;
  const faults = new Faults();
  for (const status of options.failNext ?? []) {
    faults.next({ do: "status", status });
  }
  const requests = new RequestLog();
  const limits = {
    maxBodyBytes: options.maxBodyBytes ?? 50 * MIB,
    latencyMs: options.latencyMs ?? 0,
  };
  const basePath = options.basePath ?? "";
  const stopping = new AbortController();
  const front = { instance, basePath, limits, stopping: stopping.signal };
  const server = await serve({
    name: "misp",
    port: options.port ?? 0,
    maxBodyBytes: 1024 * MIB,
    keepBodies: options.keepBodies ?? false,
    faults,
    faultAnswer: mispFault,
    onRequest: (seen) => void requests.list.push(seen),
    handle: (request) => answer(front, request),
  });
  return {
    ...lookInto(instance),
    url: server.url + basePath,
    apiKey: keys.syncUser,
    keys,
    limits,
    requests,
    faults,
    async stop() {
      stopping.abort();
      await server.stop();
    },
  };
}

/** The parts of the answer that look into the instance. */
function lookInto(instance: Instance) {
  const { store, organisations } = instance;
  return {
    users: instance.users,
    organisations: organisations.all(),
    settings: instance.settings,
    drops: instance.drops,
    breaches: instance.breaches,
    blocklist: instance.blocklist,
    mails: instance.mails,
    events: () => store.all().map(viewOf),
    event(key: string) {
      const event = store.find(key);
      return event && viewOf(event);
    },
    tags: () => instance.tags.all().map(({ name }) => name),
    addUser(role: RoleName, org: string) {
      const found = organisations.byName(org) ??
        organisations.add({ name: org, local: true });
      return instance.addUser(role, found).key;
    },
    runJobs: () => instance.runJobs(),
  };
}

function makeInstance(options: MispOptions): Instance {
  const instance = new Instance({
    settings: settingsOf(options),
    version: options.version ?? "2.5.34",
    lacksTypes: new Set(options.lacksTypes),
    now: options.now ?? Date.now,
  });
  const host = instance.organisations.add(HOST);
  const other = instance.organisations.add(OTHER);
  for (const role of ROLE_NAMES) instance.addUser(role, host);
  const stranger = instance.addUser("orgAdmin", other);
  for (const event of options.foreignEvents ?? []) {
    addEvent(instance, stranger, eventBody(event), "");
  }
  return instance;
}

function settingsOf(options: MispOptions): Settings {
  return {
    blocklisting: options.blocklisting ?? true,
    hostOrgId: options.hostOrgId ?? 1,
    backgroundJobs: options.backgroundJobs ?? true,
    holdJobs: options.holdJobs ?? false,
    mailBroken: options.mailBroken ?? false,
    blockPublishingForSameCreator: options.blockPublishingForSameCreator ??
      false,
    defaultDistribution: options.defaultDistribution ?? 1,
    blockedOrgs: options.blockedOrgs ?? [],
    blockRule: options.blockRule ?? (() => false),
    importRegexp: options.importRegexp,
  };
}

function viewOf(event: StoredEvent) {
  const options = { isWanted: () => true };
  return {
    ...showEvent(event, { ...options, metadata: true }),
    Tag: showTags(event.tags),
    Attribute: [...event.attributes.values()].map((attribute) =>
      showAttribute(attribute, options)
    ),
    Object: [...event.objects.values()].map((object) =>
      showObject(object, options)
    ),
    Sighting: event.sightings.map(showSighting),
  };
}
