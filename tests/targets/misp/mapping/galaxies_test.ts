/** The tables "Entity to Galaxy Mapping" and "Identity and Location Mapping". */
import { assertEquals } from "@std/assert";
import {
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  type StixObject,
} from "../../../../src/stix/object.ts";
import { attributes, holding, mapped, report, stix, tags } from "./rig.ts";

type Expected = { readonly tags: string[]; readonly attributes?: string[] };

function row(name: string, object: StixObject, expected: Expected): void {
  Deno.test(`entity to galaxy: ${name}`, async () => {
    const found = await mapped(holding([object]));
    assertEquals(
      tags(found).filter((tag) =>
        !/^(source:opencti|opencti:type:|threat-level:)/.test(tag)
      ),
      expected.tags.toSorted(),
    );
    assertEquals(attributes(found), (expected.attributes ?? []).toSorted());
  });
}

const galaxy = (type: string, value: string) =>
  `misp-galaxy:${type}="${value}"`;

const mitre = (id: string) => ({ extensions: { [MITRE_EXTENSION]: { id } } });
const octi = (properties: Record<string, unknown>) => ({
  extensions: { [OCTI_EXTENSION]: properties },
});

row("threat-actor", stix("threat-actor", { name: "APT29" }), {
  tags: [galaxy("threat-actor", "APT29")],
});
row(
  "intrusion-set, with alias tags",
  stix("intrusion-set", { name: "APT29", aliases: ["apt29", "Cozy Bear"] }),
  { tags: [galaxy("threat-actor", "APT29"), "threat-actor-alias:Cozy Bear"] },
);
row(
  "intrusion-set of MITRE",
  stix("intrusion-set", { name: "APT29", ...mitre("G0016") }),
  {
    tags: [
      galaxy("threat-actor", "APT29"),
      galaxy("mitre-intrusion-set", "APT29 - G0016"),
    ],
  },
);
row("malware", stix("malware", { name: "Emotet" }), {
  tags: [galaxy("malware", "Emotet")],
});
row(
  "malware of MITRE",
  stix("malware", { name: "Emotet", ...mitre("S0367") }),
  {
    tags: [
      galaxy("malware", "Emotet"),
      galaxy("mitre-malware", "Emotet - S0367"),
    ],
  },
);
row("tool", stix("tool", { name: "PsExec", ...mitre("S0029") }), {
  tags: [galaxy("tool", "PsExec"), galaxy("mitre-tool", "PsExec - S0029")],
});
row(
  "attack-pattern, with its id",
  stix("attack-pattern", { name: "Phishing", ...mitre("T1566") }),
  { tags: [galaxy("mitre-attack-pattern", "Phishing - T1566")] },
);
row(
  "attack-pattern, a sub-technique by its external reference",
  stix("attack-pattern", {
    name: "Spearphishing Attachment",
    external_references: [
      { source_name: "mitre-attack", external_id: "T1566.001" },
      { source_name: "capec", external_id: "CAPEC-163" },
    ],
  }),
  {
    tags: [
      galaxy("mitre-attack-pattern", "Spearphishing Attachment - T1566.001"),
    ],
  },
);
row("attack-pattern without id", stix("attack-pattern", { name: "Own" }), {
  tags: [galaxy("mitre-attack-pattern", "Own")],
});
row("campaign", stix("campaign", { name: "Operation X" }), {
  tags: [galaxy("mitre-campaign", "Operation X")],
  attributes: ["campaign-name | Attribution | Operation X"],
});
row(
  "course-of-action",
  stix("course-of-action", {
    name: "Operating System Configuration",
    ...mitre("M1028"),
  }),
  {
    tags: [
      galaxy("mitre-course-of-action", "Operating System Configuration"),
      galaxy(
        "mitre-course-of-action",
        "Operating System Configuration - M1028",
      ),
    ],
  },
);
row("infrastructure", stix("infrastructure", { name: "Botnet" }), {
  tags: [galaxy("infrastructure", "Botnet")],
});
for (
  const type of [
    "incident",
    "x-opencti-incident",
    "x-opencti-case-incident",
    "case-incident",
  ]
) {
  row(type, stix(type, { name: "Breach" }), {
    tags: [galaxy("incident", "Breach")],
  });
}
for (const type of ["x-mitre-data-source", "data-source"]) {
  row(type, stix(type, { name: "Network Traffic" }), {
    tags: [
      galaxy("mitre-data-source", "Network Traffic"),
      galaxy("mitre-data-source", "Network Traffic - DS0029"),
      "mitre:data-source:Network Traffic",
    ],
  });
}
for (const type of ["x-mitre-data-component", "data-component"]) {
  row(type, stix(type, { name: "File Creation", ...mitre("DC0039") }), {
    tags: [
      galaxy("mitre-data-component", "File Creation"),
      galaxy("mitre-data-component", "File Creation - DC0039"),
      "mitre:data-component:File Creation",
    ],
  });
}
row(
  "vulnerability, only a CVE",
  stix("vulnerability", { name: "cve-2014-0160" }),
  {
    tags: [
      galaxy("branded-vulnerability", "cve-2014-0160"),
      galaxy("branded-vulnerability", "Heartbleed"),
    ],
    attributes: ["vulnerability | External analysis | CVE-2014-0160"],
  },
);
row(
  "vulnerability of another name",
  stix("vulnerability", { name: "MS17-010" }),
  {
    tags: ["opencti:vulnerability:MS17-010"],
    attributes: ["text | External analysis | MS17-010"],
  },
);
row(
  "identity (class/sector)",
  stix("identity", { name: "finance", identity_class: "class" }),
  { tags: [galaxy("sector", "Finance")] },
);
row(
  "location (country)",
  stix("location", {
    name: "United States",
    ...octi({ location_type: "Country", aliases: ["US", "USA"] }),
  }),
  {
    tags: [
      galaxy("country", "United States"),
      galaxy("country", "united states of america"),
    ],
  },
);
row(
  "location (country), whose cluster has the same name in lower case",
  stix("location", { name: "France", x_opencti_location_type: "Country" }),
  { tags: [galaxy("country", "france")] },
);
row(
  "location (region)",
  stix("location", {
    name: "Western Europe",
    x_opencti_location_type: "Region",
  }),
  {
    tags: [
      galaxy("region", "Western Europe"),
      galaxy("region", "155 - Western Europe"),
    ],
  },
);

