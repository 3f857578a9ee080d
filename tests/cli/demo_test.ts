/** `demo`, `simulate` and `service`. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { fakeIo } from "./fake_io.ts";
import { startRelay } from "./process.ts";

const RECORDING =
  new URL("../fixtures/opencti_stream.sse", import.meta.url).pathname;

async function run(...args: string[]) {
  const io = fakeIo();
  const code = await main(args, io);
  return { code, out: io.out.join("\n"), err: io.err.join("") };
}

/** What one run is asked several things about. */
const runs = new Map<string, ReturnType<typeof run>>();

function once(...args: string[]): ReturnType<typeof run> {
  const key = args.join(" ");
  const known = runs.get(key) ?? run(...args);
  runs.set(key, known);
  return known;
}

Deno.test("demo ends with 0 and a table of what arrived", async () => {
  const { code, out, err } = await once("demo");
  assertEquals(code, 0);
  assertMatch(err, /^A week of intelligence lies in a simulated OpenCTI/);
  for (
    const text of [
      "│ documents        │ domain-name ",
      "│ file ",
      "│ kuery ",
      "│ esql ",
      "Look at one object: deno task relay demo --show ",
      "Look at one report: deno task relay demo --show ",
    ]
  ) assertStringIncludes(out, text);
  assertMatch(out, /│ skipped +│ has no place in Elastic Security: .+│ +\d+ │/);
  assertMatch(out, /│ revoked +│ +\d+ │/);
  assertMatch(out, /^\d,\d{3} events; \d+ of them were replaced/m);
  assertMatch(out, /^All in \d+\.\d s\.$/m);
});

Deno.test("demo --json counts the same, and --show prints one document", async () => {
  const { code, out } = await once("demo", "--json");
  assertEquals(code, 0);
  const { targets } = JSON.parse(out);
  assertEquals(Object.keys(targets), TARGETS.map(({ name }) => name));
  for (const target of Object.values<Record<string, unknown>>(targets)) {
    assert(Number(target.events) > 2000);
    assertEquals(target.deadLetters, {});
  }
  const security = targets["elastic-security"];
  assert(security.documents["file"] > 100);
  assertEquals(Object.keys(security["detection rules"]).toSorted(), [
    "eql",
    "esql",
    "kuery",
    "lucene",
  ]);
  const table = await once("demo");
  const [id = "", event = ""] = [...table.out.matchAll(/ --show (\S+)$/gm)]
    .map(([, id]) => id);
  const shown = await run("demo", "--show", id);
  assertEquals(shown.code, 0);
  const { documents } = JSON.parse(shown.out)["elastic-security"];
  assertEquals(documents[0]._source.opencti.internal_id, id);
  const report = JSON.parse((await run("demo", "--show", event)).out);
  assertEquals(Object.keys(report), ["misp"]);
  const [shownEvent] = report.misp["MISP events"];
  assertEquals(shownEvent.uuid, event);
  assert(shownEvent.Attribute.length > 0);
  const nothing = await run("demo", "--stream", RECORDING, "--show", "nobody");
  assertMatch(nothing.out, /^Nothing of "nobody" is in any tool/);
});

Deno.test("demo --seed writes another week", async () => {
  const one = await once("demo", "--json");
  const other = await run("demo", "--json", "--seed", "2");
  assert(
    eventsOf(one.out) !== eventsOf(other.out),
    "both weeks have the same number of events",
  );
});

Deno.test("demo names ids of the world that it was asked for", async () => {
  const { out } = await run("demo", "--stream", RECORDING);
  const line = /demo (--stream \S+ --show \S+)$/m.exec(out)?.[1] ?? "";
  const shown = await run("demo", ...line.split(" "));
  assertStringIncludes(shown.out, "elastic-security");
});

function eventsOf(out: string): number {
  return JSON.parse(out).targets["elastic-security"].events;
}

