/** What the tests of `src/state/` share. */

/** Runs a test in a folder of its own, which is removed afterwards. */
export async function inFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A process that writes to a state, see `writer.ts`. */
export interface Writer {
  readonly pid: number;
  /** Kills it at once; the newest round that it had acknowledged. */
  kill(): Promise<number>;
}

/** Starts a writer and waits for its first round. */
export async function startWriter(
  path: string,
  kind = "rows",
): Promise<Writer> {
  const script = new URL("writer.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--unstable-kv", script.href, path, kind],
    stdout: "piped",
  }).spawn();
  let text = "";
  const first = Promise.withResolvers<void>();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk);
      if (text.includes("\n")) first.resolve();
    }
    first.reject(new Error("the writer ended"));
  })();
  await first.promise;
  return {
    pid: child.pid,
    kill: async () => {
      child.kill("SIGKILL");
      await child.status;
      await reading;
      return Number(text.split("\n").at(-2));
    },
  };
}
