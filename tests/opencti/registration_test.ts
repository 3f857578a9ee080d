import { assert, assertEquals } from "@std/assert";
import { silentLog } from "../../src/observability/log.ts";
import {
  Registration,
  type RegistrationMemory,
} from "../../src/opencti/registration.ts";
import { startPlatform, type TestPlatform } from "./platform.ts";

const ID = "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11";
const NEVER = new AbortController().signal;

function registrationAt(
  { client }: TestPlatform,
  memory: RegistrationMemory = {},
): Registration {
  const identity = { id: ID, name: "Relay", scope: ["elastic-security"] };
  return new Registration(client.graphql, identity, {
    memory,
    log: silentLog(),
  });
}

for (const version of ["6.4.0", "6.6.1", "6.9.17", "7.260224.0"]) {
  Deno.test(`Registration: registers and pings at OpenCTI ${version}`, async () => {
    await using platform = await startPlatform({ version });
    const registration = registrationAt(platform);
    assertEquals(await registration.start(undefined, NEVER), {
      kind: "continue",
    });
    assertEquals(await registration.ping({ from: "5-0" }, NEVER), false);
    const connector = platform.simulated.platform.connectors.get(ID);
    assertEquals(connector?.type, "STREAM");
    assertEquals(connector?.state, '{"start_from":"5-0"}');
  });
}

Deno.test("Registration: a second start goes on", async () => {
  await using platform = await startPlatform();
  const first = registrationAt(platform);
  await first.start(undefined, NEVER);
  await first.ping({ from: "5-0" }, NEVER);
  const second = registrationAt(platform, first.memory);
  assertEquals(await second.start({ from: "7-0" }, NEVER), {
    kind: "continue",
  });
});

Deno.test("Registration: takes over the state of the connector it replaces", async () => {
  await using platform = await startPlatform();
  await registrationAt(platform).start(undefined, NEVER);
  platform.simulated.platform.connectors.setState(
    ID,
    JSON.stringify({
      start_from: "1772442900000-3",
      recover_until: "2026-03-01T00:00:00.000Z",
    }),
  );
  const advice = await registrationAt(platform).start(undefined, NEVER);
  // Less a minute: the Python connector saves ids that heartbeats invented.
  assertEquals(advice, {
    kind: "adopt",
    position: { from: "1772442840000-0" },
  });
});

Deno.test("Registration: an unfinished recovery is taken over too", async () => {
  await using platform = await startPlatform();
  await registrationAt(platform).start(undefined, NEVER);
  platform.simulated.platform.connectors.setState(
    ID,
    JSON.stringify({
      start_from: "1000-0",
      recover_until: "2026-03-01T00:00:00Z",
    }),
  );
  assertEquals(await registrationAt(platform).start(undefined, NEVER), {
    kind: "adopt",
    position: { from: "0-0", recoverUntil: "2026-03-01T00:00:00.000Z" },
  });
});

for (const text of ["", "null", "not JSON", "[]", '{"start_from":7}']) {
  Deno.test(`Registration: ${JSON.stringify(text)} is no state`, async () => {
    await using platform = await startPlatform();
    await registrationAt(platform).start(undefined, NEVER);
    platform.simulated.platform.connectors.setState(ID, text);
    assertEquals(await registrationAt(platform).start(undefined, NEVER), {
      kind: "continue",
    });
  });
}

Deno.test("Registration: sees a reset while it runs, once", async () => {
  await using platform = await startPlatform();
  const registration = registrationAt(platform);
  await registration.start(undefined, NEVER);
  assertEquals(await registration.ping({ from: "5-0" }, NEVER), false);
  platform.simulated.platform.connectors.resetState(ID);
  assertEquals(await registration.ping({ from: "6-0" }, NEVER), true);
  assertEquals(await registration.ping({ from: "0-0" }, NEVER), false);
});

Deno.test("Registration: sees a reset that happened while it was down", async () => {
  await using platform = await startPlatform();
  const first = registrationAt(platform);
  await first.start(undefined, NEVER);
  await first.ping({ from: "5-0" }, NEVER);
  platform.simulated.platform.connectors.resetState(ID);
  const second = registrationAt(platform, first.memory);
  assertEquals(await second.start({ from: "5-0" }, NEVER), { kind: "reset" });
  assertEquals(await second.ping({ from: "0-0" }, NEVER), false);
});

Deno.test("Registration: adopts a state that a person edited", async () => {
  await using platform = await startPlatform();
  const first = registrationAt(platform);
  await first.start(undefined, NEVER);
  await first.ping({ from: "9000000-0" }, NEVER);
  platform.simulated.platform.connectors.setState(
    ID,
    '{"start_from":"1000000-0"}',
  );
  const second = registrationAt(platform, first.memory);
  assertEquals(await second.start({ from: "9000000-0" }, NEVER), {
    kind: "adopt",
    position: { from: "940000-0" },
  });
});

Deno.test("Registration: registers again when it was deleted on the platform", async () => {
  await using platform = await startPlatform();
  const registration = registrationAt(platform);
  await registration.start(undefined, NEVER);
  await registration.ping({ from: "5-0" }, NEVER);
  platform.simulated.platform.connectors.delete(ID);
  assertEquals(await registration.ping({ from: "6-0" }, NEVER), false);
  assert(platform.simulated.platform.connectors.get(ID) !== undefined);
});

Deno.test("Registration: failed pings disturb nothing", async () => {
  await using platform = await startPlatform();
  const registration = registrationAt(platform);
  await registration.start(undefined, NEVER);
  platform.simulated.faults.graphql({ kind: "status", status: 503 }, {
    times: 2,
  });
  const stop = new AbortController();
  let pings = 0;
  await registration.keepAlive(
    () => ({ from: "5-0" }),
    () => {
      pings++;
      stop.abort();
      return Promise.resolve();
    },
    { signal: stop.signal, intervalMs: 1 },
  );
  assertEquals(pings, 1);
});
