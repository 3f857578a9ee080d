/**
 * Writes to the state at the given path until it is killed. Prints the number
 * of each round that is on disk.
 */
import { openState } from "../../src/state/open_state.ts";

const [path = "", kind = ""] = Deno.args;
const state = await openState(path);
const { checkpoint, rows, deadLetters } = state.target<{ round: number }>("t");
const output = new TextEncoder();
for (let round = (await checkpoint.load())?.round ?? 0;;) {
  round++;
  for (let at = 0; at < 20; at++) rows.set(["row", at], round);
  if (kind === "letters") {
    const meta = {
      at: round,
      // Every letter is replaced now and then.
      eventId: `${round % 5}`,
      action: "create",
      internalId: "i",
      stixId: "indicator--i",
      type: "indicator",
      reason: "r",
      attempts: 3,
    };
    const payload = `${round}:${"é".repeat(500_000)}:${round}`;
    await deadLetters.keep([{ meta, payload }]);
  }
  await checkpoint.save({ round }, { delivered: round });
  Deno.stdout.writeSync(output.encode(`${round}\n`));
}
