import { main } from "../../src/cli/main.ts";
import { fakeIo } from "../cli/fake_io.ts";

/** What one run of the program said. */
export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line against nothing but what is given. */
export async function runMain(
  argv: readonly string[],
  { env, files = {}, now, onStop = () => {} }: {
    env: Record<string, string>;
    files?: Record<string, string>;
    now: () => number;
    /** Is handed what stops the run, as a signal does. */
    onStop?: (stop: () => void) => void;
  },
): Promise<Run> {
  const io = fakeIo({
    variables: env,
    files,
    now,
    onStop: (stop) => {
      onStop(stop);
      return () => {};
    },
  });
  const code = await main(argv, io);
  return { code, out: io.out.join("\n"), err: io.err.join("\n") };
}
