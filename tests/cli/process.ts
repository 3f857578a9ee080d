import { fileURLToPath } from "node:url";
import type { Result } from "./world.ts";

const ROOT = new URL("../../", import.meta.url);

/** How long a command may take before it is killed. */
const LIMIT_MS = 60_000;

/** A command that runs in a process of its own. */
export interface RelayProcess {
  /** Everything on stdout so far. */
  out(): string;
  /** Everything on stderr so far. */
  err(): string;
  /** Resolves when stdout or stderr holds the text. */
  shows(text: string): Promise<void>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<Result>;
}

/**
 * Starts the program as `deno task relay` does, with the product's
 * permissions and these variables alone.
 */
export function startRelay(
  args: readonly string[],
  { env = {}, cwd }: {
    env?: Readonly<Record<string, string | undefined>>;
    cwd?: string;
  } = {},
): RelayProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...relayArgs(), ...args],
    cwd: cwd ?? fileURLToPath(ROOT),
    clearEnv: true,
    env: { ...surroundings(), ...defined(env) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let [out, err] = ["", ""];
  let changed = Promise.withResolvers<void>();
  const collect = async (
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    add: (text: string) => void,
  ) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      add(text);
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = Promise.all([
    child.status,
    collect(child.stdout, (text) => out += text),
    collect(child.stderr, (text) => err += text),
  ]).then(([{ code }]) => {
    clearTimeout(timer);
    changed.resolve();
    return { code, out, err };
  });
  let isOver = false;
  ended.then(() => isOver = true);
  return {
    out: () => out,
    err: () => err,
    kill: (signal) => child.kill(signal),
    ended,
    async shows(text) {
      while (!out.includes(text) && !err.includes(text)) {
        if (isOver) throw new Error(`ended without "${text}": ${out}${err}`);
        await Promise.race([changed.promise, ended]);
      }
    },
  };
}

/** What stands between `deno` and the command in the task `relay`. */
function relayArgs(): string[] {
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const { tasks: { relay } } = JSON.parse(Deno.readTextFileSync(config)) as {
    tasks: { relay: { command: string } };
  };
  const [deno, run, ...flags] = relay.command.split(" ");
  const script = flags.pop();
  if (deno !== "deno" || run !== "run" || script !== "src/main.ts") {
    throw new Error(`the task relay is "${relay.command}"`);
  }
  return [
    run,
    "--config",
    config,
    ...flags,
    fileURLToPath(new URL(script, ROOT)),
  ];
}

/** What Deno itself needs of our environment. */
function surroundings(): Record<string, string> {
  const names = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "SYSTEMROOT", "TEMP"];
  return {
    ...defined(
      Object.fromEntries(names.map((name) => [name, Deno.env.get(name)])),
    ),
    NO_COLOR: "1",
  };
}

function defined(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
}
