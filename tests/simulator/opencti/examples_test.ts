import { assert, assertEquals } from "@std/assert";
import { Platform } from "../../../src/simulator/opencti/mod.ts";
import { connectorUser } from "../../../src/simulator/opencti/user.ts";
import { initFrame } from "../../../src/simulator/opencti/dependencies.ts";
import {
  brokenJsonFrame,
  consumerMetricsFrame,
  errorFrame,
  noRecoverFrame,
  unknownEventFrame,
} from "../../../src/simulator/opencti/odd_frames.ts";
import { SentCache } from "../../../src/simulator/opencti/view.ts";
import {
  connectedFrame,
  heartbeatFrame,
} from "../../../src/simulator/opencti/wire.ts";
import { endsOf } from "../../../src/simulator/opencti/objects.ts";
import { compareDocuments } from "../../../src/simulator/opencti/json_patch.ts";
import { internalId, type StixObject } from "../../../src/stix/object.ts";
import { sharedFile } from "./shared.ts";

interface Example {
  key: string;
  id?: string;
  event: string;
  // deno-lint-ignore no-explicit-any
  data: any;
}

const PATH = await sharedFile("reference/data/opencti-events.examples.json");

/** Keys and JSON types, one level deep. */
function shape(value: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      Array.isArray(member) ? "array" : typeof member,
    ]).sort(),
  );
}

function framesOf(platform: Platform): Example[] {
  const collection = [...platform.collections.values()][0]!;
  const view = {
    collection,
    options: {
      noDependencies: true,
      listenDelete: true,
      withInferences: false,
    },
    objects: platform.objects,
    sent: new SentCache({ now: () => 0 }),
  };
  const entry = platform.log.read({ ms: 0, seq: 0 }, 1_000).at(-1);
  return (entry?.frames(view) ?? []).map(({ bytes }) =>
    parsed(new TextDecoder().decode(bytes))
  );
}

function parsed(text: string): Example {
  const match = /^(?:id: (.*)\n)?event: (.*)\ndata: (.*)\n\n$/.exec(text);
  assert(match !== null);
  return { key: "", event: match[2]!, data: JSON.parse(match[3]!) };
}

Deno.test({
  name: "apply() writes the envelopes of the example frames",
  ignore: PATH === undefined,
  async fn() {
    const examples: Example[] = JSON.parse(await Deno.readTextFile(PATH!));
    const platform = new Platform({
      now: () => 0,
      user: connectorUser(),
      matches: (object) =>
        !examples.some(({ key, data }) =>
          key === "indicator.leaves-filter" && data.data.id === object.id &&
          object.labels === undefined && object.revoked === true
        ),
    });
    let compared = 0;
    const put = (object: StixObject) => platform.objects.put(object, 0);
    for (const { data } of examples) {
      if (data.data !== undefined && data.type === undefined) put(data.data);
    }
    for (const example of examples) {
      const { key, event, data } = example;
      if (data.type === undefined) continue;
      const at = Date.parse("2026-03-02T09:15:00.000Z");
      const object: StixObject = data.data;
      if (data.type === "create") {
        platform.objects.remove(internalId(object));
        for (const id of endsOf(object)) {
          if (platform.objects.get(id) === undefined) put({ id, type: "file" });
        }
        platform.apply({ at, op: "create", object });
      } else if (data.type === "update") {
        const before = applied(object, data.context.reverse_patch);
        put(before);
        const own = key.includes("own") ? { userId: platform.user.id } : {};
        platform.apply({ at, op: "update", object }, own);
        const { patch, reverse_patch } = framesOf(platform)[0] === undefined
          ? data.context
          : framesOf(platform).at(-1)!.data.context;
        assertEquals(patch, data.context.patch, key);
        assertEquals(reverse_patch, data.context.reverse_patch, key);
        assertEquals(compareDocuments(before, object), patch);
      } else if (data.type === "delete") {
        put(object);
        platform.apply({ at, op: "delete", internalId: internalId(object) });
      } else {
        const sources: StixObject[] = data.context.sources;
        for (const source of sources) put(source);
        put(applied(object, data.context.reverse_patch));
        const ids = sources.map(internalId);
        const into = internalId(object);
        platform.apply({ at, op: "merge", into, sources: ids });
      }
      const frame = framesOf(platform).at(-1);
      assertEquals(frame?.data.type, data.type, key);
      assertEquals(shape(frame!.data), shape(data), key);
      assertEquals(shape(frame!.data.data), shape(data.data), key);
      if (data.context !== undefined) {
        assertEquals(shape(frame!.data.context), shape(data.context), key);
      }
      assertEquals(shape(frame!.data.origin), shape(data.origin), key);
      if (!key.includes("filter")) assertEquals(frame?.event, event, key);
      compared++;
    }
    for (const key of ["dependency.create", "recovery.create"]) {
      const example = examples.find((one) => one.key === key)!;
      const referer = example.data.origin.referer;
      const { bytes } = initFrame({ ms: 1, seq: 0 }, example.data.data, {
        referer,
        table: platform.objects,
      });
      const frame = parsed(new TextDecoder().decode(bytes));
      assertEquals(frame.data, example.data, key);
      compared++;
    }
    const byKey = (key: string) => examples.find((one) => one.key === key)!;
    const bounds = {
      firstId: { ms: 1, seq: 0 },
      lastId: { ms: 1, seq: 0 },
      size: 1,
    };
    const texts: Record<string, string | Uint8Array> = {
      connected: connectedFrame(bounds, "x").bytes,
      heartbeat: heartbeatFrame({ ms: 1, seq: 0 }).bytes,
      consumer_metrics: consumerMetricsFrame("1-0"),
      "no-recover": noRecoverFrame("1-0", "s", "1-0"),
      error: errorFrame("s", "m"),
    };
    for (const [key, text] of Object.entries(texts)) {
      const frame = parsed(
        typeof text === "string" ? text : new TextDecoder().decode(text),
      );
      const { data, event } = byKey(key);
      assertEquals(frame.event, event);
      if (typeof data === "string") assertEquals(typeof frame.data, "string");
      else assertEquals(shape(frame.data), shape(data), key);
      compared++;
    }
    assertEquals(compared, examples.length);
  },
});

Deno.test("odd frames are frames", () => {
  assert(unknownEventFrame("1-0").endsWith("\n\n"));
  assert(brokenJsonFrame("1-0").startsWith("id: 1-0\nevent: create\n"));
});

/** Applies RFC 6902 operations to a copy. */
function applied(
  object: StixObject,
  // deno-lint-ignore no-explicit-any
  operations: any[],
): StixObject {
  const copy = structuredClone(object);
  for (const { op, path, value } of operations) {
    const keys = path.split("/").slice(1).map((key: string) =>
      key.replaceAll("~1", "/").replaceAll("~0", "~")
    );
    const last = keys.pop();
    // deno-lint-ignore no-explicit-any
    let holder: any = copy;
    for (const key of keys) holder = holder[key];
    if (op === "remove") {
      if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else delete holder[last];
    } else if (op === "add" && Array.isArray(holder)) {
      holder.splice(Number(last), 0, value);
    } else holder[last] = value;
  }
  return copy;
}
