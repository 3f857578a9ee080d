import { assertEquals } from "@std/assert";
import { attribute, type Bench, type Json, uuid, withMisp } from "./client.ts";

/** Five events: tags a; a b; b; none; a of nobody's business. */
async function fill({ add, addUser }: Bench) {
  const tags = [["a"], ["a", "b"], ["b"], [], ["a"]];
  const stranger = addUser("syncUser", "Elsewhere");
  for (const [at, names] of tags.entries()) {
    const hidden = at === 4;
    await add({
      uuid: uuid(at + 1),
      info: `event ${at + 1}`,
      date: `2024-01-0${at + 1}`,
      timestamp: String(1_706_745_600 + at),
      distribution: hidden ? "0" : "1",
      threat_level_id: String(at % 4 + 1),
      Tag: names.map((name) => ({ name })),
      Attribute: at === 2
        ? []
        : [attribute({ uuid: uuid(100 + at), value: `1.1.1.${at}` })],
    }, hidden ? { as: stranger } : {});
  }
}

/** Numbers of the events that the index gives. */
async function ids({ post }: Bench, filter: Json) {
  const answer = await post("events/index", filter);
  return answer.body.map(({ id }: Json) => id).join(" ");
}

// deno-fmt-ignore
const FILTERS: readonly [Json, string][] = [
  [{},                                         "1 2 3 4"],
  [{ tag: "a" },                               "1 2"],
  [{ tags: "A" },                              "1 2"],
  [{ searchtag: "a" },                         "1 2"],
  [{ tag: ["a", "b"] },                        "1 2 3"],
  [{ tag: "a|b" },                             "1 2 3"],
  [{ tag: "a&b" },                             "2"],
  [{ tag: "!a" },                              "3 4"],
  [{ tags: ["b", "!a"] },                      "3"],
  [{ tag: "1" },                               "1 2"],
  [{ tag: "unknown" },                         ""],
  [{ tag: "!unknown" },                        "1 2 3 4"],
  [{ tag: "" },                                "1 2 3 4"],
  [{ eventid: uuid(2) },                       "2"],
  [{ eventid: ["1", "3"] },                    "1 3"],
  [{ eventinfo: "EVENT 4" },                   "4"],
  [{ org: "cert" },                            "1 2 3 4"],
  [{ org: "!CERT" },                           ""],
  [{ datefrom: "2024-01-02", dateuntil: "2024-01-03" }, "2 3"],
  [{ timestamp: 1_706_745_602 },               "3 4"],
  [{ timestamp: [1_706_745_601, 1_706_745_602] }, "2 3"],
  [{ threatlevel: "1|2" },                     "1 2"],
  [{ published: 0 },                           "1 2 3 4"],
  [{ published: 1 },                           ""],
  [{ published: 2 },                           "1 2 3 4"],
  [{ sort: "timestamp", direction: "desc" },   "4 3 2 1"],
  [{ sort: "nothing" },                        "1 2 3 4"],
  [{ limit: 2 },                               "1 2"],
  [{ limit: 2, page: 2 },                      "3 4"],
  [{ limit: 2, page: 3 },                      ""],
  [{ tag: "a|b", limit: 2, page: 2 },          "3"],
];

Deno.test("events/index filters by tag and others, and gives pages of what the user may see", () =>
  withMisp(async (bench) => {
    await fill(bench);
    for (const [filter, wanted] of FILTERS) {
      assertEquals(await ids(bench, filter), wanted, JSON.stringify(filter));
    }
    const { headers } = await bench.post("events/index", {
      tag: "a|b",
      limit: 1,
    });
    assertEquals(headers.get("x-result-count"), "3");
    const named = await bench.get("events/index/searchtag:b/limit:1");
    assertEquals(named.body.map(({ id }: Json) => id), ["2"]);
    assertEquals((await bench.get("events")).body.length, 4);
  }));

Deno.test("events/index gives the fields, organisations and tags; minimal rows leave empty events out", () =>
  withMisp(async (bench) => {
    await fill(bench);
    const [row] = (await bench.post("events/index", { tag: "a" })).body;
    assertEquals([row.uuid, row.Orgc.name, row.attribute_count], [
      uuid(1),
      "CERT",
      "1",
    ]);
    assertEquals(row.EventTag[0].Tag.name, "a");
    assertEquals([row.Attribute, row.user_id], [undefined, undefined]);
    const minimal = (await bench.post("events/index", { minimal: true })).body;
    assertEquals(minimal.map(({ id }: Json) => id), ["1", "2", "4"]);
    assertEquals(minimal[0], {
      id: "1",
      timestamp: "1706745600",
      sighting_timestamp: "0",
      published: false,
      uuid: uuid(1),
      orgc_uuid: "5f6d5a1e-0000-4000-8000-000000000001",
    });
  }));
