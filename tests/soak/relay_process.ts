/**
 * The program as a process of its own, with the clock standing at RELAY_NOW
 * (milliseconds since 1970): to be killed and to be sent signals.
 */
import { main } from "../../src/cli/main.ts";
import { systemIo } from "../../src/cli/system_io.ts";

const now = Number(Deno.env.get("RELAY_NOW"));
Deno.exit(await main(Deno.args, { ...systemIo(), now: () => now }));
