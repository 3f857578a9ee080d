import { runTargets } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { createLog } from "../observability/log.ts";
import { Progress } from "../observability/progress.ts";
import { TargetStats } from "../observability/target_stats.ts";
import type { Simulator } from "../simulator/mod.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import type { Monitor } from "../status/monitor.ts";
import { startStatusServer, type StatusServer } from "../status/server.ts";
import { internalId } from "../stix/object.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { byReason, demoTable, number } from "./demo_table.ts";
import { counted, idsOf, type ToolView, toolViews } from "./demo_views.ts";
import { createMonitor } from "./generations.ts";
import { stopSignals } from "./stop_signals.ts";
import { startSimulatorFor } from "./start_simulator.ts";

/** How often something happens in a demo that goes on. */
const PULSE_MS = 700;

/** Always the same week, so that the ids of one run can be asked for later. */
const WEEK_ENDS_AT = Date.UTC(2026, 2, 9, 8);

/** `demo`: everything on loopback, with a table of what arrived. */
export async function demo(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const { values } = args;
  const { stream } = values;
  const serve = values.serve === true;
  const simulator = await startSimulatorFor(
    args,
    // A page with a clock wants a world whose clock goes.
    serve ? { pulseMs: PULSE_MS } : { endsAt: WEEK_ENDS_AT },
  );
  const { signals, release } = stopSignals(io);
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-demo-" });
  try {
    io.printError(
      stream === undefined
        ? "A week of intelligence lies in a simulated OpenCTI. Carrying it " +
          "to simulated tools ...\n"
        : `Playing "${stream}" from a simulated OpenCTI to simulated ` +
          "tools ...\n",
    );
    const outcome = await carry(simulator, { folder, io, serve, signals });
    if (typeof values.show === "string") {
      io.print(shown(simulator, values.show));
    } else if (values.json === true) {
      io.print(JSON.stringify(summaryOf(simulator, outcome), null, 2));
    } else io.print(report(simulator, outcome, args));
  } finally {
    release();
    await simulator.stop();
    await Deno.remove(folder, { recursive: true });
  }
  return EXIT.done;
}

/** What the real pipelines say of the run. */
interface Outcome {
  readonly seconds: number;
  readonly targets: readonly {
    readonly stats: TargetStats;
    readonly deadLetters: readonly { type: string; reason: string }[];
  }[];
}

async function carry(
  simulator: Simulator,
  { folder, io, serve, signals }: {
    folder: string;
    io: CommandIo;
    serve: boolean;
    signals: PipelineSignals;
  },
): Promise<Outcome> {
  const config = await loadConfig({
    explicitFile: false,
    file: `${folder}/config.yml`,
    env: { ...simulator.env, RELAY_STATE_PATH: `${folder}/relay.kv` },
    registry: io.registry,
    readTextFile: (path) => io.readTextFile(path),
  });
  const stats = config.targets.map(({ name }) => new TargetStats(name));
  const log = createLog({
    level: "error",
    format: "text",
    write: (line) => io.printError(line),
    now: () => io.now(),
  });
  const progress = new Progress(stats, {
    screen: io.screen,
    log,
    now: () => io.now(),
  });
  const state = await openState(config.state.path);
  const startedAt = performance.now();
  const monitor = createMonitor(state, io);
  monitor.watch(stats);
  const page = serve ? servePage(monitor, io) : undefined;
  monitor.start();
  progress.start();
  try {
    await runTargets({
      wiring: { config, log, now: () => simulator.now() },
      state,
      once: !serve,
      stats,
      ...signals,
    });
    return {
      seconds: (performance.now() - startedAt) / 1000,
      targets: await Promise.all(stats.map(async (stats) => ({
        stats,
        deadLetters: await Array.fromAsync(
          state.target(stats.name).deadLetters.list(),
        ),
      }))),
    };
  } finally {
    progress.stop();
    await page?.stop();
    await monitor.stop();
    await state.close();
  }
}

