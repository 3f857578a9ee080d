/** The program dies at every single write: what it sent is not remembered. */
import { assert, assertEquals } from "@std/assert";
import { TransientError } from "../../../src/errors.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { Bench, sigma, yara } from "./bench.ts";
import { stateOf } from "./far_side.ts";

const ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";
const OTHER_ID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/** Batches that make, change, share, replace and remove rules of all kinds. */
function story(bench: Bench): StreamEvent[][] {
  const values = (...names: string[]) => ({
    pattern: names.map((name) => `[domain-name:value = '${name}.example']`)
      .join(" OR "),
  });
  const rule = (id: string, image: string) => ({
    pattern_type: "sigma",
    pattern: sigma(id, image),
  });
  const file = (...names: string[]) => ({
    pattern_type: "yara",
    pattern: yara(...names),
  });
  return [
    [
      bench.event("a", values("one", "two")),
      bench.event("b", values("two", "three")),
      bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.7"]),
      bench.event("s", rule(ID, "a.exe")),
      bench.event("y", file("One")),
    ],
    [
      bench.update("a", values("one", "four")),
      bench.event("t", rule(ID, "b.exe")),
      bench.event("z", file("One")),
    ],
    [
      bench.update("b", { ...values("two"), revoked: true }),
      bench.update("s", rule(OTHER_ID, "a.exe")),
      bench.update("y", file("Two", "Three")),
    ],
    [
      bench.update("b", values("two", "five")),
      bench.basedOn("r", "a", ["IPv4-Addr", "203.0.113.7"], {
        action: "delete",
      }),
      bench.remove("t", rule(ID, "b.exe")),
      bench.remove("z", file("One")),
    ],
    [
      bench.remove("a", values("one", "four")),
      bench.update("y", rule("11111111-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "y.exe")),
    ],
  ];
}

/** Where the program dies, and what its next life is sent. */
interface Death {
  readonly method: string;
  /** Requests of the method that go well before it. */
  readonly skip: number;
  /**
   * True: of each object only the last event comes again, since more has
   * gathered meanwhile. False: the batch in hand comes again.
   */
  readonly isLate: boolean;
}

/** Plays the story; the state is saved after each batch, as by a checkpoint. */
async function play(
  settings: Record<string, unknown>,
  death?: Death,
): Promise<
  { state: unknown; on: unknown; count(method: string): number; hits: number }
> {
  const folder = await Deno.makeTempDir();
  const bench = await Bench.start(settings, { path: `${folder}/state.kv` });
  try {
    // Its answer never arrives: the program died before it could.
    const scripted = death &&
      bench.console.faults.next({ do: "lose-answer" }, death);
    const batches = [[], ...story(bench)];
    for (let at = 0; at < batches.length; at++) {
      for (let tries = 0;; tries++) {
        assert(tries < 5, "it does not come to an end");
        const batch = batches[at]!;
        try {
          if (tries > 0 || batch.length === 0) await bench.prepare();
          const outcomes = await bench.target.deliver(batch, bench.signal);
          if (!outcomes.some(({ status }) => status === "retry")) break;
        } catch (error) {
          if (!(error instanceof TransientError)) throw error;
        }
        // The process dies: what was staged since the last commit is lost.
        await bench.services.crash();
        bench.restart();
        if (death?.isLate) {
          batches.splice(at, Infinity, last(batches.slice(at)));
        }
      }
      await bench.services.services.state.flush();
    }
    bench.assertForeign();
    const kinds = ["IOCRule", "SigmaRule", "YaraFile"] as const;
    return {
      state: stateOf(bench.console.store),
      on: kinds.map((kind) =>
        bench.rules(kind).filter(({ enabled }) => enabled === true)
          .map(({ name, value, comment, content }) =>
            `${name ?? value} ${comment ?? content}`
          ).sort()
      ),
      count: (method) => bench.console.requests.count(method),
      hits: scripted?.hits ?? 0,
    };
  } finally {
    await bench.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The last event of each object, in order. */
function last(batches: readonly StreamEvent[][]): StreamEvent[] {
  const events = new Map<string, StreamEvent>();
  for (const event of batches.flat()) {
    events.delete(event.internalId);
    events.set(event.internalId, event);
  }
  return [...events.values()];
}

for (const remove_indicator of [true, false]) {
  const mode = remove_indicator ? "deletes" : "disables";
  for (const method of ["POST", "PATCH", "DELETE"]) {
    for (const isLate of [false, true]) {
      const when = isLate ? ", and comes back late" : "";
      Deno.test(
        `HarfanglabTarget that ${mode} survives a death at each ${method}` +
          when,
        async () => {
          const settings = { remove_indicator };
          const { state, on, count } = await play(settings);
          for (let skip = 0; skip < count(method); skip++) {
            const crashed = await play(settings, { method, skip, isLate });
            const place = `at number ${skip + 1}`;
            assertEquals(crashed.hits, 1);
            assertEquals(crashed.on, on, place);
            // What was made and unmade meanwhile need not have been there.
            if (!isLate) assertEquals(crashed.state, state, place);
          }
        },
      );
    }
  }
}

// Which events are taken together is another matter in each life.
for (const kind of ["IOC rule", "Sigma rule", "IOC rule of a relationship"]) {
  Deno.test(`HarfanglabTarget writes the ${kind} of a newer event after a death and an older event`, async () => {
    const folder = await Deno.makeTempDir();
    const bench = await Bench.start({}, { path: `${folder}/state.kv` });
    const indicator = bench.event("i", { pattern: "[url:value = 'no']" });
    const of = (action: "create" | "update") => {
      if (kind === "IOC rule of a relationship") {
        return bench.basedOn("r", "i", ["Domain-Name", "r.example"], {
          action,
        });
      }
      const more = kind === "Sigma rule"
        ? { pattern_type: "sigma", pattern: sigma(ID) }
        : { pattern: "[domain-name:value = 'a.example']" };
      return action === "create"
        ? bench.event("a", more)
        : bench.update("a", more);
    };
    try {
      await bench.prepare();
      await bench.deliver(indicator);
      const [older, newer] = [of("create"), of("update")];
      await bench.services.services.state.flush();
      bench.console.faults.next(
        { do: "status", status: 503 },
        { method: "POST", times: Infinity },
      );
      await bench.target.deliver([newer], bench.signal);
      await bench.services.crash();
      bench.console.faults.clear();
      bench.restart();
      await bench.prepare();
      await bench.deliver(older);
      await bench.deliver(newer);
      const rules = kind === "Sigma rule"
        ? bench.rules("SigmaRule")
        : bench.rules().filter(({ value }) => `${value}`.endsWith(".example"));
      assertEquals(rules.map(({ enabled }) => enabled), [true]);
    } finally {
      await bench.stop();
      await Deno.remove(folder, { recursive: true });
    }
  });
}
