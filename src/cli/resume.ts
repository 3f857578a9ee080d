import { resume } from "../tasks/resume.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { oneLine } from "./one_line.ts";
import { runTask, throwFailure } from "./run_task.ts";

/** `resume`: a target that waits or is paused goes on. */
export async function resumeCommand(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const results = await runTask(args, io, resume, { args: {} });
  const done = results.flatMap(({ target, result }) =>
    result === undefined
      ? []
      : [{ target, ...result as { was: string | null } }]
  );
  if (args.values.json === true) io.print(JSON.stringify(done));
  else {
    for (const { target, was } of done) {
      io.print(
        was === null
          ? `${target}: goes on; nothing kept it`
          : `${target}: goes on; it stood still: ${oneLine(was)}`,
      );
    }
  }
  throwFailure(results);
  return EXIT.done;
}
