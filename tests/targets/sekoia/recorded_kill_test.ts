/** The recorded stream through a program that is killed again and again. */
import { assert } from "@std/assert";
import { startChild } from "../../soak/child.ts";
import { noRecording } from "../../soak/recording.ts";
import { until } from "../../soak/world.ts";
import { withWorld } from "./recorded.ts";

const KILLS = 12;

Deno.test({
  name: `the collection comes through ${KILLS} times kill -9`,
  ignore: noRecording,
  fn: () =>
    withWorld("json", async (world, server, env) => {
      server.settings.duplicateMode = "new_id";
      server.faults.next({ do: "delay", ms: 2 }, { times: Infinity });
      let busy = 0;
      for (let left = KILLS;; left--) {
        const before = server.requests.count("POST");
        const child = startChild(["run", "--once"], { ...world.env, ...env });
        let over = false;
        const ended = child.ended.then(({ code, err }) => {
          over = true;
          return { code, err };
        });
        // In the midst of its work, not before.
        const share = 30 + left * 17 % 90;
        if (left > 0) {
          await until(() =>
            over || server.requests.count("POST") >= before + share
          );
          child.kill("SIGKILL");
        }
        const { code, err } = await ended;
        if (server.requests.count("POST") > before) busy++;
        if (left > 0) continue;
        assert(code === 0 || code === 5, `exit code ${code}: ${err}`);
        break;
      }
      assert(busy >= KILLS, `only ${busy} kills found work under way`);
    }),
});
