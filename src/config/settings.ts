import { z } from "zod";
import { ConfigError } from "../errors.ts";
import {
  BlockReader,
  type Path,
  type SettingsContext,
} from "./block_reader.ts";
import { MISSING } from "./fields.ts";
import { issueText } from "./issue_text.ts";
import { Problems } from "./problems.ts";
import { type Branch, branch } from "./tree.ts";

export { fileErrorText, NOT_A_BLOCK, unknownKeyText } from "./problem_text.ts";
export type { ReadTextFile, SettingsContext } from "./block_reader.ts";

/** One block of settings, read. */
export interface Settings<Output> {
  /** Absent if anything is wrong with them; the problems are noted. */
  readonly output?: Output;
  /** What counts, defaults included, secrets masked. */
  readonly effective: Readonly<Record<string, unknown>>;
  /** Keys of the block that something is wrong with. */
  readonly bad: ReadonlySet<string>;
}

/**
 * Checks a block of settings against its schema: unknown keys, files that
 * secrets and certificates are in, then the schema itself. Every problem is
 * noted; none is thrown.
 */
export async function readSettings<Schema extends z.ZodType>(
  node: Branch,
  schema: Schema,
  context: SettingsContext,
): Promise<Settings<z.output<Schema>>> {
  const reader = new BlockReader(context);
  const { input, effective } = await reader.read(node, schema, []);
  const result = await parse(schema, input);
  for (const issue of result.issues) report(issue, reader, context);
  const bad = new Set([
    ...[...reader.failed].map((path) => path.split(".")[0]!),
    ...result.issues.map(({ path }) => String(path[0] ?? "")),
  ]);
  return bad.size === 0 && result.data !== undefined
    ? { output: result.data, effective, bad }
    : { effective, bad };
}

/**
 * The same, but what is sound of a block with problems is given too, so that
 * more can be said about it: `output` lacks the bad keys alone.
 */
export async function readSoundSettings<Schema extends z.ZodType>(
  node: Branch,
  schema: Schema,
  context: SettingsContext,
): Promise<Settings<z.output<Schema>>> {
  const settings = await readSettings(node, schema, context);
  if (settings.output !== undefined) return settings;
  const sound = branch(node.origin);
  for (const [key, child] of node.entries) {
    if (!settings.bad.has(key)) sound.entries.set(key, child);
  }
  const told = { ...context, problems: new Problems() };
  const { output } = await readSettings(sound, schema, told);
  return output === undefined ? settings : { ...settings, output };
}

/** The part of a zod issue that messages are made of. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly issue?: z.core.$ZodIssue;
}

async function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): Promise<{ data?: z.output<Schema>; issues: readonly Issue[] }> {
  try {
    const result = await schema.safeParseAsync(input);
    if (result.success) return { data: result.data, issues: [] };
    const issues = result.error.issues.map((issue) => ({
      path: issue.path,
      message: issueText(issue),
      issue,
    }));
    return { issues };
  } catch (error) {
    // A schema may throw what its fields throw.
    if (!(error instanceof ConfigError)) throw error;
    return { issues: [{ path: [], message: error.message }] };
  }
}

function report(
  { path, message, issue }: Issue,
  reader: BlockReader,
  context: SettingsContext,
): void {
  const keys = path.map(String);
  if (isFailed(keys, reader.failed)) return;
  const label = labelOf(keys, reader.labels);
  const isMissing = label === undefined && keys.length > 0 &&
    (issue?.code === "invalid_type" || message === MISSING);
  context.problems.add(
    label ?? context.place(keys),
    isMissing ? missingText(context.variable(keys)) : message,
  );
}

/** Where the value that holds a path was written. */
function labelOf(
  path: Path,
  labels: ReadonlyMap<string, string>,
): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const label = labels.get(path.slice(0, length).join("."));
    if (label !== undefined) return label;
  }
  return undefined;
}

function isFailed(path: Path, failed: ReadonlySet<string>): boolean {
  return path.some((_, index) =>
    failed.has(path.slice(0, index + 1).join("."))
  );
}

function missingText(variable: string | undefined): string {
  return variable === undefined
    ? `${MISSING}; set it`
    : `${MISSING}; set it, or the variable ${variable}`;
}
