import Table from "cli-table3";
import { runTargets } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { createLog } from "../observability/log.ts";
import { Progress } from "../observability/progress.ts";
import { TargetStats } from "../observability/target_stats.ts";
import type { Simulator } from "../simulator/mod.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
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
          "to a simulated Elastic Security ...\n"
        : `Playing "${stream}" from a simulated OpenCTI to a simulated ` +
          "Elastic Security ...\n",
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

/** What the real pipeline says of the run. */
interface Outcome {
  readonly stats: TargetStats;
  readonly seconds: number;
  readonly deadLetters: readonly { type: string; reason: string }[];
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
    const store = state.target(config.targets[0]?.name ?? "");
    return {
      stats: stats[0] as TargetStats,
      seconds: (performance.now() - startedAt) / 1000,
      deadLetters: await Array.fromAsync(store.deadLetters.list()),
    };
  } finally {
    progress.stop();
    await state.close();
  }
}

/** The index the simulated documents are in: the default of the settings. */
const INDEX = "logs-ti_custom_opencti.indicator";

interface ThreatSource {
  readonly threat?: { readonly indicator?: Record<string, unknown> };
  readonly opencti?: Record<string, unknown>;
}

function documentsOf({ elastic }: Simulator): [string, ThreatSource][] {
  return [...elastic.cluster.documents(INDEX)].map((
    [id, { source }],
  ) => [id, source as ThreatSource]);
}

/** Counts by what they are, most first. */
function summaryOf(simulator: Simulator, outcome: Outcome) {
  const documents = documentsOf(simulator).map(([, source]) =>
    String(source.threat?.indicator?.type ?? "unknown")
  );
  const rules = simulator.elastic.rules().map((rule) => String(rule.language));
  return {
    events: outcome.stats.events,
    seconds: Number(outcome.seconds.toFixed(1)),
    documents: counted(documents),
    rules: counted(rules),
    skipped: Object.fromEntries(outcome.stats.skipped),
    superseded: outcome.stats.superseded,
    deadLetters: counted(outcome.deadLetters.map(({ reason }) => reason)),
  };
}

function counted(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

/**
 * "type report has no place in X" and its like as one line, most first:
 * "type label, report has no place in X".
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
      types.length === 0 ? rest : `${rest}: ${types.join(", ")}`,
      count,
    ]),
  );
}

function report(simulator: Simulator, outcome: Outcome): string {
  const summary = summaryOf(simulator, outcome);
  const table = new Table({
    head: ["what", "where or why", "count"],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right"],
    colWidths: [14, 68, 9],
    wordWrap: true,
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  const groups: [string, Record<string, number>, string][] = [
    ["documents", summary.documents, "threat.indicator.type "],
    ["rules", summary.rules, "language "],
    ["skipped", byReason(summary.skipped), ""],
    ["dead letters", summary.deadLetters, ""],
  ];
  for (const [what, counts, prefix] of groups) {
    for (const [name, count] of Object.entries(counts)) {
      table.push([what, `${prefix}${name}`, count.toLocaleString("en-US")]);
    }
  }
  const example = documentsOf(simulator)
    .find(([, { opencti }]) => opencti?.indicator_name !== undefined)?.[1];
  const id = String(example?.opencti?.internal_id ?? "");
  return [
    table.toString(),
    `${
      summary.events.toLocaleString("en-US")
    } events in ${summary.seconds} s; ` +
    `${
      summary.superseded.toLocaleString("en-US")
    } of them were replaced by a ` +
    "later one of the same object before they were sent.",
    "",
    `Look at one of them: opencti-relay demo --show ${id}`,
  ].join("\n");
}

/** Everything that arrived of one object, as JSON. */
function shown(simulator: Simulator, id: string): string {
  const documents = documentsOf(simulator).filter(([documentId, source]) => {
    const { internal_id, standard_id } = source.opencti ?? {};
    return [documentId, internal_id, standard_id].includes(id);
  });
  const rules = simulator.elastic.rules().filter((rule) =>
    rule.rule_id === id || rule.rule_id === `opencti-${id}` || rule.id === id
  );
  if (documents.length + rules.length === 0) {
    return `Nothing of "${id}" is in Elastic Security: it was skipped, ` +
      "removed again, or is no id of this week.";
  }
  return JSON.stringify(
    {
      documents: documents.map(([_id, _source]) => ({ _id, _source })),
      rules,
    },
    null,
    2,
  );
}
