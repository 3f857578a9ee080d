/**
 * The rules of the house, checked on the real files. Every rule is a test of
 * its own and prints all that breaks it.
 */
import { assert } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { hasRoom, whyNot } from "./architecture/rooms.ts";
import {
  exportsOf,
  type Import,
  importsOf,
  linesWith,
  readSource,
  type Source,
} from "./architecture/source.ts";

/** A TypeScript file, its path from the root with forward slashes. */
interface File extends Source {
  readonly path: string;
  readonly imports: readonly Import[];
}

const ROOT = new URL("../", import.meta.url);
const MAX_LINES = 300;

/** Files that may be longer, each with the one idea that makes it so. */
// deno-fmt-ignore
const LONG_FILES: ReadonlyMap<string, string> = new Map([
  ["src/targets/_elastic/client.ts",            "one short method per endpoint"],
  ["src/targets/harfanglab/ioc_keeper.ts",      "one rule's life: made, changed, withdrawn"],
  ["src/targets/harfanglab/document_remote.ts", "one document's life: made, changed, withdrawn"],
  ["src/targets/harfanglab/client.ts",          "one short method per endpoint"],
  ["src/targets/misp/client.ts",                "one short method per endpoint"],
  ["src/config/schema.ts",                      "a table: every shared setting with its words"],
  ["src/simulator/elastic/document_check.ts",   "one walk of a document along its mapping"],
  ["src/simulator/elastic/rule_schema.ts",      "a table: what Kibana takes in a rule"],
  ["src/simulator/elastic/cluster.ts",          "one object: what a cluster holds"],
  ["src/simulator/misp/object_templates.ts",    "a table: the object templates of MISP"],
  ["src/simulator/week/campaigns.ts",           "a table: the stories"],
  ["src/simulator/week/indicator_shapes.ts",    "a table: shapes of indicators, a few lines each"],
  ["src/simulator/week/life.ts",                "a table: what happens to objects, a few lines each"],
  ["src/simulator/week/oddities.ts",            "a table: rare events, a few lines each"],
]);

/** Files beside `src/` that a file may read. */
const MANIFEST_READERS: ReadonlyMap<string, string> = new Map([
  ["src/cli/version.ts", "deno.json"],
]);

const src = readFiles("src");
const tests = readFiles("tests");
const everyFile = [...src, ...tests];

rule(
  "every file of src has a room",
  () =>
    src.filter(({ path }) => !hasRoom(below("src", path)))
      .map(({ path }) => `${path} is in no room of the house`),
);

rule(
  "a room imports what the table of rooms allows",
  () =>
    src.flatMap((file) =>
      file.imports.flatMap((found) => {
        const to = resolve(file, found);
        if (to === undefined) return [];
        if (MANIFEST_READERS.get(file.path) === to) return [];
        if (!to.startsWith("src/")) {
          return [at(file, found, `leaves src: ${to}`)];
        }
        const reason = whyNot(
          below("src", file.path),
          below("src", to),
          found.typeOnly,
        );
        return reason === undefined ? [] : [at(file, found, reason)];
      })
    ),
);

rule("no file imports itself over others", () => cycles(src));

rule("the registry imports every target", () => {
  const registry = src.find(({ path }) => path === "src/targets/mod.ts");
  if (registry === undefined) return [];
  const listed = new Set(
    registry.imports.map((found) => resolve(registry, found)),
  );
  return src.map(({ path }) => path)
    .filter((path) => /^src\/targets\/(?!_)[^/]+\/mod\.ts$/.test(path))
    .filter((path) => !listed.has(path))
    .map((path) => `src/targets/mod.ts does not import ${path}`);
});

rule("packages are named by the import map alone", () => {
  const names = importMapNames();
  return eachImport(everyFile, (specifier) => {
    if (specifier === undefined) return "imports what it computes";
    if (/^\.{1,2}\/|^node:/.test(specifier) || names.has(specifier)) return;
    return `imports "${specifier}", which the import map does not name`;
  });
});

rule(
  "assertions and property tests stay in tests",
  () =>
    eachImport(
      src,
      (specifier) =>
        /^(@std\/assert|fast-check)(\/|$)/.test(specifier ?? "")
          ? `imports "${specifier}"`
          : undefined,
    ),
);

rule("arguments are parsed in cli/main alone", () =>
  eachImport(
    src.filter(({ path }) => !/^src\/(cli\/|main\.ts$)/.test(path)),
    (specifier) =>
      /^(@std\/cli|node:util)$/.test(specifier ?? "")
        ? `imports "${specifier}"`
        : undefined,
  ));

rule("only src/main.ts ends the process", () =>
  eachLine(
    src.filter(({ path }) => path !== "src/main.ts"),
    /\b(?:Deno|process)\s*\.\s*exit\b/,
    "ends the process",
  ));

