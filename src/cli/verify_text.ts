import { driftOf } from "../pipeline/compare.ts";
import type { Fault, FaultCount, Suspect } from "../state/comparison_table.ts";
import type { Fixed } from "./fix_target.ts";
import { singleLine } from "./single_line.ts";
import type { VerifyResult } from "./verify_result.ts";

const FAULTS: readonly Fault[] = ["missing", "stale", "extra"];

/** A result in lines for a terminal. */
export function verifyText(
  { target, comparison, error, fixed, source }: VerifyResult,
): string {
  if (comparison === undefined) {
    return `${target}: cannot be compared: ${error ?? ""}`;
  }
  const { examples, faults, held, objects, sample, wanted } = comparison;
  const lines = [
    `${target}: ${amount(objects, "object")} of the stream, ` +
    `${amount(wanted, "thing")} wanted, ${count(held)} ` +
    (sample === undefined ? "there" : "of them there"),
  ];
  if (fixed !== undefined) lines.push(...fixedLines(fixed));
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

function fixedLines(fixed: Fixed): string[] {
  const { gone, kept, positioned, refused, removed, repaired } = fixed;
  const lines = [
    `  repaired ${amount(repaired, "object")}, removed ` +
    `${amount(removed, "thing")}; after that:`,
  ];
  if (refused > 0) {
    lines.push(
      `  refused by the target: ${amount(refused, "object")}, see ` +
        "dead-letters list",
    );
  }
  if (gone > 0) lines.push(`  left the stream: ${amount(gone, "object")}`);
  lines.push(...kept.map((reason) => `  not removed: ${singleLine(reason)}`));
  if (positioned) {
    lines.push("  no place in the stream was saved: it is now");
  }
  return lines;
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
