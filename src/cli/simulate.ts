import { ConfigError } from "../errors.ts";
import { startSimulator } from "../simulator/mod.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";

/** `simulate`: the servers alone, until stopped. */
export async function simulate(
  { values }: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const port = wholeNumber(values.port, "--port");
  const simulator = await startSimulator({
    stream: typeof values.stream === "string" ? values.stream : undefined,
    seed: wholeNumber(values.seed, "--seed") ?? 1,
    port,
  });
  const stopped = new Promise<void>((resolve) => io.onStop(resolve));
  io.print(
    Object.entries(simulator.env).map(([name, value]) =>
      `export ${name}=${value}`
    ).join("\n"),
  );
  io.printError(
    "Simulated OpenCTI, Elasticsearch and Kibana are running. Connect with " +
      "the variables above; Ctrl+C stops them.\n",
  );
  await stopped;
  await simulator.stop();
  return EXIT.done;
}

/** The value of an option that takes a number from 0. */
export function wholeNumber(
  value: string | boolean | undefined,
  name: string,
): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(String(value))) {
    throw new ConfigError(`${name} "${value}" is not a whole number`);
  }
  return Number(value);
}
