import { startHarfanglab } from "../../src/simulator/harfanglab/mod.ts";
import { startOpencti } from "../../src/simulator/opencti/mod.ts";
import { generateWeek } from "../../src/simulator/week/mod.ts";
import {
  extension,
  internalId,
  OCTI_EXTENSION,
  type StixObject,
} from "../../src/stix/object.ts";
import { iocsIn } from "../../src/targets/harfanglab/ioc_values.ts";
import type { Figure } from "./figures.ts";
import { startProgram } from "./load.ts";

const ENDS_AT = Date.UTC(2026, 4, 17, 18);
const CONNECTOR_ID = "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11";

/** Events that concern a HarfangLab, and the requests they would cost. */
interface OneByOne {
  events: number;
  requests: number;
}

/**
 * Requests per 1,000 events (indicators and based-on relationships) of a
 * generated week: the program's, all it asks of OpenCTI and HarfangLab, and
 * those of a connector that works one by one. That one reads the indicator from
 * OpenCTI for each event, then asks for each of its rules, and writes it.
 */
export async function measureHarfanglabRequests(
  scale: number,
): Promise<Figure[]> {
  let clock = () => ENDS_AT;
  const opencti = await startOpencti({ now: () => clock(), heartbeatMs: 200 });
  const harfanglab = await startHarfanglab({ now: () => ENDS_AT });
  try {
    const oneByOne: OneByOne = { events: 0, requests: 0 };
    const objects = new Map<string, StixObject>();
    for (const change of generateWeek({ seed: 11, endsAt: ENDS_AT, scale })) {
      clock = () => change.at;
      opencti.platform.apply(change);
      if (change.op === "create" || change.op === "update") {
        objects.set(internalId(change.object), change.object);
        count(oneByOne, change.object, objects);
      } else if (change.op === "delete") {
        const gone = objects.get(change.internalId);
        if (gone !== undefined) count(oneByOne, gone, objects);
      }
    }
    clock = () => ENDS_AT;
    const child = startProgram(["run", "--once"], {
      OPENCTI_URL: opencti.url,
      OPENCTI_TOKEN: opencti.token,
      CONNECTOR_ID,
      CONNECTOR_LIVE_STREAM_ID: opencti.streamId,
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      CONNECTOR_LOG_LEVEL: "error",
      HARFANGLAB_INTEL_URL: harfanglab.url,
      HARFANGLAB_INTEL_TOKEN: harfanglab.token,
      HARFANGLAB_INTEL_REMOVE_INDICATOR: "true",
      HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
      BENCH_NOW: String(ENDS_AT),
    });
    await child.usage;
    const asked = opencti.requests.filter(({ path }) =>
      path.startsWith("/graphql")
    ).length;
    const own = asked + harfanglab.requests.list.length;
    const per1000 = (requests: number) => requests / oneByOne.events * 1000;
    return [
      {
        name: "HarfangLab: requests per 1,000 events",
        value: per1000(own),
        unit: "requests",
      },
      {
        name: "the same, one by one as the Python connector",
        value: per1000(oneByOne.requests),
        unit: "requests",
      },
      {
        name: "HarfangLab: requests, of those one by one",
        value: own / oneByOne.requests,
        unit: "ratio",
        target: { most: 0.4 },
      },
    ];
  } finally {
    await Promise.all([opencti.stop(), harfanglab.stop()]);
  }
}

/** One read of OpenCTI, then two requests for each rule. */
function count(
  total: OneByOne,
  object: StixObject,
  objects: ReadonlyMap<string, StixObject>,
): void {
  const isBasedOn = object.type === "relationship" &&
    object.relationship_type === "based-on";
  if (object.type !== "indicator" && !isBasedOn) return;
  total.events += 1;
  total.requests += 1;
  const id = `${extension(object, OCTI_EXTENSION).source_ref}`;
  const indicator = isBasedOn ? objects.get(id) : object;
  if (indicator?.pattern_type === "stix") {
    const { sets } = iocsIn(`${indicator.pattern}`, { strict: false });
    total.requests += 2 * sets.flat().length;
  } else if (["sigma", "yara"].includes(`${indicator?.pattern_type}`)) {
    total.requests += 2;
  }
}
