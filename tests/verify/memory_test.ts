/** The memory that a comparison takes, whatever there is to compare. */
import { assert } from "@std/assert";
import { startChild } from "../bench/child.ts";
import { NOW, startWorld } from "../cli/world.ts";
import { indicator } from "../opencti/platform.ts";

const FEW = 2_000;
const MANY = 50_000;
/** More than the 32 MiB that the table may keep, and pages of both sides. */
const MOST_GROWTH_KIB = 64 * 1024;

/** Peak of a `verify` of so many objects that are all in line. */
async function peakOf(count: number): Promise<number> {
  await using world = await startWorld([]);
  for (let number = 1; number <= count; number++) {
    world.opencti.platform.objects.put(indicator(number), NOW - 3_600_000);
  }
  const env = Object.fromEntries(
    Object.entries({ ...world.env, BENCH_NOW: `${NOW}` })
      .filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  await startChild("program.ts", ["run", "--once"], env).usage;
  const held = world.elastic.cluster
    .documents("logs-ti_custom_opencti.indicator").size;
  assert(held === count, `the run wrote ${held} documents`);
  // A drift would be another exit code, which `usage` refuses.
  const { maxRssKiB } = await startChild("program.ts", ["verify"], env).usage;
  return maxRssKiB;
}

Deno.test(`verify of ${MANY} objects takes no more memory than of ${FEW}`, async () => {
  const few = await peakOf(FEW);
  const many = await peakOf(MANY);
  console.log(
    `peak of verify: ${Math.round(few / 1024)} MiB for ${FEW} objects, ` +
      `${Math.round(many / 1024)} MiB for ${MANY}`,
  );
  assert(many - few < MOST_GROWTH_KIB, `${few} KiB, then ${many} KiB`);
});
