/** Secrets are planted wherever one can come from, and looked for everywhere. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { z } from "zod";
import { main } from "../../src/cli/main.ts";
import { secretsOf } from "../../src/cli/secrets.ts";
import { fieldKind, objectShape } from "../../src/config/fields.ts";
import { maskOf } from "../../src/observability/mask.ts";
import { ElasticError } from "../../src/simulator/elastic/errors.ts";
import { openState } from "../../src/state/open_state.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import type { TargetDefinition } from "../../src/targets/target.ts";
import { load } from "../config/fixture.ts";
import { indicator } from "../opencti/platform.ts";
import { fakeIo } from "./fake_io.ts";
import { NOW, startWorld } from "./world.ts";
import { until } from "../until.ts";

/** A text that nothing else holds. With signs that JSON and URLs escape. */
function planted(name: string): string {
  return `s3cret/${name}+"q&%7=`;
}

/** The forms in which a text could slip out. */
function formsOf(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    btoa(secret),
    btoa(`user:${secret}`),
  ];
}

function leaksIn(
  outputs: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(outputs).flatMap(([output, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) =>
      formsOf(secret).some((form) => text.includes(form))
        ? [`${name} in ${output}`]
        : []
    )
  );
}

/** A value that a required setting takes. */
function plausible(schema: z.core.$ZodType): unknown {
  if (fieldKind(schema) === "secret") return "0123456789".repeat(4);
  return ["http://127.0.0.1:9", "127.0.0.1:9", "1", "true"]
    .find((value) => z.safeParse(schema, value).success);
}

/** Settings of which one of several is required. */
const EITHER: Readonly<Record<string, object>> = {
  sekoia: { ioc_collection_name: "OpenCTI" },
};

/** For logins that are letters and digits alone: 40 of them. */
function plain(secret: string): string {
  return createHash("sha1").update(secret).digest("hex");
}

/** Settings that hold secrets, as paths, with what to plant there. */
function places(
  schema: z.core.$ZodType,
  path: readonly string[] = [],
): { path: readonly string[]; written: string; secret: string }[] {
  return Object.entries(objectShape(schema) ?? {}).flatMap(([key, member]) => {
    const here = [...path, key];
    const kind = fieldKind(member);
    const secret = planted(here.join("-"));
    if (kind === "secret") return [{ path: here, written: secret, secret }];
    if (kind === "proxy") {
      const written = `http://user:${encodeURIComponent(secret)}@127.0.0.1:9`;
      return [{ path: here, written, secret }];
    }
    return places(member, here);
  });
}

function nested(path: readonly string[], value: unknown): object {
  const [key = "", ...rest] = path;
  return { [key]: rest.length === 0 ? value : nested(rest, value) };
}

