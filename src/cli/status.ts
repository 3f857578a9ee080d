import Table from "cli-table3";
import type { RelayConfig } from "../config/load.ts";
import { plain } from "../observability/plain_text.ts";
import {
  deadLetterStatus,
  type StatusRecord,
  streamPlace,
  type TargetStatus,
} from "../observability/status.ts";
import type { Position } from "../opencti/event.ts";
import { openStateReadOnly, type ReadOnlyState } from "../state/open_state.ts";
import { askRunning } from "./ask_running.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { statusName } from "./generations.ts";
import { loadConfigFor } from "./setup.ts";
import { NO_RULES } from "./table_style.ts";

/** One target as `status` tells it; what is not known is absent. */
export type ShownTarget =
  & Pick<TargetStatus, "name">
  & Partial<Omit<TargetStatus, "name" | "series">>
  & Partial<Pick<StatusRecord, "keptAt">>;

/** What `status --json` prints. */
export interface ShownStatus {
  /** `live`: from the running program; `state`: from the state file. */
  readonly source: "live" | "state";
  readonly now: string;
  readonly targets: readonly ShownTarget[];
}

const NEWEST_LETTERS = 5;

/**
 * `status [--json]`: what the running program says where `http.address` is
 * set and answers; else what its state file holds, which is read beside it.
 *
 * @returns The exit code, 0.
 * @throws {ConfigError} There is no state file, or it cannot be read.
 */
export async function status(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const config = await loadConfigFor(args, io);
  const shown = await liveStatus(config) ?? await keptStatus(config, io);
  io.print(
    args.values.json === true
      ? JSON.stringify(shown, null, 2)
      : statusText(shown, config),
  );
  return EXIT.done;
}

async function liveStatus(
  { http }: RelayConfig,
): Promise<ShownStatus | undefined> {
  const live = http && await askRunning(http);
  if (live === undefined) return undefined;
  return {
    source: "live",
    now: live.now,
    targets: live.targets.map(({ series: _, ...target }) => target),
  };
}

async function keptStatus(
  { state: { path }, targets }: RelayConfig,
  io: CommandIo,
): Promise<ShownStatus> {
  const state = await openStateReadOnly(path);
  try {
    return {
      source: "state",
      now: new Date(io.now()).toISOString(),
      targets: await Promise.all(
        targets.map(({ name }) => keptTarget(state, name)),
      ),
    };
  } finally {
    await state.close();
  }
}

async function keptTarget(
  state: ReadOnlyState,
  name: string,
): Promise<ShownTarget> {
  const { checkpoint, deadLetters } = state.target<Position>(name);
  const record = await state.target<StatusRecord>(statusName(name))
    .checkpoint.load();
  const stored = await checkpoint.load();
  const position = streamPlace(stored?.from);
  const held = await deadLetters.count();
  const newest = await deadLetters.newest(NEWEST_LETTERS);
  return {
    ...record,
    name,
    ...(position === undefined ? {} : { position }),
    ...(stored === undefined
      ? {}
      : { recovering: stored.recoverUntil !== undefined }),
    deadLetters: deadLetterStatus(held, newest),
  };
}

/** A table for people, the last error of each target, and where it is from. */
export function statusText(
  { source, targets }: ShownStatus,
  { state: { path }, http }: Pick<RelayConfig, "state" | "http">,
): string {
  const table = new Table({
    head: COLUMNS.map(([title]) => title),
    style: { head: [], border: [] },
    colAligns: COLUMNS.map(([, align]) => align),
    chars: NO_RULES,
  });
  for (const target of targets) table.push(row(target, source));
  const kept = targets.flatMap(({ keptAt }) => keptAt ?? []).toSorted().at(-1);
  const from = source === "live"
    ? "From the running program."
    : `From the state "${path}", ` +
      (kept === undefined
        ? "which holds no counts yet."
        : `as it was at ${dateTime(kept)}. The program need not be running.`) +
      (http === undefined
        ? " Set http.address (RELAY_HTTP) to ask the program itself."
        : ` No program answers at ${http.address} as it should.`);
  return [table.toString(), ...targets.flatMap(errorLines), from].join("\n");
}

const COLUMNS: readonly (readonly [string, "left" | "right"])[] = [
  ["target", "left"],
  ["doing", "left"],
  ["position (UTC)", "left"],
  ["lag", "right"],
  ["delivered", "right"],
  ["skipped", "right"],
  ["dead letters", "right"],
];

function row(target: ShownTarget, source: ShownStatus["source"]): string[] {
  const { name, phase, position, recovering, counts, deadLetters } = target;
  const count = (value: number | undefined) =>
    value?.toLocaleString("en-US") ?? "-";
  return [
    plain(name),
    plain(phase ?? "-"),
    position === undefined
      ? recovering === true ? "reading all" : "-"
      : dateTime(position.at),
    lagText(target, source),
    count(counts?.delivered),
    count(counts?.skipped),
    count(deadLetters?.held),
  ];
}

/** What is kept was so then: nobody knows how far behind it is by now. */
function lagText(
  { keptAt, lagSeconds, recovering }: ShownTarget,
  source: ShownStatus["source"],
): string {
  if (lagSeconds === undefined) {
    return recovering === true ? "catching up" : "unknown";
  }
  const lag = span(lagSeconds);
  return source === "live" || keptAt === undefined
    ? lag
    : `${lag} at ${keptAt.slice(11, 19)}`;
}

/** "3.4 s", "12 min", "5 h 10 min", "3 d 11 h": as exact as it matters. */
export function span(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${minutes % 60} min`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function errorLines({ name, errors = [], reason }: ShownTarget): string[] {
  const [newest] = errors;
  if (newest === undefined) return [];
  const isNow = newest.reason === reason;
  return [
    `${plain(name)}: ${isNow ? "now" : `last error ${dateTime(newest.at)}`}: ` +
    plain(newest.reason),
  ];
}

/** "2026-03-03 09:00:00" */
function dateTime(iso: string): string {
  return plain(iso.slice(0, 19).replace("T", " "));
}
