/** Runs the poller until it is killed; see `sightings_kill_test.ts`. */
import { silentLog } from "../../../src/observability/log.ts";
import { openState } from "../../../src/state/open_state.ts";
import { pollSightings } from "../../../src/targets/elastic_threatintel/sightings.ts";
import { clientsOf, SETTINGS } from "./sightings_bench.ts";

const { path, now, ...servers } = JSON.parse(Deno.args[0] ?? "{}");
const clients = clientsOf(servers);
const state = await openState(path);
await pollSightings({
  elastic: clients.elastic,
  opencti: clients.opencti.sightings,
  state: state.target("soc").rows,
  log: silentLog(),
  now: () => now,
  settings: { ...SETTINGS, intervalMs: 50 },
  backoff: { baseMs: 1, maxMs: 50 },
  readBackAfterMs: 200,
}, new AbortController().signal);
