import { ConfigError } from "../errors.ts";
import type { DeadLetter } from "../state/dead_letters.ts";
import { openStateReadOnly, type ReadOnlyState } from "../state/open_state.ts";
import {
  deadLettersDrop,
  deadLettersRetry,
  type RetryResult,
  selected,
  type Selection,
} from "../tasks/dead_letters.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { momentOf } from "./moment.ts";
import { oneLine } from "./one_line.ts";
import { chosenTargets, runTask, throwFailure } from "./run_task.ts";
import { loadConfigFor } from "./setup.ts";

const USAGE = "Usage: opencti-relay dead-letters list | show ID | " +
  "retry ID... | drop ID... [--target T]; in place of ids also --all, " +
  "--reason TEXT, --type T, --older-than 2d";

/**
 * `dead-letters list`, `show`, `retry` and `drop`.
 *
 * @returns 0, or 5 when a retried letter was refused again.
 * @throws {ConfigError} The words are wrong, or nothing is selected.
 */
export async function deadLetters(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const [name, ...ids] = args.positionals;
  switch (name) {
    case "list":
      if (ids.length > 0) break;
      return await list(args, io);
    case "show":
      if (ids.length !== 1) break;
      return await show(ids[0] ?? "", args, io);
    case "retry":
      return await retry(selectionOf(ids, args, io), args, io);
    case "drop":
      return await drop(selectionOf(ids, args, io), args, io);
  }
  throw new ConfigError(USAGE);
}

/** @throws {ConfigError} Nothing says which: all would be a surprise. */
function selectionOf(
  ids: readonly string[],
  { values }: CommandArgs,
  io: CommandIo,
): Selection {
  const { reason, type, "older-than": olderThan } = values;
  const selection: Selection = {
    ...(ids.length === 0 ? {} : { ids: [...ids] }),
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof olderThan === "string"
      ? { before: momentOf(olderThan, "--older-than", io.now()) }
      : {}),
  };
  const isAll = values.all === true;
  const isEmpty = Object.keys(selection).length === 0;
  if (isAll && !isEmpty) {
    throw new ConfigError("--all leaves nothing to select: give one of them");
  }
  if (!isAll && isEmpty) {
    throw new ConfigError(
      "Which dead letters? Give their ids, or --all, --reason, --type or " +
        "--older-than",
    );
  }
  return selection;
}

/** A letter with the target it is of. */
type Found = DeadLetter & { readonly target: string };

async function list(args: CommandArgs, io: CommandIo): Promise<number> {
  const { ids: _, ...selection } = args.values.all === true ||
      isUnselected(args)
    ? {} as Selection
    : selectionOf([], args, io);
  const found = await readState(args, io, async (state, names) => {
    const letters: Found[] = [];
    for (const target of names) {
      const { deadLetters } = state.target(target);
      for await (const letter of selected(deadLetters, selection)) {
        letters.push({ target, ...letter });
      }
    }
    return letters;
  });
  if (args.values.json === true) io.print(JSON.stringify(found));
  else if (found.length === 0) io.print("No dead letters.");
  else found.forEach((letter) => io.print(lineOf(letter)));
  return EXIT.done;
}

function isUnselected({ values }: CommandArgs): boolean {
  return ["reason", "type", "older-than"].every((name) =>
    values[name] === undefined
  );
}

function lineOf(letter: Found): string {
  const { action, at, id, reason, stixId, target } = letter;
  const what = stixId === "" ? "data that cannot be understood" : stixId;
  return `${id}  ${new Date(at).toISOString()}  ${target}  ${action}  ` +
    `${oneLine(what)}  ${oneLine(reason)}`;
}

async function show(
  id: string,
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const found = await readState(args, io, async (state, names) => {
    for (const target of names) {
      const { deadLetters } = state.target(target);
      const letter = await deadLetters.get(id);
      if (letter === undefined) continue;
      return { target, ...letter, payload: await deadLetters.payload(id) };
    }
    return undefined;
  });
  if (found === undefined) throw new ConfigError(noSuch([id]));
  const { payload = "", ...letter } = found;
  const value = parsed(payload);
  io.print(
    args.values.json === true
      ? JSON.stringify({ ...letter, payload: value })
      : JSON.stringify({ ...letter, payload: value }, null, 2),
  );
  return EXIT.done;
}

/** JSON where it is; malformed data as the text it came as. */
function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}

async function retry(
  selection: Selection,
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const results = await runTask(args, io, deadLettersRetry, {
    args: selection,
  });
  const done = results.flatMap(({ target, result }) =>
    result === undefined ? [] : [{ target, ...result as RetryResult }]
  );
  throwIfNothing(
    selection,
    results.length === done.length && !done.some(
      (one) => one.selected > 0,
    ),
  );
  if (args.values.json === true) io.print(JSON.stringify(done));
  else {
    for (const one of done) {
      io.print(
        `${one.target}: ${one.selected} selected, ${one.settled} settled, ` +
          `${one.rejected} refused again` +
          (one.malformed === 0
            ? ""
            : `; ${one.malformed} hold data that cannot be understood, which ` +
              "cannot be delivered: look at them with show, then drop them"),
      );
    }
  }
  throwFailure(results);
  return done.some(({ rejected }) => rejected > 0)
    ? EXIT.deadLetters
    : EXIT.done;
}

async function drop(
  selection: Selection,
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const results = await runTask(args, io, deadLettersDrop, { args: selection });
  const done = results.flatMap(({ target, result }) =>
    result === undefined ? [] : [{ target, ...result as { dropped: number } }]
  );
  throwIfNothing(
    selection,
    results.length === done.length && !done.some(
      ({ dropped }) => dropped > 0,
    ),
  );
  if (args.values.json === true) io.print(JSON.stringify(done));
  else {
    for (const { target, dropped } of done) {
      io.print(`${target}: ${dropped} dropped`);
    }
  }
  throwFailure(results);
  return EXIT.done;
}

/** An id that is nowhere is a mistake; a condition may select nothing. */
function throwIfNothing({ ids }: Selection, isNothing: boolean): void {
  if (ids !== undefined && isNothing) throw new ConfigError(noSuch(ids));
}

function noSuch(ids: readonly string[]): string {
  return `There is no dead letter ${ids.map((id) => `"${id}"`).join(", ")}; ` +
    "dead-letters list shows those there are";
}

async function readState<Result>(
  args: CommandArgs,
  io: CommandIo,
  read: (state: ReadOnlyState, targets: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const config = await loadConfigFor(args, io);
  const names = chosenTargets(config, args, undefined).map(({ name }) => name);
  const state = await openStateReadOnly(config.state.path);
  try {
    return await read(state, names);
  } finally {
    await state.close();
  }
}
