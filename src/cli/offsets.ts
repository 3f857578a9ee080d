import { ConfigError } from "../errors.ts";
import type { Position } from "../opencti/event.ts";
import { idAt, idMs } from "../opencti/event_id.ts";
import { openStateReadOnly } from "../state/open_state.ts";
import { offsetsReset, offsetsSet, replay } from "../tasks/offsets.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { eventIdOf } from "./moment.ts";
import { chosenTargets, runTask, throwFailure } from "./run_task.ts";
import { loadConfigFor } from "./setup.ts";

const USAGE = "Usage: opencti-relay offsets show | set ID|DATE | reset " +
  "[--target T]";

/**
 * `offsets show`, `offsets set ID|DATE` and `offsets reset`.
 *
 * @returns The exit code.
 * @throws {ConfigError} The words are wrong.
 */
export async function offsets(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const [name, at, ...rest] = args.positionals;
  const words = args.positionals.length;
  if (name === "show" && words === 1) return await show(args, io);
  if (name === "set" && at !== undefined && rest.length === 0) {
    const id = eventIdOf(at, "offsets set", io.now());
    return await move(args, io, offsetsSet, { id });
  }
  if (name === "reset" && words === 1) {
    return await move(args, io, offsetsReset, {});
  }
  throw new ConfigError(USAGE);
}

/** `replay --since ISO date | 2d | event id`. */
export async function replayCommand(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const { since } = args.values;
  if (typeof since !== "string") {
    throw new ConfigError(
      "Usage: opencti-relay replay --since DATE|2d|ID [--target T]",
    );
  }
  const id = eventIdOf(since, "--since", io.now());
  // The stream goes on after a position: this event itself is meant too.
  return await move(args, io, replay, { id: idAt(idMs(id), -1) });
}

async function move(
  args: CommandArgs,
  io: CommandIo,
  task: Parameters<typeof runTask>[2],
  taskArgs: unknown,
): Promise<number> {
  const results = await runTask(args, io, task, { args: taskArgs });
  const moved = results.flatMap(({ target, result }) =>
    result === undefined ? [] : [{ target, ...result as Moved }]
  );
  if (args.values.json === true) io.print(JSON.stringify(moved));
  else for (const line of moved) io.print(movedText(line));
  throwFailure(results);
  return EXIT.done;
}

interface Moved {
  readonly before?: Position | null;
  readonly after: Position | null;
}

function movedText(
  { target, before, after }: Moved & { readonly target: string },
): string {
  if (after === null) {
    return `${target}: nothing was read yet; the first run reads everything`;
  }
  const from = before?.from;
  return from === after.from
    ? `${target}: stays at ${positionText(after)}`
    : `${target}: from ${before ? positionText(before) : "nowhere"} to ` +
      positionText(after);
}

async function show(args: CommandArgs, io: CommandIo): Promise<number> {
  const config = await loadConfigFor(args, io);
  const targets = chosenTargets(config, args, undefined);
  const state = await openStateReadOnly(config.state.path);
  try {
    const found = [];
    for (const { name } of targets) {
      const position = await state.target<Position>(name).checkpoint.load();
      found.push({ target: name, position: position ?? null });
    }
    if (args.values.json === true) io.print(JSON.stringify(found));
    else {
      for (const { target, position } of found) {
        const text = position === null
          ? "nothing was read yet"
          : positionText(position);
        io.print(`${target}: ${text}`);
      }
    }
  } finally {
    await state.close();
  }
  return EXIT.done;
}

/** "1795057800129-0 (2026-11-19T04:50:00.129Z)". */
function positionText({ from, recoverUntil }: Position): string {
  const date = idMs(from) === 0
    ? "the beginning"
    : new Date(idMs(from)).toISOString();
  return `${from} (${date})` +
    (recoverUntil === undefined
      ? ""
      : `, reading the database up to ${recoverUntil}`);
}
