import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { startSimulatorFor } from "./start_simulator.ts";

/** `simulate`: the servers alone, until stopped. */
export async function simulate(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const simulator = await startSimulatorFor(args);
  const stopped = new Promise<void>((resolve) => io.onStop(resolve));
  io.print(
    Object.entries(simulator.env).map(([name, value]) =>
      `export ${name}=${value}`
    ).join("\n"),
  );
  io.printError(
    "The simulated OpenCTI and every simulated tool are running. Connect with " +
      "the variables above; Ctrl+C stops them.\n",
  );
  await stopped;
  await simulator.stop();
  return EXIT.done;
}
