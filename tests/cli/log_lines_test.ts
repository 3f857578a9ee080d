/** What a run logs: a line for each thing that happened, none per event. */
import { assert, assertEquals } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { startWorld } from "./world.ts";

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

async function linesOf(count: number): Promise<Line[]> {
  const objects = Array.from(
    { length: count },
    (_none, at) => indicator(at + 1),
  );
  await using world = await startWorld(objects);
  const { code, err } = await world.relay(["run", "--once"], {
    RELAY_LOG_LEVEL: "info",
  });
  assertEquals(code, 0, err);
  return err.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("a run logs as many lines for 200 events as for 2", async () => {
  const [few, many] = [await linesOf(2), await linesOf(200)];
  const messages = (lines: Line[]) =>
    lines.map(({ message }) => message)
      // Once a second while there is something to catch up.
      .filter((message) => !/^(catching|caught) up$/.test(message)).toSorted();
  assertEquals(messages(many), messages(few));
  assert(few.some(({ message }) => message === "connected to OpenCTI"));
  for (const { time, level, message } of many) {
    assert(!Number.isNaN(Date.parse(time)));
    assert(["info", "warn", "error"].includes(level));
    assert(message.length > 0 && !message.includes("\n"));
  }
});
