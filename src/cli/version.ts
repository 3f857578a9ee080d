import manifest from "../../deno.json" with { type: "json" };
import type { CommandArgs, CommandIo } from "./command.ts";

/** What this program is. */
export interface VersionFacts {
  readonly version: string;
  /** Commit it was built from, or "unknown". */
  readonly commit: string;
  readonly deno: string;
  /** Names of the targets. */
  readonly targets: readonly string[];
}

/**
 * `version [--json]`: version, commit (from RELAY_COMMIT), Deno and targets.
 *
 * @returns The exit code, 0.
 */
export function versionCommand(
  { values }: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const facts = versionFacts(io);
  io.print(
    values.json === true ? JSON.stringify(facts, null, 2) : versionText(facts),
  );
  return Promise.resolve(0);
}

/** The facts that `version` prints. */
export function versionFacts(
  { env, registry }: Pick<CommandIo, "env" | "registry">,
): VersionFacts {
  const commit = env().RELAY_COMMIT?.trim() ?? "";
  return {
    version: manifest.version,
    commit: /^[0-9a-f]{7,64}$/i.test(commit) ? commit : "unknown",
    deno: Deno.version.deno,
    targets: registry.map(({ name }) => name),
  };
}

function versionText({ version, commit, deno, targets }: VersionFacts): string {
  return [
    `opencti-relay ${version}`,
    `commit  ${commit}`,
    `deno    ${deno}`,
    `targets ${targets.join(", ") || "none"}`,
  ].join("\n");
}
