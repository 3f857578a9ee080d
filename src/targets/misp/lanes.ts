/** Work side by side, bounded by how much is in hand. */

/** Objects of all containers in hand together. */
const MAX_IN_HAND = 4_000;
/** A container weighs at least so much: at most four at once. */
const LEAST_WEIGHT = 1_000;

/**
 * Runs the work of each item, those with many objects alone and small ones up
 * to four at a time. Waits for all of them before it throws the first error.
 */
export async function inLanes<Item>(
  items: Iterable<Item>,
  sizeOf: (item: Item) => number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Map<Promise<void>, number>();
  const errors: unknown[] = [];
  const inHand = () => [...running.values()].reduce((sum, one) => sum + one, 0);
  for (const item of items) {
    if (errors.length > 0) break;
    const weight = Math.min(MAX_IN_HAND, Math.max(LEAST_WEIGHT, sizeOf(item)));
    while (inHand() + weight > MAX_IN_HAND) await Promise.race(running.keys());
    const run: Promise<void> = work(item)
      .catch((error) => void errors.push(error))
      .finally(() => running.delete(run));
    running.set(run, weight);
  }
  await Promise.all(running.keys());
  if (errors.length > 0) throw errors[0];
}
