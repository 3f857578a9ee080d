/** Two targets that would write to the same place, with the real targets. */
import { assertEquals } from "@std/assert";
import { TARGETS } from "../../src/targets/mod.ts";
import { PLATFORM_ENV, problemsOf } from "./fixture.ts";

const ID = "6c0a3f0e-52a8-4a55-9a7e-0d6d3f1b7a11";
const OTHER = "0d6d3f1b-7a11-4a55-9a7e-6c0a3f0e52a8";
const KEY = "a".repeat(40);

const sekoia = (name: string, collection: string) =>
  `{type: sekoia, name: ${name}, apikey: k, ${collection}`;
const harfanglab = (name: string, rest: string) =>
  `{type: harfanglab, name: ${name}, token: t, ${rest}`;
const misp = (name: string, url: string) =>
  `{type: misp, name: ${name}, api_key: ${KEY}, url: "${url}"}`;

/** Two targets, and the place that both would write to. */
const CASES: readonly [string, string, place: string | undefined][] = [
  [
    sekoia("a", `ioc_collection_uuid: ${ID}, url: "https://api.sekoia.io"}`),
    sekoia(
      "b",
      `ioc_collection_uuid: ioc-collection--${ID.toUpperCase()}, ` +
        'url: "https://api.sekoia.io/v2/inthreat/"}',
    ),
    `the IOC collection "ioc-collection--${ID}" of ` +
    "https://api.sekoia.io/v2/inthreat/ioc-collections",
  ],
  [
    sekoia("a", `ioc_collection_uuid: ${ID}, url: "https://api.sekoia.io"}`),
    sekoia("b", `ioc_collection_uuid: ${OTHER}, url: "https://api.sekoia.io"}`),
    undefined,
  ],
  [
    harfanglab("a", 'url: "https://edr.example:8443"}'),
    harfanglab("b", 'url: "https://edr.example:8443/api/"}'),
    'the source lists "from_OpenCTI" of https://edr.example:8443',
  ],
  [
    harfanglab("a", 'url: "https://edr.example"}'),
    harfanglab("b", 'url: "https://edr.example", source_list_name: other}'),
    undefined,
  ],
  [
    misp("a", "https://misp.example"),
    misp("b", "https://misp.example/"),
    "the MISP at https://misp.example",
  ],
  [
    misp("a", "https://misp.example/one"),
    misp("b", "https://misp.example/two"),
    undefined,
  ],
];

for (const [first, second, place] of CASES) {
  const what = place === undefined ? "accepts" : "refuses";
  Deno.test(`loadConfig() ${what} ${first} beside ${second}`, async () => {
    const problems = await problemsOf({
      yaml: `targets: [${first}, ${second}]`,
      env: PLATFORM_ENV,
      registry: TARGETS,
    });
    assertEquals(
      problems,
      place === undefined ? [] : [
        `targets[1]: writes to ${place}, as targets[0] does, and each would ` +
        "undo the other's work; give each a place of its own, or join their " +
        "streams",
      ],
    );
  });
}
