import { assertEquals, assertRejects } from "@std/assert";
import { askProgram } from "../../src/control/client.ts";
import {
  controlPath,
  readControlFile,
} from "../../src/control/control_file.ts";
import { type Control, startControl } from "../../src/control/server.ts";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../src/errors.ts";
import type { StoreTask } from "../../src/pipeline/task.ts";
import { TaskDesk } from "../../src/pipeline/task_desk.ts";

const SIGNAL = new AbortController().signal;
const task: StoreTask = {
  name: "echo",
  needs: "store",
  run: (_context, args) => Promise.resolve(args),
};

/** A listener whose one target does tasks with this. */
async function withControl(
  work: (args: unknown) => Promise<unknown>,
  test: (control: Control, path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "control-" });
  const desk = new TaskDesk();
  const path = `${folder}/relay.kv.control`;
  const control = await startControl({
    path,
    tasks: [task],
    desks: () => new Map([["soc", desk]]),
  });
  let isOver = false;
  const serving = (async () => {
    while (!isOver) {
      const request = desk.take();
      if (request === undefined) {
        await new Promise((resolve) =>
          desk.bell.addEventListener("abort", resolve, { once: true })
        );
      } else await request.answer(() => work(request.args));
    }
  })();
  try {
    await test(control, path);
  } finally {
    isOver = true;
    desk.ask(task, {}, SIGNAL).catch(() => {});
    await serving;
    desk.close();
    await control.stop();
    assertEquals(await readControlFile(path), undefined);
    await Deno.remove(folder, { recursive: true });
  }
}

function post(
  { url, token }: { url: string; token: string },
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Response> {
  const { headers, ...rest } = init;
  return fetch(url, {
    method: "POST",
    body: JSON.stringify({ task: "echo", target: "soc", args: { a: 1 } }),
    ...rest,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

const echo = (args: unknown) => Promise.resolve(args);

Deno.test("askProgram() gives back what the task gave", async () => {
  await withControl(echo, async (_control, path) => {
    const asked = { task: "echo", target: "soc", args: { ids: ["ä"] } };
    assertEquals(await askProgram(path, asked, SIGNAL), {
      result: { ids: ["ä"] },
    });
    const { mode } = await Deno.stat(path);
    assertEquals((mode ?? 0) & 0o777, 0o600);
  });
});

for (
  const Kind of [ConfigError, LoginError, TransientError, RejectedError, Error]
) {
  Deno.test(`askProgram() throws the ${Kind.name} that the task threw`, async () => {
    await withControl(
      () => Promise.reject(new Kind("what was wrong")),
      async (_control, path) => {
        const asked = { task: "echo", target: "soc", args: {} };
        const error = await assertRejects(
          () => askProgram(path, asked, SIGNAL),
          Kind,
        );
        assertEquals(error.constructor, Kind);
        assertEquals(error.message.includes("what was wrong"), true);
      },
    );
  });
}

Deno.test("askProgram() says what is wrong with task and target", async () => {
  await withControl(echo, async (_control, path) => {
    for (
      const asked of [
        { task: "other", target: "soc", args: {} },
        { task: "echo", target: "edr", args: {} },
      ]
    ) {
      await assertRejects(() => askProgram(path, asked, SIGNAL), ConfigError);
    }
  });
});

Deno.test("startControl() answers nobody without token, Host and POST", async () => {
  await withControl(echo, async ({ address }) => {
    const statuses = async (response: Promise<Response>) => {
      const answer = await response;
      await answer.body?.cancel();
      return answer.status;
    };
    assertEquals(await statuses(post(address)), 200);
    const wrong = { ...address, token: "x".repeat(43) };
    assertEquals(await statuses(post(wrong)), 401);
    assertEquals(
      await statuses(post(address, { headers: { authorization: "" } })),
      401,
    );
    assertEquals(
      await statuses(
        post({
          ...address,
          url: address.url.replace("127.0.0.1", "localhost"),
        }),
      ),
      421,
    );
    const { token, url } = address;
    const get = fetch(url, { headers: { authorization: `Bearer ${token}` } });
    assertEquals(await statuses(get), 405);
  });
});

Deno.test("startControl() takes bodies of up to 1 MiB that are JSON", async () => {
  await withControl(echo, async ({ address }) => {
    for (const body of ["x".repeat(1024 * 1024 + 1), "{", "1", ""]) {
      const { error } = await (await post(address, { body })).json();
      assertEquals(error.name, "ConfigError");
    }
  });
});

Deno.test("askProgram() knows a file that a killed program left", async () => {
  const folder = await Deno.makeTempDir({ prefix: "control-" });
  const path = `${folder}/relay.kv.control`;
  const asked = { task: "echo", target: "soc", args: {} };
  assertEquals(await askProgram(path, asked, SIGNAL), undefined);
  // Nobody listens there.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://127.0.0.1:${port}/`;
  const token = "x".repeat(43);
  await Deno.writeTextFile(path, `{"url":"${url}","token":"${token}"}\n`);
  assertEquals(await askProgram(path, asked, SIGNAL), undefined);
  // Somebody else does.
  await withControl(echo, async (control) => {
    const text = JSON.stringify({ url: control.address.url, token });
    await Deno.writeTextFile(path, text);
    assertEquals(await askProgram(path, asked, SIGNAL), undefined);
  });
  for (
    const text of ["", "{", `{"url":"http://evil.example/","token":"${token}"}`]
  ) {
    await Deno.writeTextFile(path, text);
    assertEquals(await askProgram(path, asked, SIGNAL), undefined);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("controlPath() stands beside a file, and for a URL where that would be", () => {
  assertEquals(
    controlPath("/var/lib/relay.kv", {}),
    "/var/lib/relay.kv.control",
  );
  const url = "https://kv.example/x";
  const name = controlPath(url, {});
  assertEquals(/^relay-[0-9a-f]{12}\.control$/.test(name), true);
  assertEquals(controlPath(url, { STATE_DIRECTORY: "/s" }), `/s/${name}`);
});

Deno.test("TaskDesk refuses what waits when it closes, and what comes then", async () => {
  const desk = new TaskDesk();
  const waiting = desk.ask(task, {}, SIGNAL);
  assertEquals(desk.bell.aborted, true);
  desk.close();
  await assertRejects(() => waiting, TransientError);
  await assertRejects(() => desk.ask(task, {}, SIGNAL), TransientError);
});

Deno.test("TaskDesk rings anew once all is taken", async () => {
  const desk = new TaskDesk();
  const asked = [desk.ask(task, 1, SIGNAL), desk.ask(task, 2, SIGNAL)];
  await desk.take()?.answer(() => Promise.resolve("first"));
  assertEquals(desk.bell.aborted, true);
  await desk.take()?.answer(() => Promise.resolve("second"));
  assertEquals(desk.bell.aborted, false);
  assertEquals(await Promise.all(asked), ["first", "second"]);
  desk.close();
});
