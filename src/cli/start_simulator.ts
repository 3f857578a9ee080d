import { ConfigError } from "../errors.ts";
import { type Simulator, startSimulator } from "../simulator/mod.ts";
import type { CommandArgs } from "./command.ts";

/** The simulator takes this port and the five above it. */
const LAST_PORT = 65_530;

/**
 * Starts the simulator as `--stream`, `--seed` and `--port` say.
 *
 * The generated week ends at `endsAt`, milliseconds since 1970; with `pulseMs`
 * something more happens that often.
 *
 * @throws {ConfigError} One of them is wrong, the recording cannot be read, or
 * a port is taken.
 */
export async function startSimulatorFor(
  { values }: CommandArgs,
  { endsAt = Date.now(), pulseMs }: {
    endsAt?: number;
    pulseMs?: number | undefined;
  } = {},
): Promise<Simulator> {
  const stream = typeof values.stream === "string" ? values.stream : undefined;
  const seed = wholeNumber(values.seed, "--seed") ?? 1;
  const port = wholeNumber(values.port, "--port");
  if (port !== undefined && (port < 1 || port > LAST_PORT)) {
    throw new ConfigError(
      `--port ${port} is out of range; use 1 to ${LAST_PORT}: the five above ` +
        "it are taken too",
    );
  }
  if (stream !== undefined) await assertReadable(stream);
  try {
    return await startSimulator({
      stream,
      seed,
      port,
      endsAt,
      ...(pulseMs === undefined ? {} : { pulseMs }),
    });
  } catch (error) {
    throw isAddressTaken(error)
      ? new ConfigError(
        `Cannot listen on the ports from ${port}: one of them is in use; ` +
          "choose others with --port",
        { cause: error },
      )
      : error;
  }
}

/** Opens the file once, so that what is wrong with it is told early. */
async function assertReadable(path: string): Promise<void> {
  try {
    const file = await Deno.open(path);
    const { isFile } = await file.stat().finally(() => file.close());
    if (isFile) return;
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new ConfigError(
      `Cannot read the recorded stream ${JSON.stringify(path)}: ` +
        error.message,
      { cause: error },
    );
  }
  throw new ConfigError(
    `Cannot read the recorded stream ${JSON.stringify(path)}: it is no file`,
  );
}

/** What a path can be wrong about; anything else is a bug. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && Object.hasOwn(Deno.errors, error.name);
}

function isAddressTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ["EADDRINUSE", "EACCES"].includes(
    (error as Error & { code?: string }).code ?? "",
  ) || error instanceof Deno.errors.AddrInUse;
}

/** The value of an option that takes a number from 0. */
function wholeNumber(
  value: string | boolean | undefined,
  name: string,
): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(String(value))) {
    throw new ConfigError(`${name} "${value}" is not a whole number`);
  }
  return Number(value);
}
