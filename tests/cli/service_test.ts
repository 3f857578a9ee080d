import { serviceCommand, serviceUnit } from "../../src/cli/service.ts";
import { assert, assertEquals } from "../assert.ts";

/** Settings of a unit by section; a repeated one keeps all its values. */
function settingsOf(unit: string): Map<string, string[]> {
  const settings = new Map<string, string[]>();
  let section = "";
  for (const line of unit.split("\n").filter((line) => line !== "")) {
    const header = /^\[(\w+)\]$/.exec(line);
    if (header !== null) {
      section = header[1]!;
      continue;
    }
    const match = /^([A-Za-z]+)=(.*)$/.exec(line);
    assert(match !== null, `"${line}" is no setting`);
    const key = `${section}.${match[1]}`;
    settings.set(key, [...(settings.get(key) ?? []), match[2]!]);
  }
  return settings;
}

// deno-fmt-ignore
const EXPECTED: readonly [string, string][] = [
  ["Service.ExecStart", "/usr/local/bin/opencti-relay run"],
  ["Service.Type", "notify"],
  ["Service.NotifyAccess", "main"],
  ["Service.ExecReload", "/bin/kill -HUP $MAINPID"],
  ["Service.WatchdogSec", "60"],
  // The notify socket, DNS by way of a local resolver, and the network.
  ["Service.RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX AF_NETLINK"],
  ["Service.EnvironmentFile", "-/etc/opencti-relay/env"],
  ["Service.StateDirectory", "opencti-relay"],
  ["Service.DynamicUser", "yes"],
  ["Service.Restart", "on-failure"],
  ["Service.RestartPreventExitStatus", "2"],
  ["Service.ProtectSystem", "strict"],
  ["Service.NoNewPrivileges", "yes"],
  ["Service.KillSignal", "SIGTERM"],
  ["Service.TimeoutStopSec", "60"],
  ["Install.WantedBy", "multi-user.target"],
];

Deno.test("serviceUnit() is hardened and restarts but for configuration", () => {
  const settings = settingsOf(serviceUnit("/usr/local/bin/opencti-relay"));
  for (const [key, value] of EXPECTED) {
    assertEquals(settings.get(key), [value], key);
  }
  const filters = settings.get("Service.SystemCallFilter");
  assertEquals(filters, ["@system-service", "~@privileged"]);
  // V8 makes code at run time.
  assert(!settings.has("Service.MemoryDenyWriteExecute"));
  const repeated = [...settings].filter(([key, values]) =>
    values.length > 1 && key !== "Service.SystemCallFilter"
  );
  assertEquals(repeated, []);
});

// deno-fmt-ignore
const PROGRAMS: readonly [string, string][] = [
  ["/opt/relay-1.0/opencti-relay", "/opt/relay-1.0/opencti-relay"],
  ["/opt/my tools/relay", '"/opt/my tools/relay"'],
  ['/opt/a"b\\c', '"/opt/a\\"b\\\\c"'],
  ["/opt/100%/$HOME/relay", '"/opt/100%%/$$HOME/relay"'],
];

for (const [program, expected] of PROGRAMS) {
  Deno.test(`serviceUnit() quotes ${program}`, () => {
    const settings = settingsOf(serviceUnit(program));
    assertEquals(settings.get("Service.ExecStart"), [`${expected} run`]);
  });
}

Deno.test("service prints the unit of the installed program", async () => {
  const out: string[] = [];
  const code = await serviceCommand(
    { values: {}, positionals: [] },
    { print: (text) => out.push(text) },
  );
  assertEquals(code, 0);
  assertEquals(
    `${out.join("\n")}\n`,
    serviceUnit("/usr/local/bin/opencti-relay"),
  );
});
