import Table from "cli-table3";
import { NO_RULES } from "./table_style.ts";

/** Reasons that differ in one word, which comes first in the groups. */
const ALIKE: readonly RegExp[] = [
  /^type (?<word>\S+) (?<rest>.+)$/,
  /^(?<word>[a-z0-9-]+): (?<rest>.+)$/,
  /^a pattern in (?<word>\S+) (?<rest>.+)$/,
  /^an? (?<word>\S+) (?<rest>pattern .+)$/,
];

/**
 * "type report has no place in X" and its like as one line, most first:
 * "has no place in X: label, report".
 */
export function byReason(
  skipped: Readonly<Record<string, number>>,
): Record<string, number> {
  const groups = new Map<string, { words: string[]; count: number }>();
  for (const [reason, count] of mostFirst(skipped)) {
    const { word, rest = reason } = ALIKE.map((form) =>
      form.exec(reason)?.groups
    ).find(Boolean) ?? {};
    const group = groups.get(rest) ?? { words: [], count: 0 };
    groups.set(rest, group);
    if (word !== undefined) group.words.push(word);
    group.count += count;
  }
  return Object.fromEntries(mostFirst(Object.fromEntries(
    [...groups].map(([rest, { words, count }]) => [
      words.length === 0 ? rest : `${rest}: ${shortList(words)}`,
      count,
    ]),
  )));
}

function mostFirst(
  counts: Readonly<Record<string, number>>,
): [string, number][] {
  return Object.entries(counts).sort((a, b) => b[1] - a[1]);
}

const LISTED = 5;

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
      `${rest.length} more kinds`,
      rest.reduce((sum, [, count]) => sum + count, 0),
    ],
  ];
}

/** What arrived and what did not: kind of thing, what it is like, how many. */
export function demoTable(
  groups: Readonly<Record<string, Readonly<Record<string, number>>>>,
): string {
  const rendered = new Table({
    head: ["what", "which or why", "count"],
    style: { head: [], border: [] },
    colAligns: ["left", "left", "right"],
    colWidths: [18, 64, 9],
    wordWrap: true,
    chars: NO_RULES,
  });
  for (const [what, counts] of Object.entries(groups)) {
    for (const [at, [name, count]] of largest(counts).entries()) {
      rendered.push([at === 0 ? what : "", name, number(count)]);
    }
  }
  return rendered.toString();
}

/** 1234 as people write it: 1,234. */
export function number(value: number): string {
  return value.toLocaleString("en-US");
}