Deno.test("demo --stream plays a recording", async () => {
  const { code, out, err } = await run("demo", "--json", "--stream", RECORDING);
  assertEquals(code, 0);
  assertMatch(err, /^Playing ".*opencti_stream\.sse"/);
  assertEquals(JSON.parse(out).targets["elastic-security"].documents, {
    "domain-name": 1,
    "ipv4-addr": 1,
    "query": 1,
  });
});

for (const command of ["demo", "simulate"]) {
  Deno.test(`${command} --stream with a file that cannot be read ends with 2`, async () => {
    for (const path of ["/nowhere/stream.sse", import.meta.dirname ?? ""]) {
      const { code, out, err } = await run(command, "--stream", path);
      assertEquals([code, out], [2, ""]);
      assertMatch(err, /^Cannot read the recorded stream ".*": .+\n$/);
    }
  });
}

Deno.test("simulate on a port in use ends with 2", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  for (const first of [port, port - 1]) {
    const { code, err } = await run("simulate", "--port", String(first));
    assertEquals(code, 2);
    assertEquals(
      err,
      `Cannot listen on the ports from ${first}: one of them is in use; ` +
        "choose others with --port\n",
    );
  }
});

Deno.test({
  name: "as processes: the variables of simulate make check succeed",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const simulate = startRelay(["simulate", "--stream", RECORDING]);
    await simulate.shows("Ctrl+C stops them");
    const env = Object.fromEntries(
      simulate.out().trimEnd().split("\n").map((line) => {
        const [, name = "", value = ""] = /^export (\w+)=(\S+)$/.exec(line) ??
          [];
        return [name, value];
      }),
    );
    const check = await startRelay(["check", "--json"], { env }).ended;
    assertEquals(check.code, 0, check.out + check.err);
    const odd = JSON.parse(check.out)
      .filter(({ status }: { status: string }) => status !== "ok")
      .map(({ subject }: { subject: string }) => subject);
    assertEquals(odd, TARGETS.map(() => "TLP ceiling"));
    simulate.kill("SIGTERM");
    assertEquals((await simulate.ended).code, 0);
  },
});

Deno.test({
  name: "as a process, demo ends cleanly at Ctrl+C",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const demo = startRelay(["demo"]);
    await demo.shows("A week of intelligence");
    demo.kill("SIGINT");
    const { code, err } = await demo.ended;
    assertEquals(code, 0, err);
    assertEquals(/\n\s+at |a bug in/.test(err), false, err);
  },
});

Deno.test({
  name: "as a process, demo --serve shows every target until Ctrl+C",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const demo = startRelay(["demo", "--serve"]);
    await demo.shows("Ctrl+C ends the demo");
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(demo.err())?.[0] ?? "";
    const { targets } = await (await fetch(`${url}status`)).json();
    assertEquals(
      targets.map(({ name }: { name: string }) => name),
      TARGETS.map(({ name }) => name),
    );
    assertStringIncludes(await (await fetch(url)).text(), "<html");
    demo.kill("SIGINT");
    const { code, out, err } = await demo.ended;
    assertEquals(code, 0, err);
    assertMatch(out, /^misp: MISP$/m);
  },
});

Deno.test({
  name: "service prints a unit that systemd-analyze verify accepts",
  ignore: !hasSystemdAnalyze(),
  fn: async () => {
    const { code, out } = await run("service");
    assertEquals(code, 0);
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/opencti-relay.service`;
      // The program is not installed here; any other stands in for it.
      await Deno.writeTextFile(
        path,
        `${out}\n`.replace("/usr/local/bin/opencti-relay", "/bin/true"),
      );
      const result = await new Deno.Command("systemd-analyze", {
        args: ["verify", path],
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(result.stderr);
      const ours = said.split("\n").filter((line) =>
        line.includes("opencti-relay.service")
      );
      assertEquals(ours, []);
      assertEquals(result.code, 0, said);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function hasSystemdAnalyze(): boolean {
  try {
    return new Deno.Command("systemd-analyze", { args: ["--version"] })
      .outputSync().success;
  } catch {
    return false;
  }
}
