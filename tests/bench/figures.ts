import Table from "cli-table3";

/** One figure of the benchmark. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** "ratio", "ms", "events/s", ... */
  readonly unit: string;
  /** Absent: told, not judged. */
  readonly target?: { readonly least: number } | { readonly most: number };
}

/** Whether a figure is as it has to be; `undefined` where nothing is asked. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return "least" in target ? value >= target.least : value <= target.most;
}

/** The figures as a table for a person. */
export function toTable(figures: readonly Figure[]): string {
  const table = new Table({
    head: ["figure", "value", "unit", "target", ""],
    style: { head: [], border: [] },
    colAligns: ["left", "right", "left", "left", "left"],
  });
  for (const figure of figures) {
    const { name, unit, target } = figure;
    table.push([
      name,
      shown(figure),
      unit,
      target === undefined
        ? ""
        : "least" in target
        ? `>= ${target.least}`
        : `<= ${target.most}`,
      { true: "ok", false: "missed", undefined: "" }[`${isMet(figure)}`],
    ]);
  }
  return table.toString();
}

function shown({ value, unit }: Figure): string {
  const digits = unit === "ratio" ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The middle one; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  return (quantile(values, 0.5, Math.floor) +
    quantile(values, 0.5, Math.ceil)) /
    2;
}

/** The smallest value that at least this share does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  return quantile(values, share, Math.ceil);
}

function quantile(
  values: readonly number[],
  share: number,
  round: (place: number) => number,
): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[round((sorted.length - 1) * share)] ?? NaN;
}