rule("the console belongs to cli, main.ts and observability", () =>
  eachLine(
    src.filter(({ path }) =>
      !/^src\/(cli\/|observability\/|main\.ts$)/.test(path)
    ),
    /\bconsole\s*\.\s*\w/,
    "writes to the console",
  ));

rule(
  "every export of src has a doc comment",
  () =>
    src.flatMap((file) =>
      exportsOf(file)
        .filter(({ documented }) => !documented)
        .map(({ name, line }) => `${file.path}:${line} exports ${name} bare`)
    ),
);

rule(
  "no file names a package registry or a path of one machine",
  () =>
    textFiles().flatMap((path) => {
      const lines = Deno.readTextFileSync(new URL(path, ROOT)).split("\n");
      return lines.flatMap((line, index) => {
        const found = ONE_MACHINE.exec(line)?.[0];
        return found === undefined
          ? []
          : [`${path}:${index + 1} names ${found.trim()}`];
      });
    }),
);

rule(
  `no file of src is longer than ${MAX_LINES} lines without a reason`,
  () =>
    src.filter(({ path }) => !LONG_FILES.has(path)).flatMap(
      ({ path, text }) => {
        const lines = text.trimEnd().split("\n").length;
        return lines <= MAX_LINES ? [] : [`${path} has ${lines} lines`];
      },
    ),
);

rule("every file listed as long is there", () =>
  [...LONG_FILES.keys()]
    .filter((path) => !src.some((file) => file.path === path))
    .map((path) => `${path} is gone`));

/**
 * Hosts of package registries, and top folders of the machines this is built
 * on. Written so that this file does not name them itself.
 */
const ONE_MACHINE = new RegExp(
  [
    ...["npmjs", "yarnpkg", "pypi", "crates"].map((name) =>
      `\\b${name}\\.(?:org|com|io)\\b`
    ),
    String.raw`\bjsr\.io\b`,
    String.raw`(?<![\w.\-/}*])/(?:work|root|tmp)(?=[/"'\`\s]|$)`,
  ].join("|"),
);

/** Declares a test that fails with every violation `find` returns. */
function rule(name: string, find: () => string[]): void {
  Deno.test(name, () => {
    const violations = find();
    assert(violations.length === 0, `\n  ${violations.join("\n  ")}`);
  });
}

function at(file: File, { line }: Import, reason: string): string {
  return `${file.path}:${line} ${reason}`;
}

function eachImport(
  files: readonly File[],
  judge: (specifier: string | undefined) => string | undefined,
): string[] {
  return files.flatMap((file) =>
    file.imports.flatMap((found) => {
      const reason = judge(found.specifier);
      return reason === undefined ? [] : [at(file, found, reason)];
    })
  );
}

function eachLine(
  files: readonly File[],
  pattern: RegExp,
  what: string,
): string[] {
  return files.flatMap((file) =>
    linesWith(file, pattern).map((line) => `${file.path}:${line} ${what}`)
  );
}

/** The file a relative import means; undefined for a package. */
function resolve(file: File, found: Import): string | undefined {
  if (!found.specifier?.startsWith(".")) return undefined;
  return join(dirname(file.path), found.specifier);
}

/** Every import cycle once, written from its first file in path order. */
function cycles(files: readonly File[]): string[] {
  const next = new Map(files.map((file) => [
    file.path,
    file.imports.flatMap((found) => resolve(file, found) ?? []),
  ]));
  const done = new Set<string>();
  const found: string[] = [];
  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push([...trail.slice(start), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const to of next.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  }
  for (const { path } of files) visit(path, []);
  return found;
}

function importMapNames(): Set<string> {
  const config = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", ROOT)),
  ) as { imports: Record<string, string> };
  return new Set(Object.keys(config.imports));
}

function readFiles(folder: string): File[] {
  return pathsBelow(folder)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => {
      const text = Deno.readTextFileSync(new URL(path, ROOT));
      const source = readSource(text);
      return { path, ...source, imports: importsOf(source) };
    });
}

/** Every file a person wrote, recordings and fixtures left out. */
function textFiles(): string[] {
  const folders = ["src", "tests", ".ci", ".github"].flatMap(pathsBelow);
  const top = [...Deno.readDirSync(ROOT)]
    .filter(({ isFile, name }) => isFile && name !== ".git")
    .map(({ name }) => name);
  return [...folders, ...top].filter((path) =>
    !path.startsWith("tests/fixtures/") &&
    /(\.(ts|js|json|jsonc|ya?ml|md|sh|html|css|lock)|\/run|^\.\w+|LICENSE)$/
      .test(path)
  );
}

function pathsBelow(folder: string): string[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))]
    .toSorted((a, b) => a.name < b.name ? -1 : 1)
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory ? pathsBelow(path) : [path];
    });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function below(folder: string, path: string): string {
  return path.slice(folder.length + 1);
}