row(
  "data-source under another name, told by its id",
  stix("data-source", { name: "Traffic", ...mitre("DS0029") }),
  {
    tags: [
      galaxy("mitre-data-source", "Traffic"),
      galaxy("mitre-data-source", "Network Traffic - DS0029"),
      "mitre:data-source:Traffic",
    ],
  },
);
row(
  "identity whose name is no line: the companion becomes text",
  stix("identity", { name: "a\nb", identity_class: "organization" }),
  {
    tags: [galaxy("target-information", "a b")],
    attributes: ["text | Other | a\nb"],
  },
);

// Identity classes.
row(
  "identity class organization",
  stix("identity", { name: "Bank", identity_class: "organization" }),
  {
    tags: [galaxy("target-information", "Bank")],
    attributes: ["target-org | Targeting data | Bank"],
  },
);
row(
  "identity class organization, a sector by x_opencti_type",
  stix("identity", {
    name: "Telecoms",
    identity_class: "organization",
    x_opencti_type: "Sector",
  }),
  { tags: [galaxy("sector", "Telecoms")] },
);
row(
  "identity class class, a sector by the extension, unknown to the galaxy",
  stix("identity", {
    name: "Own sector",
    identity_class: "class",
    ...octi({ type: "Sector" }),
  }),
  { tags: [galaxy("sector", "Own sector")] },
);
row(
  "identity class individual",
  stix("identity", { name: "Jane", identity_class: "individual" }),
  {
    tags: [galaxy("target-information", "Jane")],
    attributes: ["target-user | Targeting data | Jane"],
  },
);
row(
  "identity class system",
  stix("identity", { name: "SRV1", identity_class: "system" }),
  {
    tags: [galaxy("target-information", "SRV1")],
    attributes: ["target-machine | Targeting data | SRV1"],
  },
);
row(
  "identity class group",
  stix("identity", { name: "Admins", identity_class: "group" }),
  {
    tags: [galaxy("target-information", "Admins")],
    attributes: ["target-org | Targeting data | Admins"],
  },
);
for (const label of ["APT", "threat-group"]) {
  row(
    `identity class group labelled ${label}`,
    stix("identity", {
      name: "FIN7",
      identity_class: "group",
      labels: [label],
    }),
    { tags: [galaxy("threat-actor", "FIN7")] },
  );
}
row("identity without a class", stix("identity", { name: "Someone" }), {
  tags: [galaxy("target-information", "Someone")],
});