/** The configuration, or the message of its error. */
async function loaded(definition: TargetDefinition, settings: object) {
  const required = Object.fromEntries(
    Object.entries(objectShape(definition.config) ?? {})
      .filter(([, schema]) => !z.safeParse(schema, undefined).success)
      .map(([key, schema]) => [key, plausible(schema)]),
  );
  const json = {
    opencti: { url: "http://127.0.0.1:9", token: "opencti-token" },
    connector: { id: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11" },
    targets: [{
      type: definition.name,
      live_stream_id: "stream",
      ...required,
      ...EITHER[definition.name],
      ...settings,
    }],
  };
  return await load({
    env: { CONNECTOR_JSON_CONFIG: JSON.stringify(json) },
    registry: TARGETS,
  }).catch((error: Error) => error.message);
}

for (const definition of TARGETS) {
  const all = places(definition.config);
  Deno.test(`every secret setting of ${definition.name} is masked`, async () => {
    assert(all.length > 0);
    let masked = 0;
    for (const place of all) {
      const { path } = place;
      let { written, secret } = place;
      let config = await loaded(definition, nested(path, written));
      if (typeof config === "string") {
        // It does not stand alone: the message must not hold it either.
        assertEquals(leaksIn({ message: config }, { secret }), []);
        written = secret = plain(secret);
        config = await loaded(definition, nested(path, written));
        if (typeof config === "string") continue;
      }
      masked++;
      const mask = maskOf(secretsOf(config, {}));
      const text = formsOf(secret).join(" ") + written;
      const left = mask(text);
      for (const form of formsOf(secret).slice(0, 3)) {
        assert(!left.includes(form), `${path.join(".")}: ${left}`);
      }
      const shown = JSON.stringify(config.effective);
      assertEquals(leaksIn({ shown }, { secret }), [], path.join("."));
    }
    assert(masked > 0, "no setting could be planted");
  });
}

Deno.test("no planted secret is in any output of a run", async () => {
  const secrets = {
    "OpenCTI's token": "0c7a1f6e-5d0b-4f59-9d0e-7d5b2f1c9a33",
    "the token of the status": planted("http"),
    "the access token of a KV server": planted("kv"),
    "the password of a proxy": planted("proxy"),
    "the API key": "",
  };
  const token = secrets["OpenCTI's token"];
  await using world = await startWorld([indicator(1), indicator(2)], { token });
  const { elastic, env, folder } = world;
  secrets["the API key"] = elastic.apiKey;
  // Servers that repeat all they know, in whole answers and for one document.
  const said = `headers: ${Object.values(secrets).join(" ")}`;
  elastic.faults.next({ do: "status", status: 503, body: said }, {
    path: "_bulk",
  });
  elastic.faults.items({
    where: ({ source }) => source?.includes("host-1.example") === true,
    error: new ElasticError(400, "mapper_parsing_exception", said),
  });
  const keyFile = `${folder}/key`;
  await Deno.writeTextFile(keyFile, `${elastic.apiKey}\n`);
  const port = freePort();
  const variables = {
    ...env,
    ELASTIC_SECURITY_API_KEY: undefined,
    ELASTIC_SECURITY_API_KEY_FILE: keyFile,
    RELAY_HTTP: `127.0.0.1:${port}`,
    RELAY_HTTP_TOKEN: secrets["the token of the status"],
    DENO_KV_ACCESS_TOKEN: secrets["the access token of a KV server"],
    PROXY_HTTP: `http://user:${
      encodeURIComponent(secrets["the password of a proxy"])
    }@127.0.0.1:9`,
    RELAY_LOG_LEVEL: "debug",
  };
  const world1 = { variables, readTextFile: Deno.readTextFile, now: () => NOW };
  const run = fakeIo(world1);
  const ended = main(["run"], run);
  const outputs: Record<string, string> = {};
  try {
    await until(async () => (await ask("/ready")).includes('"ready":true'));
    await until(async () => /"held":1/.test(await ask("/status")));
    for (const path of ["/", "/page.js", "/ready", "/status", "/metrics"]) {
      outputs[path] = await ask(path);
    }
    for (
      const argv of [["status"], ["status", "--json"], ["config", "show"], [
        "check",
      ]]
    ) {
      const io = fakeIo(world1);
      await main(argv, io);
      outputs[argv.join(" ")] = [...io.out, ...io.err].join("\n");
    }
  } finally {
    run.interrupt();
    assertEquals(await ended, 0);
  }
  outputs["stdout"] = run.out.join("\n");
  outputs["stderr"] = run.err.join("");
  const kept = fakeIo(world1);
  await main(["status", "--json"], kept);
  outputs["status of the state"] = kept.out.join("\n");
  outputs["dead letters"] = await deadLetters(env.RELAY_STATE_PATH ?? "");
  // What is looked for was there to be seen: the place is filled with a mask.
  assert(outputs["dead letters"].includes("***"), outputs["dead letters"]);
  assert(outputs["/status"]?.includes("***"));
  assert(outputs["stderr"].includes("***"));
  assertEquals(leaksIn(outputs, secrets), []);

  async function ask(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: {
        authorization: `Bearer ${secrets["the token of the status"]}`,
      },
    }).catch(() => undefined);
    return await response?.text() ?? "";
  }
});

Deno.test("an error that ends a command is masked, wherever it is from", async () => {
  const token = planted("end");
  const io = fakeIo({
    variables: {
      OPENCTI_URL: "http://127.0.0.1:9",
      OPENCTI_TOKEN: token,
      CONNECTOR_ID: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11",
      CONNECTOR_LIVE_STREAM_ID: "stream",
      ELASTIC_SECURITY_URL: "http://127.0.0.1:9",
      ELASTIC_SECURITY_API_KEY: "0123456789abcdef",
      // As long as a path may be, with the secret in it.
      RELAY_STATE_PATH: `/nowhere/${encodeURIComponent(token)}/relay.kv`,
    },
  });
  const code = await main(["status"], io);
  assertEquals(code, 2);
  const text = io.err.join("");
  assert(text.includes("/nowhere/***/relay.kv"), text);
  assertEquals(leaksIn({ text }, { token }), []);
});

async function deadLetters(path: string): Promise<string> {
  const state = await openState(path);
  try {
    const { deadLetters } = state.target("elastic-security");
    const letters = await Array.fromAsync(deadLetters.list());
    const payloads = await Promise.all(
      letters.map(({ id }) => deadLetters.payload(id)),
    );
    return JSON.stringify([letters, payloads]);
  } finally {
    await state.close();
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
