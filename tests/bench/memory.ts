import type { Figure } from "./figures.ts";
import { type Carrier, carry, type Run } from "./load.ts";

/** What the program's peak after many events may be of that after few. */
const MOST_RATIO = 1.2;
const BATCH_SIZE = 100;

/**
 * The peak of memory after few events and after many. A bare loop, which holds
 * nothing, shows how much of the growth is the runtime's; what the processes
 * had most of the time shows what is held.
 */
export async function measureMemory(
  counts: { few: number; many: number },
): Promise<Figure[]> {
  const program = await measureCarrier("program", counts);
  const bareLoop = await measureCarrier("bare loop", counts);
  const [judged, ...told] = program;
  return [
    { ...judged as Figure, target: { most: MOST_RATIO } },
    ...told,
    ...bareLoop,
  ];
}

async function measureCarrier(
  name: Carrier,
  counts: { few: number; many: number },
): Promise<Figure[]> {
  const few = await carry(name, counts.few, BATCH_SIZE);
  const many = await carry(name, counts.many, BATCH_SIZE);
  const after = (events: number, { maxRssKiB }: Run): Figure => ({
    name: `${name}, peak memory after ${events.toLocaleString("en-US")} events`,
    value: maxRssKiB / 1024,
    unit: "MiB",
  });
  return [
    {
      name: `${name}, peak memory after many events to that after few`,
      value: many.maxRssKiB / few.maxRssKiB,
      unit: "ratio",
    },
    {
      name: `${name}, usual memory with many events to that with few`,
      value: many.usualRssKiB / few.usualRssKiB,
      unit: "ratio",
    },
    after(counts.few, few),
    after(counts.many, many),
  ];
}
