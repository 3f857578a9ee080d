import type { Usage } from "./usage.ts";

/** A child process that is measured. */
export interface Child {
  /** Asks it to stop. */
  stop(): void;
  /** Resolves at its end. @throws {Error} Its exit code is not 0. */
  readonly usage: Promise<Usage>;
}

/** Starts a file of this folder in a process of its own. */
export function startChild(
  file: "program.ts" | "bare_loop.ts",
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Child {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      // All of them, to read its own peak of memory.
      "--allow-all",
      new URL(file, import.meta.url).href,
      ...args,
    ],
    env,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return {
    stop: () => child.kill("SIGTERM"),
    usage: child.output().then(({ code, stdout }) => {
      if (code !== 0) throw new Error(`"${file}" ended with code ${code}`);
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      return JSON.parse(lines.at(-1) ?? "") as Usage;
    }),
  };
}
