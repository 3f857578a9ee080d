import { main } from "./cli/main.ts";
import { systemIo } from "./cli/system_io.ts";

if (import.meta.main) Deno.exit(await main(Deno.args, systemIo()));
