import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError } from "../../src/errors.ts";
import {
  openState,
  openStateReadOnly,
  type RelayState,
} from "../../src/state/open_state.ts";
import { inFolder, startWriter } from "./helpers.ts";

Deno.test("openState() makes folder and file, for the owner alone", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/a/b/relay.kv`;
    const state = await openState(path);
    await state.target("x").checkpoint.save({ from: "1-0" });
    await state.close();
    if (Deno.build.os !== "windows") {
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    }
    const again = await openState(path);
    assertEquals(await again.target("x").checkpoint.load(), { from: "1-0" });
    assertEquals(await again.target("y").checkpoint.load(), undefined);
    assertEquals(await again.names(), ["x"]);
    assert(again.target("x") === again.target("x"));
    await again.close();
  });
});

Deno.test("openState() leaves no file behind in which nothing was kept", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const files = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
    await (await openState(path)).close();
    if (Deno.build.os !== "windows") assertEquals(files(), []);
    const state = await openState(path);
    await state.target("x").checkpoint.save({ from: "1-0" });
    await state.close();
    assert(files().includes("relay.kv"));
    // A file that was there before stays, whatever it holds.
    const again = await openState(path);
    await again.target("x").checkpoint.clear();
    await again.close();
    await (await openState(path)).close();
    assert(files().includes("relay.kv"));
  });
});

Deno.test("openState() refuses a file that another process uses", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const writer = await startWriter(path);
    const error = await assertRejects(() => openState(path), ConfigError);
    assertStringIncludes(error.message, `(pid ${writer.pid})`);

    // Reading beside the writer is allowed.
    const reader = await openStateReadOnly(path);
    const { checkpoint, rows } = reader.target<{ round: number }>("t");
    assertEquals(await reader.names(), ["t"]);
    assert((await checkpoint.load())!.round >= 1);
    assert((await rows.get<number>(["row", 0]))! >= 1);
    await reader.close();

    await writer.kill();
    const state = await openState(path);
    await assertRejects(() => openState(path), ConfigError, `${Deno.pid}`);
    await state.close();
    await (await openState(path)).close();
  });
});

Deno.test("openState() waits a moment for a lock of its own process", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const first = await openState(path);
    const second = openState(path);
    await first.target("t").checkpoint.save({ from: "1-0" });
    await first.close();
    await (await second).close();
    const pid = await Deno.readTextFile(`${path}.lock`);
    assertEquals(pid, `${Deno.pid}\n`);
  });
});

Deno.test("openState() refuses what it cannot use and says what to do", async () => {
  await inFolder(async (folder) => {
    const garbage = `${folder}/garbage.kv`;
    await Deno.writeTextFile(garbage, "not a database".repeat(1000));
    await assertRejects(() => openState(garbage), ConfigError, "damaged");
    // The lock is free again.
    await assertRejects(() => openState(garbage), ConfigError, "damaged");
    await assertRejects(() => openState(folder), ConfigError, "check the path");
    await assertRejects(
      () => openState(`${garbage}/relay.kv`),
      ConfigError,
      "check the path",
    );
    await Deno.writeTextFile(`${folder}/empty.kv`, "");
    await (await openState(`${folder}/empty.kv`)).close();
  });
});

Deno.test("openState() refuses a truncated file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const state = await openState(path);
    const { rows, checkpoint } = state.target("x");
    for (let at = 0; at < 2000; at++) rows.set(["r", at], "x".repeat(100));
    await checkpoint.save(1);
    await state.close();
    const bytes = await Deno.readFile(path);
    bytes.fill(7, 4096);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length / 2));
    await assertRejects(
      async () => {
        const damaged = await openState(path);
        try {
          await Array.fromAsync(damaged.target("x").rows.list([]));
        } finally {
          await damaged.close();
        }
      },
      ConfigError,
      "damaged",
    );
  });
});

Deno.test({
  name: "openState() refuses a folder it cannot write to",
  // The superuser may write everywhere.
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.chmod(folder, 0o500);
      const error = await assertRejects(
        () => openState(`${folder}/relay.kv`),
        ConfigError,
      );
      assertMatch(error.message, /access/);
      await Deno.chmod(folder, 0o700);
    }),
});

Deno.test("openState() refuses a newer format", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const kv = await Deno.openKv(path);
    await kv.set(["format"], 99);
    kv.close();
    for (const open of [openState, openStateReadOnly]) {
      await assertRejects(() => open(path), ConfigError, "its format is 99");
    }
  });
});

Deno.test("openState() wants a token for KV Connect and hides passwords", async () => {
  const token = Deno.env.get("DENO_KV_ACCESS_TOKEN");
  Deno.env.delete("DENO_KV_ACCESS_TOKEN");
  const error = await assertRejects(
    () => openState("https://u:s3cret@kv.example/db?key=s3cret"),
    ConfigError,
    "set DENO_KV_ACCESS_TOKEN",
  );
  assertStringIncludes(error.message, '"https://kv.example/db"');
  assert(!Deno.inspect(error).includes("s3cret"));
  if (token !== undefined) Deno.env.set("DENO_KV_ACCESS_TOKEN", token);
});

Deno.test("openStateReadOnly() makes no file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    await assertRejects(() => openStateReadOnly(path), ConfigError, "no such");
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("openState() finds names without reading everything", async () => {
  const state: RelayState = await openState(":memory:");
  for (const name of ["b", "a", "a b", "é"]) {
    const { rows } = state.target(name);
    for (let at = 0; at < 30; at++) rows.set([at], at);
    await rows.flush();
  }
  assertEquals(await state.names(), ["a", "a b", "b", "é"]);
  await state.close();
});

for (const kind of ["rows", "letters"]) {
  Deno.test(`RelayState survives SIGKILL at any moment, writing ${kind}`, async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/relay.kv`;
      for (let turn = 0; turn < 10; turn++) {
        const writer = await startWriter(path, kind);
        await new Promise((done) => setTimeout(done, Math.random() * 120));
        const acknowledged = await writer.kill();
        await checkAgreement(path, acknowledged);
      }
    });
  });
}

async function checkAgreement(path: string, acknowledged: number) {
  const state = await openState(path);
  const { checkpoint, rows, deadLetters } = state.target<{ round: number }>(
    "t",
  );
  const { round } = (await checkpoint.load())!;
  assert(round >= acknowledged, `${round} is older than ${acknowledged}`);
  assertEquals(await checkpoint.loadMeta(), { delivered: round });
  const values = await Array.fromAsync(rows.list<number>(["row"]));
  assertEquals(values.map(({ value }) => value), Array(20).fill(round));
  const events = new Set<string>();
  for await (const letter of deadLetters.list()) {
    assert(!events.has(letter.eventId), "a letter is doubled");
    events.add(letter.eventId);
    const payload = await deadLetters.payload(letter.id);
    assertEquals(
      payload === `${letter.at}:${"é".repeat(500_000)}:${letter.at}`,
      true,
    );
  }
  await state.close();
  await checkNoOrphans(path);
}

async function checkNoOrphans(path: string) {
  const kv = await Deno.openKv(path);
  const letters = new Set<unknown>();
  for await (const { key } of kv.list({ prefix: ["t", "t", "d"] })) {
    letters.add(key[3]);
  }
  for await (const { key } of kv.list({ prefix: ["t", "t", "p"] })) {
    assert(letters.has(key[3]), "a payload belongs to nothing");
  }
  const marks = await Array.fromAsync(kv.list({ prefix: ["t", "t", "x"] }));
  assertEquals(marks, []);
  kv.close();
}