// Location types.
for (const type of ["City", "Administrative-Area", "Position"]) {
  row(
    `location type ${type.toLowerCase()}`,
    stix("location", { name: "Lyon", ...octi({ location_type: type }) }),
    {
      tags: [galaxy("target-information", "Lyon")],
      attributes: ["target-location | Targeting data | Lyon"],
    },
  );
}
row(
  "location type country, told by its property",
  stix("location", { name: "Deutschland", country: "DE" }),
  { tags: [galaxy("country", "Deutschland"), galaxy("country", "germany")] },
);
row(
  "location type region, told by its property",
  stix("location", { name: "Nowhere", region: "nowhere" }),
  { tags: [galaxy("region", "Nowhere")] },
);
row("location without type", stix("location", { name: "Somewhere" }), {
  tags: [galaxy("target-information", "Somewhere")],
  attributes: ["target-location | Targeting data | Somewhere"],
});

// Other entities.
for (
  const type of [
    "channel",
    "event",
    "narrative",
    "capability",
    "grouping",
    "task",
    "feedback",
    "case-rfi",
    "case-rft",
    "report",
    "malware-analysis",
  ]
) {
  row(`other entity ${type}`, stix(type, { name: "Telegram" }), {
    tags: [`opencti:${type}:Telegram`],
    attributes: ["text | External analysis | Telegram"],
  });
}
row("other entity note", stix("note", { abstract: "Short", content: "Long" }), {
  tags: ["opencti:note:Short"],
  attributes: ["text | External analysis | Short"],
});
row("other entity opinion", stix("opinion", { explanation: "x".repeat(120) }), {
  tags: [`opencti:opinion:${"x".repeat(100)}`],
  attributes: [`text | External analysis | ${"x".repeat(100)}`],
});
row("other entity x-opencti-task", stix("x-opencti-task", { name: "Do" }), {
  tags: ["opencti:task:Do"],
  attributes: ["text | External analysis | Do"],
});
row("other entity of MITRE", stix("x-mitre-tactic", { name: "Impact" }), {
  tags: ["mitre:tactic:Impact"],
  attributes: ["text | External analysis | Impact"],
});
row("other entity nobody knows", stix("x-acme-badge", { name: "B" }), {
  tags: ["stix:x-acme-badge:B"],
  attributes: ["text | External analysis | B"],
});

for (const type of ["relationship", "marking-definition", "sighting"]) {
  row(`${type} gives no element`, stix(type, { name: "x" }), { tags: [] });
}

Deno.test("other entity: comment and labels are those of the attribute", async () => {
  const channel = stix("channel", {
    name: "Telegram",
    description: "d".repeat(150),
    labels: ["chat"],
  });
  const { event } = await mapped(holding([channel]));
  const [attribute] = event.Attribute;
  assertEquals(attribute?.comment, `OpenCTI channel: ${"d".repeat(100)}`);
  assertEquals(attribute?.Tag, [{ name: "chat" }]);
  assertEquals(attribute?.to_ids, false);
});

Deno.test("entities: each external reference with a URL is a link, once", async () => {
  const references = [
    { source_name: "blog", url: "https://blog.example/a" },
    { source_name: "twin", url: "https://blog.example/a" },
    { source_name: "no url", external_id: "1" },
    { source_name: "path", url: "/relative" },
    { source_name: "idn", url: "https://bücher.example/ü" },
    "nonsense",
  ];
  const found = await mapped(
    holding([stix("malware", { name: "X", external_references: references })]),
  );
  assertEquals(attributes(found), [
    "link | External analysis | https://blog.example/a",
    "link | External analysis | https://xn--bcher-kva.example/%C3%BC",
    "text | External analysis | /relative",
  ]);
  assertEquals(found.event.Attribute[0]?.comment, "Reference for X: blog");
  assertEquals(
    found.event.Attribute[1]?.comment,
    "link: Reference for X: path",
  );
});

Deno.test("identities: the author is no target, even as a content", async () => {
  const author = stix("identity", {
    name: "CERT",
    identity_class: "organization",
  });
  const container = report({ created_by_ref: author.id });
  const found = await mapped(holding([author], { container }));
  assertEquals(attributes(found), []);
});
