/** The tables of the README that say what arrives in MISP. */
import { MITRE_EXTENSION } from "../../src/stix/object.ts";
import { CONTAINER_ROWS } from "../../src/targets/misp/mapping/container.ts";
import {
  ALIAS_ENTITIES,
  ENTITY_ROWS,
  type GalaxyRow,
  IDENTITY_ROWS,
  LOCATION_ROWS,
  VULNERABILITY_ROW,
} from "../../src/targets/misp/mapping/galaxies.ts";
import { MARKING_ROWS } from "../../src/targets/misp/mapping/markings.ts";
import {
  ATTRIBUTE_ROWS,
  C2_LABELS,
  OBJECT_ROWS,
} from "../../src/targets/misp/mapping/observable_rows.ts";
import {
  HASH_ROWS,
  PATTERN_OBJECT_ROWS,
  PATTERN_ROWS,
  RULE_ROWS,
} from "../../src/targets/misp/mapping/pattern_rows.ts";
import { TAG_FORMATS } from "../../src/targets/misp/mapping/tags.ts";
import {
  CONFIDENCE_BANDS,
  LEVEL_NAMES,
  SCORE_BANDS,
} from "../../src/targets/misp/mapping/threat_level.ts";
import { attributeType } from "../../src/targets/misp/mapping/types.ts";
import { type Cells, code, grouped, list, table } from "./tables.ts";

/** All of them, with what stands between, as Markdown. */
export function mispTables(): string {
  return [
    `A container with all that it holds is one event; its UUID is the container's
own id in OpenCTI.`,
    table(["container", "event"], containerCells()),
    `The owner organisation is that of the API key, whatever is sent; a creator
organisation other than that needs a key with \`perm_sync\`.

The threat level is decided by the mean score of the indicators and observables;
without any score by the confidence of the container, without that by the
setting \`threat_level\`.`,
    table(["threat level", "mean score", "else confidence"], levelCells()),
    `Entities become galaxy tags. A tag is a link in MISP only where a cluster of
the instance has exactly that name, so the name that MISP's own galaxies use is
sent beside the plain one where it can be told, and an attribute where no
cluster says the same.`,
    table(["entity", "tag", "also, for example", "attribute"], galaxyCells()),
    `${list([...ALIAS_ENTITIES])} have a tag for each other name. Every external
reference of an entity with a URL is an attribute \`link\`. Entities without a row
are an attribute \`text\` in \`External analysis\` and a tag; relationships are none.

The values that an indicator's pattern asks for (\`=\`, \`IN\`, \`LIKE\` without
wildcards, \`ISSUBSET\` of an address) are attributes, each once in the event:`,
    table(["path in a pattern", "attribute", "category"], patternCells()),
    `Ends of a connection are \`ip-src\` and \`ip-dst\` where they are addresses, else
\`domain\` or \`mac-address\`. What has no type of its own is an object, one for
each observation:`,
    table(["object", "paths in a pattern"], patternObjectCells()),
    `A registry key with its data is also \`regkey|value\`; protocols without ends and
ports, and software without a name, are text. A pattern of which anything cannot
be said so (ranges, wildcards, negation, \`FOLLOWEDBY\`, qualifiers) is there as a
whole beside its values: \`stix2-pattern\`, not for detection. \`to_ids\` is set where
MISP's default for the type is so and the indicator is neither revoked nor
expired. Other languages:`,
    table(["pattern type", "attribute", "category"], ruleCells()),
    `\`suricata\` is \`snort\` on an instance that does not know it; languages without
a row are \`text\`. Observables are objects; \`to_ids\` follows the type where the
score is 50 or more:`,
    table(["observable", "object", "property", "relation"], observableCells()),
    `or attributes, where MISP has no object for them; types without a row are
\`text\`:`,
    table(["observable", "attribute", "category"], attributeCells()),
    `A value that MISP would refuse is \`text\`, with the type that was meant in its
comment; an object that lacks what its template needs is attributes. Tags, with
the setting \`tag_prefix\` as \`{prefix}\`; \`tag_opencti: false\` leaves away the
first, the confidence and all with the prefix:`,
    table(["tag", "from", "where"], tagCells()),
    `Labels are tags as they are: the container's of the event, others of their
attributes. TLP and PAP are ${list(MARKING_ROWS.map(([, , name]) => name))}; of
several the strictest counts, and an attribute has its own where it is not the
event's. Sightings are sightings of the attributes.`,
  ].join("\n\n");
}

function containerCells(): Cells[] {
  const rows = CONTAINER_ROWS.map(([property, field, how]): Cells => [
    property === "" ? "(always)" : code(property),
    property === "" ? code(`${field} = ${how({} as never)}`) : code(field),
  ]);
  return [
    ...rows,
    [code("description"), "attribute `comment` in `Other`"],
    [code("labels"), "tags"],
    ["the setting `distribution_level`", code("distribution")],
  ];
}

function levelCells(): Cells[] {
  return SCORE_BANDS.map(([score, level], at) => {
    const [confidence] = CONFIDENCE_BANDS[at] ?? [];
    const name = level === "4" ? "undefined" : LEVEL_NAMES[level];
    return [`${level} (${name})`, `from ${score}`, `from ${confidence}`];
  });
}

