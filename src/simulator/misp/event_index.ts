import type { Instance } from "./instance.ts";
import { maySee } from "./instance.ts";
import { type Answer } from "./misp_error.ts";
import { type Call, ok } from "./route.ts";
import { numberOf, textOf, truthOf } from "./sent.ts";
import { showFields, showOrganisation, showTag } from "./show.ts";
import { attributesOf, type StoredEvent, type StoredTag } from "./stored.ts";

type Test = (event: StoredEvent) => boolean;
type Filter = (value: unknown, instance: Instance) => Test | undefined;

/** The filters we know, in lower case; others are ignored. Source: MISP 2.5. */
// deno-fmt-ignore
const FILTERS: Readonly<Record<string, Filter>> = {
  tag:         tagFilter,
  tags:        tagFilter,
  published:   (value) => String(value) === "2" ? undefined : ({ published }) => published === truthOf(value),
  eventid:     listFilter((event, piece) => piece.length === 36 ? event.uuid === piece : String(event.id) === piece),
  eventinfo:   listFilter((event, piece) => event.info.toLowerCase().includes(piece.toLowerCase())),
  org:         listFilter(({ orgc }, piece) => [String(orgc.id), orgc.uuid, orgc.name.toUpperCase()].includes(piece) || orgc.name.toUpperCase() === piece.toUpperCase()),
  threatlevel: listFilter((event, piece) => event.threat_level_id === piece),
  analysis:    listFilter((event, piece) => event.analysis === piece),
  distribution: listFilter((event, piece) => String(event.distribution) === piece),
  datefrom:    (value) => ({ date }) => date >= String(value),
  dateuntil:   (value) => ({ date }) => date <= String(value),
  timestamp:   (value) => timeFilter(value, ({ timestamp }) => timestamp),
  publish_timestamp: (value) => timeFilter(value, ({ publish_timestamp }) => publish_timestamp),
  minimal:     (value) => truthOf(value) ? (event) => [...attributesOf(event)].some(({ deleted }) => !deleted) : undefined,
};

const SORTS: readonly (keyof StoredEvent)[] = [
  "id",
  "uuid",
  "date",
  "info",
  "timestamp",
  "published",
  "publish_timestamp",
];

/**
 * `events/index`: what the user may see, filtered by `tag` and others, in
 * pages of `limit`; `X-Result-Count` says how many there are in all.
 */
export function indexEvents({ instance, user, body, named }: Call): Answer {
  const asked = settingsOf({ ...named, ...body });
  const tests = Object.entries(asked).flatMap(([name, value]) =>
    FILTERS[name]?.(value, instance) ?? []
  );
  const events = instance.store.all().filter((event) =>
    maySee(user, event) && tests.every((test) => test(event))
  );
  sortEvents(events, asked);
  const limit = numberOf(asked.limit) || events.length;
  const start = ((numberOf(asked.page) || 1) - 1) * limit;
  const rows = events.slice(start, start + limit).map((event) =>
    truthOf(asked.minimal) ? minimalRow(event) : fullRow(event)
  );
  return ok(rows, { "x-result-count": String(events.length) });
}

/** [MISP] Names in any case, with `search` before them or not. */
function settingsOf(
  sent: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [
      name.toLowerCase().replace(/^search/, ""),
      value,
    ]),
  );
}

/** Alternatives around `|`; one with `!` before it excludes. */
function listFilter(
  is: (event: StoredEvent, piece: string) => boolean,
): Filter {
  return (value) => {
    const pieces = piecesOf(value);
    if (pieces.length === 0) return undefined;
    const wanted = pieces.filter((piece) => !piece.startsWith("!"));
    const unwanted = pieces.filter((piece) => piece.startsWith("!"));
    return (event) =>
      (wanted.length === 0 || wanted.some((piece) => is(event, piece))) &&
      !unwanted.some((piece) => is(event, piece.slice(1)));
  };
}

/** As above, with `&` in the only piece for tags that must all be there. */
function tagFilter(value: unknown, { tags }: Instance): Test | undefined {
  let pieces = piecesOf(value);
  if (pieces.length === 0) return undefined;
  const [only = ""] = pieces;
  const all = pieces.length === 1 && only.includes("&");
  if (all) pieces = only.split("&");
  const find = (name: string) =>
    /^\d+$/.test(name) ? tags.byId(Number(name)) : tags.find(name);
  const wanted = pieces.filter((piece) => !piece.startsWith("!"));
  const known = wanted.map(find).filter((tag) => tag !== undefined);
  const blocked = pieces.filter((piece) => piece.startsWith("!"))
    .map((piece) => find(piece.slice(1)));
  const has = (event: StoredEvent) => (tag: StoredTag | undefined) =>
    tag !== undefined && event.tags.has(tag.id);
  return (event) =>
    !blocked.some(has(event)) &&
    (wanted.length === 0 ||
      (all ? known.every(has(event)) : true) && known.some(has(event)));
}

function timeFilter(value: unknown, of: (event: StoredEvent) => number): Test {
  const [from, to = Infinity] = (Array.isArray(value) ? value : [value])
    .map((item) => numberOf(item) ?? 0);
  return (event) => of(event) >= (from ?? 0) && of(event) <= to;
}

function piecesOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : textOf(value)?.split("|") ?? [];
  return list.flatMap((piece) => textOf(piece) || []);
}

function sortEvents(
  events: StoredEvent[],
  { sort, direction }: Readonly<Record<string, unknown>>,
): void {
  const key = SORTS.find((name) => name === sort);
  if (key === undefined) return;
  const sign = String(direction).toUpperCase() === "DESC" ? -1 : 1;
  events.sort((a, b) => {
    const [left, right] = [
      a[key] as string | number,
      b[key] as string | number,
    ];
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  });
}

function minimalRow(event: StoredEvent) {
  return {
    id: String(event.id),
    timestamp: String(event.timestamp),
    sighting_timestamp: "0",
    published: event.published,
    uuid: event.uuid,
    orgc_uuid: event.orgc.uuid,
  };
}

function fullRow(event: StoredEvent) {
  return {
    ...showFields(event),
    sighting_timestamp: "0",
    Org: showOrganisation(event.org),
    Orgc: showOrganisation(event.orgc),
    GalaxyCluster: [],
    EventTag: [...event.tags.values()].map((tag) => {
      const { id, name, colour, is_galaxy } = showTag(tag);
      return {
        id,
        event_id: String(event.id),
        tag_id: id,
        local: false,
        relationship_type: null,
        Tag: { id, name, colour, is_galaxy },
      };
    }),
  };
}
