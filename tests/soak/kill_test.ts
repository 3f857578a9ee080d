/** `kill -9` at random moments, again and again. */
import { assert, assertEquals } from "@std/assert";
import { type Child, pause, startChild } from "./child.ts";
import { differences, expectedFarSide, heldFarSide } from "./far_side.ts";
import { noRecording, replayRecording } from "./recording.ts";
import { deadLettersIn, startWorld, type World } from "./world.ts";

const KILLS = 50;
/** Rounds are long enough for several kills each. */
const ANSWER_MS = 4;
const BATCH_SIZE = "25";
/** From start-up to about the length of a run that has nothing behind it. */
const SOONEST_MS = 300;
const LATEST_MS = 1500;

Deno.test({
  name: `the recorded stream comes through ${KILLS} times kill -9`,
  ignore: noRecording,
  async fn() {
    const model = await replayRecording();
    const random = seeded(20_261_120);
    const perRound: number[] = [];
    let kills = 0;
    let busy = 0;
    while (kills < KILLS) {
      await using world = await startWorld();
      slowDown(world);
      let ofRound = 0;
      for (let done = false; !done;) {
        const before = bulkRequests(world);
        const child = start(world);
        const delay = SOONEST_MS + random() * (LATEST_MS - SOONEST_MS);
        done = kills >= KILLS || !await isKilled(child, delay);
        const { code, err } = await child.ended;
        if (!done) {
          kills++;
          ofRound++;
          if (bulkRequests(world) > before) busy++;
          continue;
        }
        // 5: the malformed frame, where this process was the one to meet it.
        assert(code === 0 || code === 5, `exit code ${code}: ${err}`);
      }
      perRound.push(ofRound);
      const expected = expectedFarSide(model, world.opencti.url);
      assertEquals(differences(heldFarSide(world.elastic), expected), []);
      const letters = await deadLettersIn(world.env.RELAY_STATE_PATH ?? "");
      assertEquals(letters.map(({ eventId }) => eventId), ["1795057800129-0"]);
    }
    console.log(
      `${kills} kills before the end of a run, ${busy} of them after ` +
        `its first write, in ${perRound.length} rounds: ${perRound.join(" ")}`,
    );
    assertEquals(kills, KILLS);
    assert(busy >= KILLS / 2, `only ${busy} kills found work under way`);
  },
});

function start({ env }: World): Child {
  return startChild(["run", "--once"], {
    ...env,
    ELASTIC_SECURITY_BATCH_SIZE: BATCH_SIZE,
  });
}

/** Both servers take their time, so that kills find work under way. */
function slowDown({ elastic }: World): void {
  elastic.faults.next({ do: "delay", ms: ANSWER_MS }, { times: Infinity });
}

/** False if it had ended by itself before. */
async function isKilled(child: Child, afterMs: number): Promise<boolean> {
  let over = false;
  const ended = child.ended.then(() => over = true);
  await Promise.race([ended, pause(afterMs)]);
  if (over) return false;
  child.kill("SIGKILL");
  const { signal } = await child.ended;
  return signal === "SIGKILL";
}

function bulkRequests({ elastic }: World): number {
  return elastic.requests.count("POST", "_bulk");
}

/** Numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
