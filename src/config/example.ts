import type { TargetDefinition } from "../targets/target.ts";
import { fieldKind, objectShape } from "./fields.ts";
import {
  inputSchema,
  type JsonSchema,
  type ObjectJsonSchema,
} from "./input_schema.ts";
import { RELAY_SCHEMA, TARGET_SCHEMA } from "./schema.ts";

const WIDTH = 78;

const HEADER = `\
opencti-relay: example configuration

What is required stands as it is, everything else commented out with its default.

\${VAR} and \${VAR:default} are replaced by environment variables; $\${ is a literal \${.

A secret such as "token" may also be given as "token_file", the path of a file that holds it.

Every setting of the blocks "opencti", "connector" and "proxy" has a variable: OPENCTI_URL sets opencti.url. The names of the connectors that this program replaces work too.

This file is printed by "opencti-relay config example".`;

/** Settings of `connector` without which nearly nobody can do. */
const NEEDED = ["id", "live_stream_id"];

/**
 * The example file: all settings with their descriptions, secrets as
 * variables. The first target is active, the others stand commented out.
 */
export function exampleYaml(registry: readonly TargetDefinition[]): string {
  const paragraphs = [
    comment(HEADER),
    ...Object.entries(RELAY_SCHEMA.shape).map(([key, schema]) =>
      exampleBlock(key, schema)
    ),
    exampleTargets(registry),
  ];
  return paragraphs.map((lines) => lines.join("\n")).join("\n\n") + "\n";
}

type Schema = Parameters<typeof inputSchema>[0];

function exampleBlock(key: string, schema: Schema): string[] {
  const json = inputSchema(schema);
  const lines = settingLines(schema, {
    variable: (name) => `${key}_${name}`.toUpperCase(),
    needed: key === "connector" ? NEEDED : [],
  });
  const isActive = key === "opencti" || key === "connector";
  const head = comment(json.description ?? "");
  const body = isActive
    ? [`${key}:`, ...indented(lines.map(activeOrNot))]
    : [`${key}:`, ...indented(lines.map(({ text }) => text))]
      .map(commentedOut);
  return [...head, ...body];
}

/** One line of a block, before it is decided what is commented out. */
interface Line {
  readonly text: string;
  readonly isActive: boolean;
}

interface SettingsOptions {
  /** The variable that a required value is taken from. */
  variable(key: string): string;
  /** Shown as required, beside what the schema requires. */
  readonly needed: readonly string[];
}

function settingLines(schema: Schema, options: SettingsOptions): Line[] {
  const json = inputSchema(schema);
  const shape = objectShape(schema) ?? {};
  const required = new Set([
    ...json.required ?? [],
    ...requiredSecrets(json),
    ...options.needed,
  ]);
  return Object.entries(shape).flatMap(([key, member]) => {
    const property = json.properties[key] ?? {};
    const isActive = required.has(key);
    const described = comment(property.description ?? "")
      .map((text) => ({ text, isActive: true }));
    if (objectShape(member) !== undefined) {
      const inner = settingLines(member, {
        variable: (name) => options.variable(`${key}_${name}`),
        needed: [],
      });
      return [
        ...described,
        { text: `${key}:`, isActive: false },
        ...inner.map(({ text }) => ({ text: `  ${text}`, isActive: false })),
      ];
    }
    const value = exampleValue(key, { property, member, isActive, options });
    const text = value === undefined ? `${key}:` : `${key}: ${value}`;
    return [...described, { text, isActive }];
  });
}

function exampleValue(
  key: string,
  { property, member, isActive, options }: {
    property: JsonSchema;
    member: Schema;
    isActive: boolean;
    options: SettingsOptions;
  },
): string | undefined {
  const reference = `\${${options.variable(key)}}`;
  if (fieldKind(member) === "secret") return reference;
  if (property.default !== undefined) return flow(property.default);
  const [example] = Array.isArray(property.examples) ? property.examples : [];
  if (example !== undefined) return flow(example);
  if (property.const !== undefined) return flow(property.const);
  if (!isActive) return undefined;
  return property.pattern?.startsWith("^(https?:")
    ? `https://${key.replaceAll("_", "-")}.example.org`
    : reference;
}

/** A value on one line; text that could be misread stands in quotes. */
function flow(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const isPlain = /^[A-Za-z0-9$./][\w${}./:@,*-]*$/.test(value) &&
    !value.endsWith(":");
  return isPlain ? value : JSON.stringify(value);
}

function exampleTargets(registry: readonly TargetDefinition[]): string[] {
  const head = comment("Where intelligence goes: any number of each type");
  if (registry.length === 0) return [...head, "targets: []"];
  return [
    ...head,
    "targets:",
    ...registry.flatMap((definition, index) => {
      const lines = exampleTarget(definition, index === 0);
      return index === 0 ? lines : lines.map(commentedOut);
    }),
  ];
}

function exampleTarget(
  definition: TargetDefinition,
  isFirst: boolean,
): string[] {
  const { name, seed, summary, config } = definition;
  const prefix = name.replaceAll("-", "_").toUpperCase();
  const variable = (key: string) => {
    const short = `${prefix}_${key.toUpperCase()}`;
    // A decisive variable of the connector would make a target of its own.
    return seed.presentWhen.includes(short) ? `TARGET_${short}` : short;
  };
  const shared = isFirst
    ? settingLines(
      TARGET_SCHEMA.omit({ name: true, type: true }),
      { variable, needed: [] },
    )
    : [];
  const own = settingLines(config, { variable, needed: [] });
  return indented([
    ...comment(summary),
    `- name: ${name}`,
    `  type: ${name}`,
    ...indented([...shared, ...own].map(activeOrNot)),
  ]);
}

/** Secrets that are required as a value or as a file. */
function requiredSecrets(schema: ObjectJsonSchema): string[] {
  return (schema.allOf ?? []).flatMap((rule: JsonSchema) => {
    const either: JsonSchema | undefined = rule.oneOf?.[0];
    return either?.required?.slice(0, 1) ?? [];
  });
}

function activeOrNot({ text, isActive }: Line): string {
  return isActive ? text : `# ${text}`;
}

function commentedOut(line: string): string {
  return `# ${line}`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Text as comment lines of at most `WIDTH` characters; none for no text. */
function comment(text: string): string[] {
  if (text === "") return [];
  return text.split("\n").flatMap((paragraph) => wrapped(paragraph, WIDTH - 2))
    .map((line) => line === "" ? "#" : `# ${line}`);
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1]!;
    const longer = last === "" ? word : `${last} ${word}`;
    if (longer.length <= width || last === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
