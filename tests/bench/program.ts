/**
 * The program as it is, in a process of its own: arguments as on the command
 * line, the clock pinned to `BENCH_NOW` where that is set.
 */
import { main } from "../../src/cli/main.ts";
import { systemIo } from "../../src/cli/system_io.ts";
import { watchUsage } from "./usage.ts";

const pinned = Deno.env.get("BENCH_NOW");
const usage = watchUsage();
const io = systemIo();
const code = await main(
  Deno.args,
  pinned === undefined ? io : { ...io, now: () => Number(pinned) },
);
usage.print();
Deno.exit(code);
