import { ConfigError, RejectedError, TransientError } from "../errors.ts";
import { type Comparison, driftOf } from "../pipeline/compare.ts";
import type { Fault, FaultCount, Suspect } from "../state/comparison_table.ts";
import { Beside, targetsOf } from "./beside.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { withComparison } from "./compare_target.ts";
import { stopSignals } from "./run.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { singleLine } from "./single_line.ts";

/** What became of one target, as `--json` prints it. */
export interface VerifyResult {
  readonly target: string;
  /** True: nothing is missing, different or too much. */
  readonly clean: boolean;
  /** Absent where a side could not be read. */
  readonly comparison?: Comparison;
  /** How the objects were read. */
  readonly source?: "database" | "stream";
  /** Why it could not be compared. */
  readonly error?: string;
}

/** `verify`, `verify --sample N`. */
export async function verify(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const config = await loadConfigFor(args, io);
  const targets = targetsOf(config, args.values.target);
  const sample = sampleOf(args.values.sample);
  const log = logFor(config, io);
  const { signals: { stop: signal }, release } = stopSignals(io);
  const beside = await Beside.open({ config, log, now: () => io.now() });
  const results: VerifyResult[] = [];
  try {
    for (const target of targets) {
      const result = await resultOf(
        target.name,
        () =>
          withComparison(
            beside,
            target,
            { sample, signal },
            ({ comparison, objects }) =>
              Promise.resolve({
                target: target.name,
                clean: driftOf(comparison) === 0,
                source: objects.source,
                comparison,
              }),
          ),
        signal,
      );
      results.push(result);
      if (args.values.json !== true) io.print(textOf(result));
    }
  } finally {
    await beside.close();
    release();
  }
  if (args.values.json === true) io.print(JSON.stringify(results));
  return exitCode(results);
}

/** What cannot be read is a result, not the end of the others. */
async function resultOf(
  target: string,
  work: () => Promise<VerifyResult>,
  signal: AbortSignal,
): Promise<VerifyResult> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) {
      return { target, clean: false, error: "stopped before the end" };
    }
    const isOurs = error instanceof ConfigError ||
      error instanceof TransientError || error instanceof RejectedError;
    if (!isOurs) throw error;
    return { target, clean: false, error: error.message };
  }
}

function exitCode(results: readonly VerifyResult[]): number {
  if (results.some(({ error }) => error !== undefined)) {
    return EXIT.connectivity;
  }
  return results.every(({ clean }) => clean) ? EXIT.done : EXIT.drift;
}

function sampleOf(value: string | boolean | undefined): number | undefined {
  if (value === undefined) return undefined;
  const sample = Number(value);
  if (Number.isSafeInteger(sample) && sample > 0) return sample;
  throw new ConfigError(
    `--sample ${JSON.stringify(value)} is not a number of objects; use a ` +
      "whole number above 0",
  );
}

const FAULTS: readonly Fault[] = ["missing", "stale", "extra"];

function textOf({ target, comparison, error, source }: VerifyResult): string {
  if (comparison === undefined) {
    return `${target}: cannot be compared: ${error ?? ""}`;
  }
  const { examples, faults, held, objects, sample, wanted } = comparison;
  const lines = [
    `${target}: ${amount(objects, "object")} of the stream, ` +
    `${amount(wanted, "thing")} wanted, ${count(held)} ` +
    (sample === undefined ? "there" : "of them there"),
  ];
  if (source === "stream") lines.push("  read by way of the stream itself");
  for (const fault of FAULTS) {
    const own = faults.filter((one) => one.fault === fault && !one.touched);
    if (own.length === 0) continue;
    lines.push(`  ${fault.padEnd(8)} ${own.map(kindText).join(", ")}`);
    lines.push(
      ...examples[fault].filter(({ touched }) => !touched).map(exampleText),
    );
  }
  const passing = faults.filter(({ touched }) => touched)
    .reduce((sum, one) => sum + one.count, 0);
  if (passing > 0) {
    lines.push(
      `  ${amount(passing, "thing")} changed meanwhile, or wait in the ` +
        'stream for "run": not counted as drift',
    );
  }
  if (sample !== undefined) {
    lines.push("  a sample: what is too much was not looked for");
  }
  lines.push(driftOf(comparison) === 0 ? "  in line" : "  drift");
  return lines.join("\n");
}

function kindText({ kind, count }: FaultCount): string {
  return amount(count, kind);
}

function exampleText({ fault, key, kind, name, object }: Suspect): string {
  const who = name === "" ? "" : `${name}  `;
  const owner = fault === "extra" ? "" : `  object ${object}`;
  return `           ${singleLine(`${who}${kind} ${key}${owner}`)}`;
}

function amount(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}