/** Names and MITRE ids for which a row has something better to say. */
// deno-fmt-ignore
const SAMPLES: Readonly<Record<string, readonly [name: string, id?: string]>> = {
  "intrusion-set":          ["APT29", "G0016"],
  "malware":                ["Emotet", "S0367"],
  "tool":                   ["Net", "S0039"],
  "attack-pattern":         ["Phishing", "T1566"],
  "course-of-action":       ["Network Segmentation", "M1030"],
  "x-mitre-data-source":    ["File"],
  "data-source":            ["File"],
  "x-mitre-data-component": ["File Creation"],
  "data-component":         ["File Creation"],
  "vulnerability":          ["CVE-2014-0160"],
  "sector":                 ["finance"],
  "class":                  ["finance"],
  "country":                ["US"],
  "region":                 ["Western Europe"],
};

function galaxyCells(): Cells[] {
  const all: [string, GalaxyRow][] = [
    ...ENTITY_ROWS.map((row): [string, GalaxyRow] => [row.entity, row]),
    ["vulnerability (a CVE)", VULNERABILITY_ROW],
    ...IDENTITY_ROWS.map((row): [string, GalaxyRow] => [
      `identity: ${row.entity}`,
      row,
    ]),
    ...LOCATION_ROWS.map((row): [string, GalaxyRow] => [
      `location: ${row.entity}`,
      row,
    ]),
  ];
  return all.map(([what, row]) => {
    const [name, id] = SAMPLES[row.entity] ?? ["name"];
    const object = {
      id: "",
      type: "",
      extensions: { [MITRE_EXTENSION]: { id } },
    };
    const value = SAMPLES[row.entity] === undefined || id === undefined
      ? "<name>"
      : row.value(object, name).replace(name, "<name>").replace(id, "<id>");
    return [
      what,
      code(`misp-galaxy:${row.galaxy}="${value}"`),
      row.canonical(object, name).map(([galaxy, found]) =>
        code(`${galaxy}="${found}"`)
      ).join(", "),
      row.companion === undefined ? "" : code(row.companion),
    ];
  });
}

function patternCells(): Cells[] {
  const rows = grouped([
    ...PATTERN_ROWS.map(([path, type, category]) => [
      `${type}\n${category}`,
      path,
    ]),
    ...HASH_ROWS.flatMap(([algorithm, file, certificate]) => [
      [`${file}\nPayload delivery`, `file:hashes.'${algorithm}'`],
      ...(certificate === undefined ? [] : [[
        `${certificate}\nPayload delivery`,
        `x509-certificate:hashes.'${algorithm}'`,
      ]]),
    ]),
  ]);
  const words: Record<string, string> = {
    source: "`ip-src` and others",
    destination: "`ip-dst` and others",
    wallet: "`btc`, else `text`",
  };
  return [...rows].map(([key, paths]) => {
    const [type = "", category = ""] = key.split("\n");
    return [list(paths), words[type] ?? code(type), category];
  });
}

function patternObjectCells(): Cells[] {
  const rows = grouped(
    PATTERN_OBJECT_ROWS.map(([path, template]) => [template, path]),
  );
  return [...rows].map(([template, paths]) => [code(template), list(paths)]);
}

function ruleCells(): Cells[] {
  return RULE_ROWS.map(([language, type, category]) => [
    code(language),
    code(type),
    category,
  ]);
}

function observableCells(): Cells[] {
  const rows = grouped(
    OBJECT_ROWS.map(([observable, template, property, relation]) => [
      `${observable}\n${template}`,
      `${property}\n${relation}`,
    ]),
  );
  return [...rows].flatMap(([key, pairs]) => {
    const [observable = "", template = ""] = key.split("\n");
    const properties = grouped(pairs.map((pair) => pair.split("\n")));
    return [...properties].map(([property, relations], at) => [
      ...(at === 0 ? [code(observable), code(template)] : ["", ""]),
      code(property),
      list(relations),
    ]);
  });
}

function attributeCells(): Cells[] {
  return ATTRIBUTE_ROWS.map(([observable, type, category]) => [
    code(observable),
    code(attributeType(type).type),
    category,
  ]);
}

/** Where each tag comes from and goes to. */
// deno-fmt-ignore
const TAG_WORDS: Readonly<Record<keyof typeof TAG_FORMATS, Cells>> = {
  source:         ["always", "event"],
  containerType:  ["type of the container", "event"],
  confidence:     ["`confidence` of the container", "event"],
  galaxy:         ["entities, as above", "event"],
  alias:          ["other names of threat actors", "event"],
  observableType: ["type of each observable", "event and attribute"],
  threatLevel:    [`${list(Object.values(LEVEL_NAMES))}: threat level of the event, score of the observable`, "event and attribute"],
  infrastructure: [`addresses, names and URLs labelled ${list([...C2_LABELS])}`, "event and attribute"],
  entity:         ["entities of OpenCTI without a galaxy", "event"],
  mitre:          ["data sources, data components and the like", "event"],
  unknown:        ["any other type", "event"],
};

function tagCells(): Cells[] {
  return Object.entries(TAG_FORMATS).map(([name, format]) => [
    code(format),
    ...TAG_WORDS[name as keyof typeof TAG_FORMATS],
  ]);
}
