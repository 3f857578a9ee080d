/** Containers of thousands of objects. */
import { assert, assertEquals } from "@std/assert";
import { domain, file, report, Stage } from "./stage.ts";

const CHILD = new URL("./large_child.ts", import.meta.url).pathname;
const MIB = 1024 * 1024;

Deno.test("an event of 20,000 attributes goes in parts, in bounded memory", async () => {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "-P=test",
      "--no-prompt",
      "--no-check",
      CHILD,
      "20000",
    ],
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, decode(stderr));
  const { peak, ...told } = JSON.parse(decode(stdout));
  assertEquals(told, {
    created: "delivered",
    attributes: 20_000,
    // 6 tags of the event stand among the elements: 1,000 at a time.
    calls: 21,
    again: 0,
    changes: 1,
    left: 19_900,
    echoes: 1,
  });
  // Both simulated sides are in it, with three copies of all objects.
  assert(peak < 800 * MIB, `${Math.round(peak / MIB)} MiB`);
});

Deno.test("objects changed 500 times in a burst are read once", async () => {
  await using stage = await Stage.start();
  const contents = Array.from(
    { length: 2_000 },
    (_none, at) => file(`f${at}`),
  );
  for (const object of contents) {
    stage.opencti.platform.objects.put(object, stage.now);
  }
  const container = report("Large", contents.slice(0, 1_800));
  stage.create(container);
  await stage.target.deliver(await stage.events(), stage.signal);
  await stage.events();
  const before = resolves(stage);
  // Changes of the container and of its contents by turns.
  const [event] = await (async () => {
    stage.update(container, { name: "changed" });
    return await stage.events();
  })();
  assert(event !== undefined);
  const changes = contents.slice(0, 499).map((object, at) => ({
    ...event,
    id: `${event.id}${at}`,
    version: event.version,
    internalId: `${(object.extensions as Json)[OCTI]?.id}`,
    object,
  }));
  const outcomes = await stage.target.deliver(
    [event, ...changes],
    stage.signal,
  );
  assertEquals(outcomes.filter(({ status }) => status !== "delivered"), []);
  assertEquals(resolves(stage) - before, 1);
});

type Json = Record<string, { id?: unknown }>;
const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
const DELIVERED = new Set(["delivered"]);

/** How often a container was read as a whole. */
function resolves({ opencti }: Stage): number {
  return opencti.requests.filter(({ body }) =>
    body.includes("query StixObject")
  ).length;
}

Deno.test("different containers go side by side, each in its own order", async () => {
  await using stage = await Stage.start({ misp: { latencyMs: 20 } });
  const containers = Array.from(
    { length: 8 },
    (_none, at) => report(`r${at}`, [domain(`host-${at}.example.net`)]),
  );
  stage.create(...containers);
  const events = await stage.events();
  const outcomes = await stage.target.deliver(events, stage.signal);
  assertEquals(new Set(outcomes.map(({ status }) => status)), DELIVERED);
  // Side by side: somebody looked before the first was added.
  const paths = stage.misp.requests.list.map(({ path }) => path);
  const firstAdd = paths.findIndex((path) => path.includes("events/add"));
  const looks = paths.slice(0, firstAdd).filter((path) =>
    path.includes("events/view")
  );
  assertEquals(looks.length, 4);
});
