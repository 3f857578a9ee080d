/** A simulated MISP, and the platform whose containers go there. */
import { createHttpClient } from "../../../src/http/create_client.ts";
import { silentLog } from "../../../src/observability/log.ts";
import { PlatformClient } from "../../../src/opencti/client.ts";
import {
  type SimulatedMisp,
  startMisp,
  type StoredView,
} from "../../../src/simulator/misp/mod.ts";
import {
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import type { StixObject } from "../../../src/stix/object.ts";
import type { FarSide } from "../far_sides.ts";
import { NOW, WEEK } from "../sample_events.ts";
import { scriptedFaults } from "../scripted_faults.ts";

/**
 * The far side of the contract. The platform holds the last version of all
 * that the week ever held: what goes, goes by its events alone.
 */
export async function startMispSide(
  now: () => number,
  settings: Record<string, unknown>,
): Promise<FarSide> {
  const misp = await startMisp({ now });
  const opencti = await startOpencti({ now });
  for (const { object } of WEEK) opencti.platform.objects.put(object, NOW);
  const http = createHttpClient({
    url: opencti.url,
    headers: { authorization: `Bearer ${opencti.token}` },
  });
  const log = silentLog();
  const platform = new PlatformClient(http, { url: opencti.url, log });
  const { apiKey, faults, users } = misp;
  const at = users.findIndex(({ key }) => key === apiKey);
  const [user] = users.slice(at, at + 1);
  return {
    servers: { url: misp.url },
    settings: { ...settings, api_key: apiKey },
    platform,
    secrets: [apiKey],
    state: () => ({
      events: stateOf(misp),
      blocklist: misp.blocklist.map(({ event_uuid }) => event_uuid).sort(),
      references: referencesIn(opencti),
    }),
    refuseLogin: (refused) => {
      const list = users as typeof users[number][];
      if (refused) list.splice(list.indexOf(user!), 1);
      else list.push(user!);
    },
    ...scriptedFaults(faults),
    stop: async () => {
      http.close();
      await Promise.all([misp.stop(), opencti.stop()]);
    },
  };
}

/** All events, without numbers and times of MISP's own. */
export function stateOf(misp: SimulatedMisp): unknown[] {
  return misp.events().map(eventState)
    .sort((a, b) => a.uuid < b.uuid ? -1 : 1);
}

/** One event in a form that can be compared: what is there, by UUID. */
export function eventState(event: StoredView) {
  const view = event as unknown as Json;
  return {
    uuid: String(view.uuid),
    info: view.info,
    date: view.date,
    threat_level_id: view.threat_level_id,
    analysis: view.analysis,
    distribution: view.distribution,
    published: view.published,
    creator: (view.Orgc as Json).name,
    tags: tagsOf(view),
    attributes: elements(view.Attribute),
    objects: elements(view.Object).map((object): Json => ({
      ...object,
      attributes: elements(
        listOf(view.Object).find(({ uuid }) => uuid === object.uuid)?.Attribute,
      ),
    })),
    sightings: listOf(view.Sighting).map(({ uuid }) => String(uuid)).sort(),
  };
}

type Json = Record<string, unknown>;

const TOLD = [
  "uuid",
  "type",
  "category",
  "value",
  "to_ids",
  "comment",
  "object_relation",
  "name",
  "template_uuid",
  "template_version",
];

function elements(list: unknown): Json[] {
  return listOf(list).filter(({ deleted }) => deleted !== true).map((
    one,
  ): Json => ({
    ...Object.fromEntries(
      TOLD.filter((name) => name in one).map((name) => [name, one[name]]),
    ),
    tags: tagsOf(one),
  })).sort((a, b) => String(a.uuid) < String(b.uuid) ? -1 : 1);
}

function tagsOf({ Tag }: Json): string[] {
  return listOf(Tag).map(({ name }) => String(name)).sort();
}

function listOf(list: unknown): Json[] {
  return Array.isArray(list) ? list : [];
}

/** Containers with a reference to MISP, and the event it names. */
function referencesIn({ platform }: SimulatedOpencti): string[] {
  const found: string[] = [];
  for (const { object } of platform.objects.all()) {
    for (const reference of referencesOf(object)) {
      if (reference.source_name !== "MISP") continue;
      found.push(`${object.id} ${reference.external_id}`);
    }
  }
  return found.sort();
}

function referencesOf(object: StixObject): Json[] {
  return listOf(object.external_references);
}
