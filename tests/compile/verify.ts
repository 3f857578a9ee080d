/**
 * Says whether Linux executables carry what deno.json grants and nothing more:
 * `deno task compile:verify FILE...`. Prints every fault; exit code 1 if any.
 */
import { type Executable, PACKAGES, readExecutable } from "./executable.ts";

/** The parts of deno.json an executable must agree with. */
export interface Project {
  readonly version: string;
  readonly unstable: readonly string[];
  readonly permissions: {
    readonly relay: Readonly<Record<string, true | readonly string[]>>;
  };
}

/** Reads deno.json of this repository. */
export function readProject(): Project {
  const url = new URL("../../deno.json", import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url)) as Project;
}

/** Everything in which `executable` differs from `project`, in plain words. */
export function faultsOf(executable: Executable, project: Project): string[] {
  const { settings } = executable;
  const expected: readonly (readonly [string, unknown, unknown])[] = [
    ["entry point", settings.entrypoint_key, "src/main.ts"],
    ["arguments", settings.argv, []],
    ["version", settings.app_version, project.version],
    ["name", settings.app_name, "opencti-relay"],
    ["unstable features", settings.unstable_config.features, project.unstable],
    ["unchecked hosts", settings.unsafely_ignore_certificate_errors, null],
    ["certificates", settings.ca_data, null],
    [
      "environment",
      Object.keys(settings.env_vars_from_env_file as object),
      ["RELAY_COMMIT"],
    ],
  ];
  return [
    ...expected.flatMap(([what, is, should]) => difference(what, is, should)),
    ...permissionFaults(settings.permissions, project),
    ...fileFaults(executable.files),
  ];
}

/**
 * Every permission is absent (null) but those of the set, where an empty list
 * means all. `allow_import` is always filled in by Deno and grants nothing: an
 * executable loads only what it carries.
 */
function permissionFaults(
  baked: Readonly<Record<string, unknown>>,
  { permissions: { relay } }: Project,
): string[] {
  const granted = new Map<string, unknown>(
    Object.entries(relay).map(([name, value]) => [
      `allow_${name}`,
      value === true ? [] : value,
    ]),
  );
  granted.set("prompt", false);
  const names = new Set([...granted.keys(), ...Object.keys(baked)]);
  names.delete("allow_import");
  return [...names].flatMap((name) =>
    difference(name, baked[name], granted.get(name) ?? null)
  );
}

function fileFaults(files: readonly string[]): string[] {
  const ours = files.filter((path) => !path.startsWith(PACKAGES));
  return [
    ...ours.includes("src/main.ts") ? [] : ["src/main.ts is not embedded"],
    // deno.json holds the version; the page is embedded as text.
    ...ours.filter((path) =>
      path !== "deno.json" && !/^src\/.+\.ts$/.test(path) &&
      !/^src\/status\/page\/\w+\.(html|css|js|svg)$/.test(path)
    )
      .map((path) => `${path} is embedded`),
    ...files.filter((path) => /\/fast-check\//.test(path)).slice(0, 1)
      .map((path) => `a package for tests is embedded: ${path}`),
  ];
}

function difference(what: string, is: unknown, should: unknown): string[] {
  const [left, right] = [JSON.stringify(is), JSON.stringify(should)];
  return left === right ? [] : [`${what} is ${left}, not ${right}`];
}

if (import.meta.main) {
  const project = readProject();
  for (const path of Deno.args) {
    const faults = faultsOf(await readExecutable(path), project);
    for (const fault of faults) console.error(`${path}: ${fault}`);
    if (faults.length > 0) Deno.exitCode = 1;
    else console.log(`${path}: as deno.json says`);
  }
}
