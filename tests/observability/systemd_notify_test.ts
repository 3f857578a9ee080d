/** What systemd receives, on real sockets. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { serviceManager } from "../../src/observability/systemd_notify.ts";

const isLinux = Deno.build.os === "linux";

/** A socket such as systemd listens on. */
function listen(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  return {
    async next(): Promise<string> {
      const [bytes] = await socket.receive();
      return new TextDecoder().decode(bytes);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

const KINDS: readonly [string, () => Promise<[string, string]>][] = [
  ["a path", async () => {
    const folder = await Deno.makeTempDir({ prefix: "opencti-relay-" });
    return [`${folder}/notify`, `${folder}/notify`];
  }],
  ["an abstract address", () => {
    const name = `opencti-relay-test-${crypto.randomUUID()}`;
    return Promise.resolve([`\0${name}`, `@${name}`]);
  }],
];

for (const [kind, make] of KINDS) {
  Deno.test({
    name: `serviceManager() tells a socket at ${kind} what happens`,
    ignore: !isLinux,
    async fn() {
      const [path, address] = await make();
      using socket = listen(path);
      const manager = serviceManager({
        NOTIFY_SOCKET: address,
        WATCHDOG_USEC: "60000000",
        WATCHDOG_PID: `${Deno.pid}`,
      });
      assertEquals(manager.watchdogMs, 60_000);
      manager.ready("soc running\nREADY=0");
      assertEquals(await socket.next(), "READY=1\nSTATUS=soc running READY=0");
      manager.status("soc waiting");
      assertEquals(await socket.next(), "STATUS=soc waiting");
      manager.watchdog();
      assertEquals(await socket.next(), "WATCHDOG=1");
      manager.reloading();
      const [first, second = ""] = (await socket.next()).split("\n");
      assertEquals(first, "RELOADING=1");
      assertMatch(second, /^MONOTONIC_USEC=\d+$/);
      const seconds = Number(second.split("=")[1]) / 1e6;
      assert(seconds >= Deno.osUptime() - 5, `${seconds} s since boot`);
      // What was handed in before the end arrives.
      manager.stopping();
      await manager.close();
      assertEquals(await socket.next(), "STOPPING=1");
      if (!path.startsWith("\0")) {
        await Deno.remove(path.replace(/\/notify$/, ""), { recursive: true });
      }
    },
  });
}

Deno.test("serviceManager() does nothing where nobody asked for it", async () => {
  const manager = serviceManager({ WATCHDOG_USEC: "60000000" });
  assertEquals(manager.watchdogMs, undefined);
  manager.ready("ready");
  await manager.close();
});

Deno.test({
  name: "serviceManager() ignores a socket that nobody listens on",
  ignore: !isLinux,
  async fn() {
    const manager = serviceManager({ NOTIFY_SOCKET: "@opencti-relay-nobody" });
    manager.ready("ready");
    manager.stopping();
    await manager.close();
  },
});

Deno.test({
  name: "serviceManager() leaves a watchdog to the process it is meant for",
  ignore: !isLinux,
  async fn() {
    const manager = serviceManager({
      NOTIFY_SOCKET: "@opencti-relay-nobody",
      WATCHDOG_USEC: "60000000",
      WATCHDOG_PID: "1",
    });
    assertEquals(manager.watchdogMs, undefined);
    await manager.close();
  },
});
