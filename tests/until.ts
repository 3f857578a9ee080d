/** Waits until something holds; asks every few milliseconds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!await holds()) {
    if (performance.now() > deadline) {
      throw new Error(`still not so after ${timeoutMs} ms: ${holds}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
