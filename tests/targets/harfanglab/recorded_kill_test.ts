/** The recorded stream through a program that is killed again and again. */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../../src/backoff.ts";
import { startChild } from "../../soak/child.ts";
import { noRecording } from "../../soak/recording.ts";
import { deadLettersIn, until } from "../../soak/world.ts";
import { CUT_FRAME, start } from "./recorded.ts";

Deno.test({
  name: "HarfangLab holds what the recorded stream says after kill -9",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    const { console, env, world } = side;
    console.faults.next({ do: "delay", ms: 3 }, { times: Infinity });
    let state = 20_261_128;
    const random = () =>
      (state = (state * 48_271) % 2_147_483_647) /
      2_147_483_647;
    let kills = 0;
    for (let done = false; !done;) {
      const before = console.requests.count("POST");
      const child = startChild(["run", "--once"], env);
      let over = false;
      const ended = child.ended.then(() => over = true);
      await until(() => over || console.requests.count("POST") > before);
      const cut = new AbortController();
      const delay = sleep(random() * 1200, cut.signal).catch(() => {});
      await Promise.race([ended, delay]);
      cut.abort();
      done = over || kills >= 15;
      if (!done) child.kill("SIGKILL");
      const { code, err, signal } = await child.ended;
      if (signal === "SIGKILL") kills++;
      else {
        assert(code === 0 || code === 5, `exit code ${code}: ${err}`);
        done = true;
      }
    }
    assert(kills >= 3, `only ${kills} kills found work under way`);
    const path = world.env.RELAY_STATE_PATH ?? "";
    const letters = await deadLettersIn(path, "harfanglab");
    assertEquals(letters.map(({ eventId }) => eventId), [CUT_FRAME]);
    await side.assertRight();
  },
});
