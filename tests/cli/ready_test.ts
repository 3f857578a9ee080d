/** What `/ready` says while nothing can work, and log lines said once. */
import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { fakeIo } from "./fake_io.ts";
import { NOW, startWorld } from "./world.ts";

Deno.test("every target waits while OpenCTI is away, and says so", async () => {
  await using world = await startWorld();
  const [port, away] = [freePort(), freePort()];
  const yaml = `
opencti: { url: "http://127.0.0.1:${away}", token: 0123456789abcdef, ssl_verify: "false" }
connector: { id: ${world.env.CONNECTOR_ID}, live_stream_id: stream }
state: { path: ${JSON.stringify(world.env.RELAY_STATE_PATH)} }
http: { address: "127.0.0.1:${port}" }
targets:
  - { name: one, type: elastic-security, url: ${world.elastic.url}, api_key: abcdefgh }
  - { name: two, type: elastic-security, url: ${world.elastic.url}, api_key: abcdefgh }
`;
  const io = fakeIo({ files: { "config.yml": yaml }, now: () => NOW });
  const ended = main(["run"], io);
  let text = "";
  while (!/waiting.*waiting/.test(text)) {
    text = await ask(`http://127.0.0.1:${port}/ready`);
  }
  const { ready, targets } = JSON.parse(text);
  assertEquals(ready, false);
  for (const { reason } of targets) assertMatch(reason, /refused/);
  io.interrupt();
  assertEquals(await ended, 0);
  // What is odd about the configuration is said once.
  assertEquals(io.err.join("").match(/ssl_verify is off/g)?.length, 1);
});

async function ask(url: string): Promise<string> {
  const response = await fetch(url).catch(() => undefined);
  return await response?.text() ?? "";
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