function servePage(monitor: Monitor, io: CommandIo): StatusServer {
  const page = startStatusServer({
    address: "127.0.0.1:0",
    access: () => ({ hosts: [], token: undefined }),
    status: () => monitor.status(),
  });
  io.printError(`Status page: ${page.url}/ - Ctrl+C ends the demo.\n`);
  return page;
}

/** What arrived, what did not and why, target by target. */
function summaryOf(simulator: Simulator, { seconds, targets }: Outcome) {
  const views = toolViews(simulator);
  return {
    seconds: Number(seconds.toFixed(1)),
    targets: Object.fromEntries(targets.map(({ stats, deadLetters }) => [
      stats.name,
      {
        events: stats.events,
        ...views.find(({ target }) => target === stats.name)?.counts(),
        skipped: Object.fromEntries(stats.skipped),
        superseded: stats.superseded,
        deadLetters: counted(deadLetters.map(({ reason }) => reason)),
      },
    ])),
  };
}

function report(
  simulator: Simulator,
  outcome: Outcome,
  args: CommandArgs,
): string {
  const views = toolViews(simulator);
  const sections = outcome.targets.map(({ stats, deadLetters }) => {
    const view = views.find(({ target }) => target === stats.name);
    const groups = {
      ...view?.counts(),
      skipped: byReason(Object.fromEntries(stats.skipped)),
      "dead letters": counted(deadLetters.map(({ reason }) => reason)),
    };
    return [
      `${stats.name}: ${view?.tool ?? ""}`,
      demoTable(groups),
      `${number(stats.events)} events; ${number(stats.superseded)} of them ` +
      "were replaced by a later one of the same object before they were sent.",
      "",
    ].join("\n");
  });
  return [
    ...sections,
    `All in ${outcome.seconds.toFixed(1)} s.`,
    "",
    ...(args.values.serve === true ? [] : hints(simulator, args)),
  ].join("\n");
}

/** The object that most tools hold something of, and one that MISP holds. */
function examples(
  simulator: Simulator,
): { object: string; event: string | undefined } {
  const views = toolViews(simulator);
  const subjects = views.map((view) => view.subjects());
  let best = { id: "", tools: 0 };
  for (const { object } of simulator.opencti.platform.objects.byUpdate()) {
    const id = internalId(object);
    const tools = subjects.filter((ids) =>
      ids.has(id) || ids.has(object.id)
    ).length;
    if (tools > best.tools) best = { id, tools };
  }
  const misp = views.findIndex(({ target }) => target === "misp");
  const [event] = subjects[misp] ?? [];
  return { object: best.id, event };
}

/** How to look at what arrived of one object, in the same world as this. */
function hints(simulator: Simulator, { values }: CommandArgs): string[] {
  const { object, event } = examples(simulator);
  const program = Deno.build.standalone ? "opencti-relay" : "deno task relay";
  const options = ["seed", "stream"].map((name) =>
    values[name] === undefined ? "" : ` --${name} ${values[name]}`
  ).join("");
  const line = (what: string, id: string) =>
    `Look at ${what}: ${program} demo${options} --show ${id}`;
  return [
    ...(object === "" ? [] : [line("one object", object)]),
    ...(event === undefined ? [] : [line("one report", event)]),
  ];
}

function isThere(found: ReturnType<ToolView["about"]>): boolean {
  return Object.values(found).some((things) => things.length > 0);
}

/** Everything that arrived of one object, as JSON. */
function shown(simulator: Simulator, id: string): string {
  const ids = idsOf(simulator, id);
  const found = toolViews(simulator).flatMap((view) => {
    const things = view.about(ids);
    return isThere(things) ? [[view.target, things]] : [];
  });
  return found.length === 0
    ? `Nothing of "${id}" is in any tool: it was skipped, removed again, or ` +
      "is no id of this week."
    : JSON.stringify(Object.fromEntries(found), null, 2);
}
