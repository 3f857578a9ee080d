/** The program as systemd runs it: what its notify socket receives. */
import { assert, assertEquals } from "@std/assert";
import { serviceUnit } from "../../src/cli/service.ts";
import { watchForService } from "../../src/cli/service_watch.ts";
import { STUCK_MS } from "../../src/observability/liveness.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import { startRelay } from "./process.ts";
import { startWorld } from "./world.ts";
import { until } from "../until.ts";

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "run tells systemd of start, targets, life, reload and end",
  ignore: !isLinux,
  async fn() {
    await using world = await startWorld();
    const name = `opencti-relay-test-${crypto.randomUUID()}`;
    const socket = Deno.listenDatagram({
      transport: "unixpacket",
      path: `\0${name}`,
    });
    const told = inbox(socket);
    const relay = startRelay(["run"], {
      env: {
        ...world.env,
        NOTIFY_SOCKET: `@${name}`,
        WATCHDOG_USEC: "300000",
      },
    });
    await told(/^READY=1\nSTATUS=elastic-security starting$/);
    await told(/^STATUS=elastic-security running$/);
    await told(/^WATCHDOG=1$/);
    relay.kill("SIGHUP");
    const [, usec] = await told(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/);
    assert(Number(usec) > 1_000_000);
    await told(/^READY=1\nSTATUS=elastic-security /);
    // A far side that is down is waited for: that is alive.
    world.elastic.faults.next({ do: "status", status: 503 }, {
      times: Infinity,
    });
    relay.kill("SIGHUP");
    await told(/^STATUS=elastic-security waiting \(/);
    await told(/^WATCHDOG=1$/);
    relay.kill("SIGTERM");
    await told(/^STOPPING=1$/);
    const { code, out, err } = await relay.ended;
    assertEquals([code, out], [0, ""], err);
    socket.close();
  },
});

/** Waits for a message; those before it are passed over. */
function inbox(socket: Deno.DatagramConn) {
  return async (wanted: RegExp): Promise<RegExpExecArray> => {
    while (true) {
      const [bytes] = await socket.receive();
      const found = wanted.exec(new TextDecoder().decode(bytes));
      if (found !== null) return found;
    }
  };
}

Deno.test("the watchdog hears nothing while a target is stuck", async () => {
  const stats = new TargetStats("soc");
  stats.enter("running");
  let signs = 0;
  let looks = 0;
  const end = watchForService({
    watchdogMs: 6,
    watchdog: () => void signs++,
    status: () => {},
    ready: () => {},
    reloading: () => {},
    stopping: () => {},
    close: () => Promise.resolve(),
  }, () => {
    looks++;
    return [stats];
  });
  try {
    await until(() => signs > 2);
    stats.aliveAt = performance.now() - STUCK_MS;
    const before = signs;
    // It looks, and says nothing.
    const looked = looks;
    await until(() => looks > looked + 5);
    assertEquals(signs, before);
    // Waiting for a far side is no being stuck, however long it takes.
    stats.phase = "waiting";
    await until(() => signs > before + 2);
    stats.phase = "running";
    stats.reached("1-0");
    const again = signs;
    await until(() => signs > again);
  } finally {
    end();
  }
});

const analyze = "/usr/bin/systemd-analyze";

Deno.test({
  name: "systemd-analyze finds nothing wrong with the unit, and it is tight",
  ignore: !exists(analyze),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "opencti-relay-" });
    try {
      const unit = `${folder}/opencti-relay.service`;
      await Deno.writeTextFile(unit, serviceUnit("/bin/true"));
      const verified = await output(["verify", "--man=no", unit]);
      // It also looks at units of this machine that ours comes after.
      const ours = verified.text.split("\n")
        .filter((line) => line.includes("opencti-relay"));
      assertEquals(ours, []);
      const { text } = await output(["security", "--offline=yes", unit]);
      const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(text) ?? [];
      assert(Number(exposure) < 3, text);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function output(args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(analyze, {
    args,
    env: { NO_COLOR: "1", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
  }).output();
  const [out, err] = [stdout, stderr].map((it) => new TextDecoder().decode(it));
  return { code, text: `${out}${err}` };
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
