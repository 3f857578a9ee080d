import { ConfigError, RejectedError, TransientError } from "../errors.ts";
import { type Comparison, driftOf } from "../pipeline/compare.ts";
import { Beside } from "./beside.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { withComparison } from "./compare_target.ts";
import { fix } from "./fix_target.ts";
import { chosenTargets } from "./run_task.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { stopSignals } from "./stop_signals.ts";
import { verifyText } from "./verify_text.ts";
import type { VerifyResult } from "./verify_result.ts";

/** `verify`, `verify --fix`, `verify --sample N`. */
export async function verify(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const config = await loadConfigFor(args, io);
  const targets = chosenTargets(config, args, undefined);
  const sample = sampleOf(args.values.sample);
  const isFix = args.values.fix === true;
  if (isFix && sample !== undefined) {
    throw new ConfigError("--fix repairs all: leave --sample out");
  }
  const log = logFor(config, io);
  const { signals: { stop: signal }, release } = stopSignals(io);
  const beside = await Beside.open({ config, log, now: () => io.now() });
  const results: VerifyResult[] = [];
  try {
    for (const target of targets) {
      const compareNow = () =>
        withComparison(
          beside,
          target,
          { sample, signal },
          ({ comparison, objects }) =>
            Promise.resolve(toResult(target.name, comparison, objects.source)),
        );
      const result = await resultOf(target.name, async () => {
        if (!isFix) return await compareNow();
        const fixed = await fix(beside, target, { args, io, signal });
        return { ...await compareNow(), fixed };
      }, signal);
      results.push(result);
      if (args.values.json !== true) io.print(verifyText(result));
    }
  } finally {
    await beside.close();
    release();
  }
  if (args.values.json === true) io.print(JSON.stringify(results));
  return exitCode(results);
}

function toResult(
  target: string,
  comparison: Comparison,
  source: "database" | "stream",
): VerifyResult {
  return { target, clean: driftOf(comparison) === 0, source, comparison };
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
