/** The product's tables against what MISP publishes, where that is at hand. */
import { assert, assertEquals } from "@std/assert";
import {
  COUNTRIES,
  DATA_COMPONENTS,
  DATA_SOURCES,
  NICKNAMES,
  REGIONS,
  SECTORS,
} from "../../../../src/targets/misp/mapping/galaxy_values.ts";
import {
  ENTITY_ROWS,
  IDENTITY_ROWS,
  LOCATION_ROWS,
  VULNERABILITY_ROW,
} from "../../../../src/targets/misp/mapping/galaxies.ts";
import {
  ATTRIBUTE_ROWS,
  OBJECT_ROWS,
} from "../../../../src/targets/misp/mapping/observable_rows.ts";
import {
  HASH_ROWS,
  PATTERN_OBJECT_ROWS,
  PATTERN_ROWS,
  RULE_ROWS,
} from "../../../../src/targets/misp/mapping/pattern_rows.ts";
import {
  RELATION_ROWS,
  TEMPLATE_ROWS,
} from "../../../../src/targets/misp/mapping/templates.ts";
import {
  attributeType,
  RECENT_TYPES,
  TYPE_ROWS,
} from "../../../../src/targets/misp/mapping/types.ts";
import { GALAXIES, noReference, TEMPLATES, TYPES } from "./reference.ts";

function compare(name: string, fn: () => void): void {
  Deno.test({ name, ignore: noReference, fn });
}

compare("TYPE_ROWS are those of describeTypes", () => {
  const wrong = TYPE_ROWS.flatMap(([type, category, toIds]) => {
    const told = TYPES?.sane_defaults[type];
    return told?.default_category === category &&
        (told.to_ids === 1) === toIds
      ? []
      : [type];
  });
  assertEquals(wrong, []);
  assertEquals(
    TYPE_ROWS.map(([type]) => type)
      .filter((type) => TYPES?.newer_than_2_5_1.includes(type)),
    [...RECENT_TYPES],
  );
});

compare("the rules of hashes take exactly the digits that MISP takes", () => {
  for (const [type, digits] of Object.entries(TYPES?.hex_lengths ?? {})) {
    const rule = TYPE_ROWS.find(([name]) => name === type)?.[3];
    if (rule === undefined) continue;
    assertEquals(rule("A".repeat(digits)), "a".repeat(digits));
    assertEquals(rule("a".repeat(digits + 1)), undefined);
    assertEquals(rule("a".repeat(digits - 1)), undefined);
    assertEquals(rule(`${"a".repeat(digits - 1)}g`), undefined);
  }
});

compare("every category of a row takes its type", () => {
  const places = [
    ...PATTERN_ROWS.map(([, type, category]) => [type, category] as const),
    ...RULE_ROWS.map(([, type, category]) => [type, category] as const),
    ...ATTRIBUTE_ROWS.map(([, type, category]) => [type, category] as const),
    ...HASH_ROWS.flatMap(([, file, certificate]) =>
      [file, certificate ?? file].map((type) =>
        [type, "Payload delivery"] as const
      )
    ),
  ].flatMap(([type, category]) => {
    // Words for what the value decides.
    const types: Record<string, string[]> = {
      source: ["ip-src", "domain", "mac-address"],
      destination: ["ip-dst", "domain", "mac-address"],
      wallet: ["btc", "text"],
    };
    return (types[type] ?? [type]).map((name) => [name, category] as const);
  });
  const wrong = places.filter(([type, category]) =>
    !TYPES?.category_type_mappings[category]?.includes(type)
  );
  assertEquals(wrong, []);
});

compare("TEMPLATE_ROWS are those of misp-objects", () => {
  for (
    const [name, uuid, version, metaCategory, description] of TEMPLATE_ROWS
  ) {
    const told = TEMPLATES?.templates[name];
    assertEquals(
      { uuid, version, metaCategory, description },
      {
        uuid: told?.uuid,
        version: `${told?.version}`,
        metaCategory: told?.["meta-category"],
        description: told?.description,
      },
      name,
    );
  }
});

compare("RELATION_ROWS are those of misp-objects", () => {
  for (const [template, relation, type, says] of RELATION_ROWS) {
    const told = TEMPLATES?.templates[template];
    const options = told?.relation_options[relation] ?? {};
    assertEquals(
      { type, says },
      {
        type: told?.relations[relation],
        says: (told?.requiredOneOf.includes(relation) ? "1" : "") +
          (options.multiple ? "*" : "") +
          (options.disable_correlation ? "-" : ""),
      },
      `${template} ${relation}`,
    );
    assertEquals(options.to_ids, undefined);
  }
});

compare("values of galaxies are those of misp-galaxy", () => {
  const record = (map: ReadonlyMap<string, string>, full = false) =>
    Object.fromEntries(
      Array.from(map, ([id, name]) => [id, full ? `${name} - ${id}` : name]),
    );
  assertEquals(record(COUNTRIES), GALAXIES?.country_by_iso2);
  assertEquals(REGIONS, GALAXIES?.region_values);
  assertEquals(SECTORS, GALAXIES?.sector_values);
  assertEquals(record(NICKNAMES), GALAXIES?.branded_vulnerability_by_cve);
  assertEquals(record(DATA_SOURCES, true), GALAXIES?.mitre_data_source_by_id);
  assertEquals(
    record(DATA_COMPONENTS, true),
    GALAXIES?.mitre_data_component_by_id,
  );
});

compare("a galaxy of a row exists, but for four", () => {
  const known = new Set(GALAXIES?.galaxies.map(({ type }) => type));
  const rows = [
    ...ENTITY_ROWS,
    ...IDENTITY_ROWS,
    ...LOCATION_ROWS,
    VULNERABILITY_ROW,
  ];
  assertEquals(
    [...new Set(rows.map(({ galaxy }) => galaxy))]
      .filter((galaxy) => !known.has(galaxy)).toSorted(),
    ["incident", "infrastructure", "malware", "mitre-campaign"],
  );
});

Deno.test("every relation and type that a row names is in the tables", () => {
  const relations = new Set(
    RELATION_ROWS.map(([template, relation]) => `${template} ${relation}`),
  );
  const named = [
    ...OBJECT_ROWS.map(([, template, , relation]) => `${template} ${relation}`),
    ...PATTERN_OBJECT_ROWS.map(([, template, relation]) =>
      `${template} ${relation}`
    ),
  ].filter((name) => !relations.has(name));
  // Words for what the value decides.
  assertEquals([...new Set(named)], [
    "network-connection source",
    "network-connection destination",
    "network-connection protocol",
  ]);
  for (const [, , type] of RELATION_ROWS) assert(attributeType(type));
  for (const { companion } of [...ENTITY_ROWS, ...IDENTITY_ROWS]) {
    if (companion !== undefined) assert(attributeType(companion));
  }
});
