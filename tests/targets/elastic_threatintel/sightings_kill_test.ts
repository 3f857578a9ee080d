import { assert, assertEquals } from "@std/assert";
import { startElastic } from "../../../src/simulator/elastic/mod.ts";
import { startOpencti } from "../../../src/simulator/opencti/mod.ts";
import { indicator } from "../../simulator/opencti/objects.ts";
import { seededRandom } from "../../../src/simulator/random.ts";
import { alertOf, heldBy, know, MINUTE, START } from "./sightings_bench.ts";
import { until } from "../../until.ts";

const ALERTS = 10_000;
const INDICATORS = 150;
const DAY = 24 * 60 * MINUTE;

/** How far a life of the poller comes before it is killed. */
interface Death {
  readonly at: "search" | "sighting";
  readonly after: number;
}

const random = seededRandom(20_260_302);

/** In the middle of reading, and in the middle of sending. */
const DEATHS: readonly Death[] = [
  { at: "search", after: 1 + Math.floor(random() * 5) },
  { at: "search", after: 1 + Math.floor(random() * 9) },
  { at: "search", after: 3 + Math.floor(random() * 4) },
  { at: "sighting", after: 1 },
  { at: "sighting", after: 1 + Math.floor(random() * 50) },
  { at: "sighting", after: 1 + Math.floor(random() * 20) },
];

Deno.test("pollSightings() accounts for 10,000 alerts over kill -9", async () => {
  const folder = await Deno.makeTempDir();
  let now = START;
  const elastic = await startElastic({ now: () => now });
  const opencti = await startOpencti({ now: () => now });
  const child = () =>
    startPoller({
      path: `${folder}/relay.kv`,
      now,
      elastic: elastic.url,
      apiKey: elastic.apiKey,
      opencti: opencti.url,
      token: opencti.token,
    });
  const searches = () => elastic.requests.count("POST", "/_search");
  const sent = () =>
    opencti.requests.filter(({ fields }) =>
      fields.includes("stixSightingRelationshipAdd")
    ).length;
  let poller: Deno.ChildProcess | undefined;
  try {
    const ids = Array.from(
      { length: INDICATORS },
      (_, at) => know(opencti, indicator(`i${at}`)),
    );
    // The first life fixes where reading begins.
    elastic.foreign.alert("query", { "@timestamp": "2026-03-02T10:00:00Z" });
    poller = child();
    await until(() => searches() > 0);
    await kill(poller);
    const expected = writeAlerts(ids, elastic.foreign);
    now += 2 * DAY;
    for (const { at, after } of DEATHS) {
      const count = at === "search" ? searches : sent;
      const start = count();
      poller = child();
      await until(() => count() >= start + after);
      await pause(random() * 30);
      await kill(poller);
    }
    poller = child();
    const counts = () =>
      new Map(heldBy(opencti).map(({ of, count }) => [of, count]));
    const sum = () => [...counts().values()].reduce((a, b) => a + b, 0);
    const wanted = [...expected.values()].reduce((a, b) => a + b.count, 0);
    await until(() => sum() >= wanted);
    const before = searches();
    await until(() => searches() > before + 2);
    await kill(poller);
    const held = heldBy(opencti);
    assertEquals(held.length, INDICATORS);
    for (const { of, count, first, last } of held) {
      const wanted = expected.get(of);
      assert(wanted !== undefined);
      assertEquals({ of, count }, { of, count: wanted.count });
      assertEquals(Date.parse(first), wanted.first, of);
      // A repeated sighting ends later than the one before it.
      assert(Math.abs(Date.parse(last) - wanted.last) <= DEATHS.length, of);
    }
  } finally {
    if (poller !== undefined) await kill(poller);
    await Promise.all([elastic.stop(), opencti.stop()]);
    await Deno.remove(folder, { recursive: true });
  }
});

/** Writes the alerts; what each indicator's sighting has to be. */
function writeAlerts(
  ids: readonly string[],
  foreign: Awaited<ReturnType<typeof startElastic>>["foreign"],
): Map<string, { count: number; first: number; last: number }> {
  const expected = new Map<
    string,
    { count: number; first: number; last: number }
  >();
  for (let number = 0; number < ALERTS; number++) {
    const at = START + Math.floor(random() * DAY);
    const seenAt = at - Math.floor(random() * MINUTE);
    const matches = Array.from(
      { length: 1 + Math.floor(random() * 3) },
      () => Math.floor(random() * INDICATORS),
    );
    foreign.alert(
      `alert-${number}`,
      alertOf({
        at,
        seenAt,
        matches: matches.map((one) => ({ id: ids[one]! })),
      }),
    );
    for (const one of new Set(matches)) {
      const known = expected.get(`i${one}`) ??
        { count: 0, first: Infinity, last: 0 };
      expected.set(`i${one}`, {
        count: known.count + 1,
        first: Math.min(known.first, seenAt),
        last: Math.max(known.last, seenAt),
      });
    }
  }
  return expected;
}

function startPoller(options: Record<string, unknown>): Deno.ChildProcess {
  const script = new URL("sightings_child.ts", import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      "--unstable-kv",
      script.href,
      JSON.stringify(options),
    ],
    stdout: "null",
  }).spawn();
}

async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It is dead already.
  }
  await child.status;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
