import Table from "cli-table3";
import { runTargets } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { createLog } from "../observability/log.ts";
import { Progress } from "../observability/progress.ts";
import { TargetStats } from "../observability/target_stats.ts";
import type { Simulator } from "../simulator/mod.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import { internalId } from "../stix/object.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { counted, idsOf, type ToolView, toolViews } from "./demo_views.ts";
import { stopSignals } from "./run.ts";
import { startSimulatorFor } from "./start_simulator.ts";

/** Always the same week, so that the ids of one run can be asked for later. */
const WEEK_ENDS_AT = Date.UTC(2026, 2, 9, 8);

/** `demo`: everything on loopback, with a table of what arrived. */
export async function demo(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const { values } = args;
  const { stream } = values;
  const simulator = await startSimulatorFor(args, WEEK_ENDS_AT);
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
    const outcome = await carry(simulator, { folder, io, signals });
    if (typeof values.show === "string") {
      io.print(shown(simulator, values.show));
    } else if (values.json === true) {
      io.print(JSON.stringify(summaryOf(simulator, outcome), null, 2));
    } else io.print(report(simulator, outcome));
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
  { folder, io, signals }: {
    folder: string;
    io: CommandIo;
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
  progress.start();
  try {
    await runTargets({
      wiring: { config, log, now: () => simulator.now() },
      state,
      once: true,
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
    await state.close();
  }
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

/**
 * "type report has no place in X" and its like as one line, most first:
 * "has no place in X: label, report".
 */
function byReason(
  skipped: Readonly<Record<string, number>>,
): Record<string, number> {
  const groups = new Map<string, { types: string[]; count: number }>();
  const byCount = Object.entries(skipped).sort((a, b) => b[1] - a[1]);
  for (const [reason, count] of byCount) {
    const [, type, rest = reason] = /^type (\S+) (.+)$/.exec(reason) ?? [];
    const group = groups.get(rest) ?? { types: [], count: 0 };
    groups.set(rest, group);
    if (type !== undefined) group.types.push(type);
    group.count += count;
  }
  return Object.fromEntries(
    [...groups].map(([rest, { types, count }]) => [
      types.length === 0 ? rest : `${rest}: ${shortList(types)}`,
      count,
    ]),
  );
}

const LISTED = 7;

function shortList(names: readonly string[]): string {
  const rest = names.length - LISTED;
  return rest > 0
    ? `${names.slice(0, LISTED).join(", ")} and ${rest} more`
    : names.join(", ");
}

/** The largest counts, and the rest of them as one. */
function largest(counts: Readonly<Record<string, number>>): [string, number][] {
  const entries = Object.entries(counts);
  if (entries.length <= LISTED + 1) return entries;
  const rest = entries.slice(LISTED);
  return [
    ...entries.slice(0, LISTED),
    [
      `${rest.length} others`,
      rest.reduce((sum, [, count]) => sum + count, 0),
    ],
  ];
}

function report(simulator: Simulator, outcome: Outcome): string {
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
      table(groups),
      `${number(stats.events)} events; ${number(stats.superseded)} of them ` +
      "were replaced by a later one of the same object before they were sent.",
      "",
    ].join("\n");
  });
  return [
    ...sections,
    `All in ${outcome.seconds.toFixed(1)} s.`,
    "",
    `Look at one object: opencti-relay demo --show ${exampleId(simulator)}`,
  ].join("\n");
}

function table(
  groups: Readonly<Record<string, Readonly<Record<string, number>>>>,
): string {
  const rendered = new Table({
    head: ["what", "which or why", "count"],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right"],
    colWidths: [18, 64, 9],
    wordWrap: true,
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const [what, counts] of Object.entries(groups)) {
    for (const [name, count] of largest(counts)) {
      rendered.push([what, name, number(count)]);
    }
  }
  return rendered.toString();
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** The object that most tools hold something of. */
function exampleId(simulator: Simulator): string {
  const views = toolViews(simulator);
  let best = { id: "", tools: 0 };
  for (const { object } of simulator.opencti.platform.objects.byUpdate()) {
    const ids = new Set([object.id, internalId(object)]);
    const tools = views.filter((view) => isThere(view.about(ids))).length;
    if (tools > best.tools) best = { id: internalId(object), tools };
    if (tools === views.length) break;
  }
  return best.id;
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
