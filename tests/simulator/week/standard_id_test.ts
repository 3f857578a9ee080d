import { assert, assertEquals } from "@std/assert";
import { isRecord, type StixObject } from "../../../src/stix/object.ts";
import { standardId } from "../../../src/simulator/week/standard_id.ts";

const shared = Deno.env.get("RELAY_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;
const recording = `${shared}/data/real-stream.sse`;

/** Types that the week has not; mails go by a body that is not in the frame. */
const FOREIGN: ReadonlySet<unknown> = new Set([
  "security-coverage",
  "x-opencti-case-incident",
  "email-message",
]);

Deno.test({
  name: "standardId() agrees with the recorded stream",
  ignore: !isFile(recording),
  fn() {
    let compared = 0;
    for (const object of createdObjects()) {
      if (FOREIGN.has(object.type)) continue;
      assertEquals(standardId(object), object.id);
      compared++;
    }
    assert(compared > 2_500, `only ${compared} objects`);
  },
});

Deno.test("standardId() is the platform's for a known pattern", () => {
  assertEquals(
    standardId({
      id: "",
      type: "indicator",
      pattern: "[ipv4-addr:value = '198.51.100.7']",
    }),
    "indicator--3ae0b0a2-7289-5fda-8a85-02d057ba0968",
  );
});

Deno.test("standardId() goes by MD5 before SHA-256 and by name last", () => {
  const name = standardId({ id: "", type: "file", name: "a.exe" });
  const sha256 = standardId({
    id: "",
    type: "file",
    name: "a.exe",
    hashes: { "SHA-256": "00" },
  });
  const md5 = standardId({
    id: "",
    type: "file",
    hashes: { "SHA-256": "00", "MD5": "11" },
  });
  assertEquals(new Set([name, sha256, md5]).size, 3);
  assertEquals(
    md5,
    standardId({ id: "", type: "file", hashes: { "MD5": "11" } }),
  );
});

function* createdObjects(): Generator<StixObject> {
  for (const line of Deno.readTextFileSync(recording).split("\n")) {
    if (!line.startsWith("data: ")) continue;
    const event = parsed(line.slice("data: ".length));
    if (!isRecord(event) || event.type !== "create") continue;
    if (isRecord(event.data)) yield event.data as unknown as StixObject;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The recording holds one frame that is cut.
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
