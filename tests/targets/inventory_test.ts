/** What every inventory promises, tried on each target over real sockets. */
import { assert, assertEquals } from "@std/assert";
import type { StreamEvent } from "../../src/opencti/event.ts";
import type { Holding, Inventory } from "../../src/targets/target.ts";
import { extension, OCTI_EXTENSION, text } from "../../src/stix/object.ts";
import { SET_UPS, type SetUp } from "./far_sides.ts";
import { isSettled, Rig } from "./rig.ts";
import { batchOf, NOW, SAMPLE } from "./sample_events.ts";

/** The objects that are left at the end, as the platform has them. */
const LEFT = batchOf(SAMPLE).filter(({ action }) => action !== "delete")
  .map((event, at): StreamEvent => ({
    ...event,
    id: `${NOW}-0`,
    version: NOW * 1000 + 500_000 + at,
    action: "update",
    cause: "recovered",
  }));

function promise(
  name: string,
  run: (rig: Rig, inventory: Inventory, setUp: SetUp) => Promise<void>,
): void {
  for (const setUp of SET_UPS) {
    Deno.test(`inventory of ${setUp.name} ${name}`, async () => {
      const rig = await Rig.start(setUp);
      try {
        await rig.target.prepare(rig.signal);
        for (const event of SAMPLE) await rig.settle([event]);
        const { inventory } = rig.target;
        assert(inventory !== undefined, "it has no inventory");
        await run(rig, inventory, setUp);
      } finally {
        await rig.stop();
      }
    });
  }
}

async function heldOf(inventory: Inventory, rig: Rig): Promise<Holding[]> {
  return await Array.fromAsync(inventory.held(rig.signal));
}

async function wantedOf(inventory: Inventory, rig: Rig): Promise<Holding[]> {
  return (await inventory.wanted(LEFT, rig.signal)).flat();
}

/** What differs, one line each. */
function apart(
  wanted: readonly Holding[],
  held: readonly Holding[],
): string[] {
  const digests = Map.groupBy(wanted, textOf);
  const there = new Set(held.map(textOf));
  return [
    ...wanted.filter((one) => !one.optional && !there.has(textOf(one)))
      .map((one) => `missing ${textOf(one)}`),
    ...held.filter((one) => !digests.has(textOf(one)))
      .map((one) => `extra ${textOf(one)}`),
    ...held.filter((one) =>
      digests.has(textOf(one)) &&
      !digests.get(textOf(one))?.some(({ digest }) => digest === one.digest)
    ).map((one) => `stale ${textOf(one)}`),
  ];
}

function textOf({ kind, key }: Holding): string {
  return `${kind} ${key}`;
}

promise(
  "holds what is wanted, after a life of events",
  async (rig, inventory) => {
    const [wanted, held] = [
      await wantedOf(inventory, rig),
      await heldOf(inventory, rig),
    ];
    assert(held.length > 5, `${held.length}`);
    assertEquals(apart(wanted, held), []);
    for (const { kind, key } of held) {
      assert(new TextEncoder().encode(key).length <= 500, `${kind} ${key}`);
    }
  },
);

promise("finds by key what it lists", async (rig, inventory) => {
  if (inventory.find === undefined) return;
  const held = await heldOf(inventory, rig);
  const asked = held.filter((_, at) => at % 3 === 0);
  const found = await inventory.find(
    [...asked, { kind: asked[0]!.kind, key: "nothing" }],
    rig.signal,
  );
  const sorted = (list: readonly Holding[]) =>
    list.toSorted((a, b) => textOf(a) < textOf(b) ? -1 : 1);
  assertEquals(sorted(found), sorted(asked));
});

promise("names the owner of each holding", async (rig, inventory) => {
  if (inventory.ownerOf === undefined) return;
  const lists = await inventory.wanted(LEFT, rig.signal);
  const owners = new Map<string, Set<string>>();
  for (const [at, list] of lists.entries()) {
    const { internalId, object } = LEFT[at]!;
    // What a relationship asks for belongs to its indicator.
    const id = text(extension(object, OCTI_EXTENSION).source_ref) ?? internalId;
    for (const { key } of list) {
      owners.set(key, (owners.get(key) ?? new Set()).add(id));
    }
  }
  const keys = lists.slice(0, 20).flat().filter(({ optional, key }) =>
    !optional && new TextEncoder().encode(key).length < 200
  );
  for (const { key } of keys) {
    const owner = await inventory.ownerOf(key, rig.signal);
    assert(owners.get(key)?.has(owner ?? "") === true, `${key} ${owner}`);
  }
  assertEquals(await inventory.ownerOf("nothing", rig.signal), undefined);
});

promise("removes holdings and repairs objects", async (rig, inventory) => {
  const held = await heldOf(inventory, rig);
  const gone = held.filter((_, at) => at % 2 === 0);
  const outcomes = await inventory.remove(gone, rig.signal);
  assertEquals(outcomes.length, gone.length);
  assert(outcomes.every(isSettled));
  const wanted = await wantedOf(inventory, rig);
  const left = await heldOf(inventory, rig);
  const removed = new Set(gone.map(textOf));
  assertEquals(left.filter((one) => removed.has(textOf(one))), []);
  assert(apart(wanted, left).length > 0);
  assert((await inventory.repair(LEFT, rig.signal)).every(isSettled));
  // Under a new id, where the far side gives the ids.
  const again = await wantedOf(inventory, rig);
  assertEquals(apart(again, await heldOf(inventory, rig)), []);
});

promise("repairs into an empty far side, and twice", async (rig, inventory) => {
  await inventory.remove(await heldOf(inventory, rig), rig.signal);
  assertEquals(await heldOf(inventory, rig), []);
  assert((await inventory.repair(LEFT, rig.signal)).every(isSettled));
  const wanted = await wantedOf(inventory, rig);
  assertEquals(apart(wanted, await heldOf(inventory, rig)), []);
  assert((await inventory.repair(LEFT, rig.signal)).every(isSettled));
  // Written anew, where the far side tells by the time of the last change.
  const again = await wantedOf(inventory, rig);
  assertEquals(apart(again, await heldOf(inventory, rig)), []);
});
