import { assert, assertEquals } from "@std/assert";
import { deterministicId } from "../../src/stix/id.ts";
import {
  isWellKnownMarking,
  PAP_LEVELS,
  papOf,
  TLP_LEVELS,
  tlpOf,
  tlpOrder,
  toTlp,
} from "../../src/stix/marking.ts";

function marking(uuid: string) {
  return { id: `marking-definition--${uuid}` };
}

function looked(definitionType: string, definition: string) {
  return {
    id: "marking-definition--x",
    definition: { definitionType, definition },
  };
}

const GREEN = marking("34098fce-860f-48ae-8e50-ebd3cc5e41da");
const OASIS_AMBER = marking("55d920b0-5e8b-4f79-9ee9-91f868d9b421");
const STRICT = marking("826578e1-40ad-459f-bc73-ede076f81f37");

Deno.test("tlpOf() knows the ids and lets the most restrictive win", () => {
  assertEquals(tlpOf([]), undefined);
  assertEquals(tlpOf([GREEN]), "GREEN");
  assertEquals(tlpOf([OASIS_AMBER, GREEN]), "AMBER");
  assertEquals(tlpOf([OASIS_AMBER, STRICT, GREEN]), "AMBER+STRICT");
  assertEquals(tlpOf([GREEN, looked("TLP", "TLP:RED")]), "RED");
  assertEquals(tlpOf([marking("0"), GREEN]), "GREEN");
});

Deno.test("tlpOf() reads definitions in any case", () => {
  for (
    const [text, level] of [
      ["TLP:WHITE", "CLEAR"],
      ["tlp:clear", "CLEAR"],
      ["Tlp: Amber+Strict", "AMBER+STRICT"],
      ["TLP:AMBER STRICT", "AMBER+STRICT"],
      ["red", "RED"],
      ["TLP:ULTRA", undefined],
      ["", undefined],
    ] as const
  ) {
    assertEquals(tlpOf([looked("tlp", text)]), level);
  }
});

Deno.test("tlpOf() and papOf() read only their own", () => {
  const both = [
    looked("PAP", "PAP:RED"),
    GREEN,
    looked("statement", "TLP:RED"),
  ];
  assertEquals([tlpOf(both), papOf(both)], ["GREEN", "RED"]);
  assertEquals(papOf([GREEN]), undefined);
  assertEquals(papOf([looked("pap", "PAP:WHITE")]), "CLEAR");
  assertEquals(papOf([looked("pap", "AMBER+STRICT")]), undefined);
});

Deno.test("tlpOf() takes definitions of wrong types", () => {
  const broken = [5, null, {}].map((value) =>
    looked(value as unknown as string, value as unknown as string)
  );
  const halves = [looked("TLP", 5 as unknown as string)];
  assertEquals(tlpOf([...broken, ...halves]), undefined);
});

Deno.test("papOf() knows the platform's ids, which are deterministic", () => {
  for (const level of PAP_LEVELS) {
    const definition = `PAP:${level}`;
    const id = deterministicId("marking-definition", {
      definition_type: "PAP",
      definition,
    });
    assertEquals(papOf([{ id }]), level);
    assert(isWellKnownMarking(id));
  }
});

Deno.test("tlpOrder() rises with the restriction", () => {
  assertEquals(TLP_LEVELS.map(tlpOrder), [0, 1, 2, 3, 4]);
});

Deno.test("toTlp() reads what a person writes", () => {
  assertEquals(toTlp(" tlp:amber+strict "), "AMBER+STRICT");
  assertEquals(toTlp("White"), "CLEAR");
  assertEquals(toTlp("PAP:RED"), undefined);
});
