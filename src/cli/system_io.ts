import { TARGETS } from "../targets/mod.ts";
import type { CommandIo } from "./command.ts";

/** The real world: standard streams, environment, signals, clock. */
export function systemIo(): CommandIo {
  const encoder = new TextEncoder();
  const printError = (text: string) => write(Deno.stderr, encoder.encode(text));
  return {
    print: (text) => write(Deno.stdout, encoder.encode(`${text}\n`)),
    printError,
    env: () => Deno.env.toObject(),
    readTextFile: (path) => Deno.readTextFile(path),
    registry: TARGETS,
    now: () => Date.now(),
    screen: Deno.stderr.isTerminal()
      ? { write: printError, columns: () => Deno.consoleSize().columns }
      : undefined,
    onStop,
    // Windows has no SIGHUP that a service manager would send.
    ...(Deno.build.os === "windows" ? {} : { onReload }),
  };
}

/** Writes all of it; a reader that went away is no reason to fail. */
function write(
  stream: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  try {
    for (let done = 0; done < bytes.length;) {
      done += stream.writeSync(bytes.subarray(done));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function onReload(listener: () => void): () => void {
  Deno.addSignalListener("SIGHUP", listener);
  return () => Deno.removeSignalListener("SIGHUP", listener);
}

function onStop(listener: () => void): () => void {
  // Windows knows SIGINT (Ctrl+C) and SIGBREAK (Ctrl+Break), not SIGTERM.
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  };
}
