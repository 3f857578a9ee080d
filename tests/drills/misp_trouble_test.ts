import { assert, assertEquals, assertMatch } from "@std/assert";
import { startRunning } from "../soak/running.ts";
import { relay, until } from "../soak/world.ts";
import { assertInLine, repair } from "./drill.ts";
import { COUNT, inStep, MispDrill } from "./misp_drill.ts";

Deno.test("drill: MISP is down while much changes", async () => {
  await using drill = await MispDrill.start();
  await using running = startRunning(["run"], drill.env);
  await drill.untilHeld(COUNT);
  const { faults, requests } = drill.world.misp;
  const outage = faults.next({ do: "status", status: 503 }, {
    times: Infinity,
  });
  const [first, second] = drill.reports;
  drill.create("Report 10");
  drill.rename(first!, "Renamed");
  drill.remove(second!);
  const before = requests.list.length;
  await until(() => requests.list.length > before);
  assertEquals(drill.names().length, COUNT);
  outage.remove();
  const names = ["Renamed", "Report 10", "Report 2", "Report 3"];
  await until(() => `${drill.names()}` === `${names}`);
  await drill.untilHeld(COUNT);
  await running.stop();
  await inStep(drill);
  await assertInLine(drill);
});

Deno.test("drill: the key of MISP is revoked and replaced", async () => {
  await using drill = await MispDrill.start();
  await using running = startRunning(["run"], drill.env);
  await drill.untilHeld(COUNT);
  const { misp } = drill.world;
  const users = misp.users as (typeof misp.users[number])[];
  users.splice(users.findIndex(({ key }) => key === misp.apiKey), 1);
  const [first, second] = drill.reports;
  drill.create("Report 10");
  drill.rename(first!, "Renamed");
  drill.remove(second!);
  await until(() => running.err().includes("login refused, target paused"));
  const refused = await relay(["verify"], drill.env);
  assertEquals(refused.code, 3);
  assertMatch(refused.out, /MISP refuses the login in "api_key"/);
  await running.stop();
  const env = { ...drill.env, MISP_API_KEY: misp.addUser("syncUser", "CERT") };
  await inStep(drill, env);
  assertEquals(drill.names(), ["Renamed", "Report 10", "Report 2", "Report 3"]);
  await assertInLine(drill, env);
});

Deno.test("drill: the state file is lost, and much in MISP is out of line since", async () => {
  await using drill = await MispDrill.start();
  await inStep(drill);
  for (const { name } of Deno.readDirSync(drill.world.folder)) {
    await Deno.remove(`${drill.world.folder}/${name}`);
  }
  const [first, second] = drill.reports;
  drill.create("Report 10");
  drill.rename(first!, "Renamed");
  drill.remove(second!);
  assertMatch(await repair(drill), /no place in the stream was saved/);
  assertEquals(drill.names(), ["Renamed", "Report 10", "Report 2", "Report 3"]);
  await assertInLine(drill);
  // The next run goes on from there: what is in line is not written again.
  const { requests } = drill.world.misp;
  requests.clear();
  drill.create("Report 11");
  await inStep(drill);
  const writes = requests.list.filter(({ path }) =>
    /events\/(add|edit|delete)/.test(path)
  );
  assert(writes.length === 1, `${writes.map(({ path }) => path)}`);
  await assertInLine(drill);
});
