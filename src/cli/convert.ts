import { emptyState } from "../app.ts";
import type { FilterSettings } from "../config/guards.ts";
import { nearest } from "../config/nearest.ts";
import { ConfigError } from "../errors.ts";
import { createFilter } from "../filter/mod.ts";
import type { HttpClient } from "../http/client.ts";
import { silentLog } from "../observability/log.ts";
import type { StreamEvent } from "../opencti/event.ts";
import { text } from "../stix/object.ts";
import type { PlannedAction, TargetDefinition } from "../targets/target.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { type ConvertInput, readConvertInput } from "./convert_input.ts";
import { offlineOpencti } from "./offline_opencti.ts";
import { offlineSettings } from "./offline_settings.ts";
import { loadConfigFor } from "./setup.ts";
import { singleLine } from "./single_line.ts";

/** One target that something is converted for. */
interface Converter {
  readonly name: string;
  readonly definition: TargetDefinition;
  readonly settings: unknown;
  /** What may reach it. */
  readonly filter: FilterSettings;
}

/** Stands for the platform's address where no configuration names one. */
const PLATFORM = "https://opencti.example.invalid";

/**
 * `convert FILE`: what each target would be sent, without any connection. Uses
 * the targets of `-c FILE` where it is given, else every kind with defaults.
 */
export async function convert(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const [path, ...rest] = args.positionals;
  if (path === undefined || rest.length > 0) {
    throw new ConfigError(
      "Usage: opencti-relay convert FILE [--target TYPE] [--json]",
    );
  }
  const input = readConvertInput(
    await readFile(path, io),
    JSON.stringify(path),
    io.now(),
  );
  const { converters, url } = await convertersFor(args, io);
  const plans = new Map<string, readonly PlannedAction[]>();
  for (const converter of converters) {
    plans.set(converter.name, await planOf(converter, input, url, io));
  }
  if (args.values.json === true) {
    const all = [...plans].flatMap(([target, actions]) =>
      actions.map((action) => ({ target, ...action }))
    );
    io.print(JSON.stringify(all));
    return EXIT.done;
  }
  for (const event of input.events) {
    io.print(textOf(event, plans));
  }
  return EXIT.done;
}

async function readFile(path: string, io: CommandIo): Promise<string> {
  try {
    return await io.readTextFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message.replace(/ \(os error.*/s, "")
      : String(error);
    throw new ConfigError(
      `Cannot read ${JSON.stringify(path)}: ${reason}; give a file with STIX ` +
        "objects or events",
      { cause: error },
    );
  }
}

async function convertersFor(
  args: CommandArgs,
  io: CommandIo,
): Promise<{ converters: readonly Converter[]; url: string }> {
  const { config: file, target } = args.values;
  if (typeof file !== "string") {
    const converters = io.registry
      .filter(({ name }) => target === undefined || name === target)
      .map((definition) => ({
        name: definition.name,
        definition,
        settings: offlineSettings(definition),
        filter: {},
      }));
    const known = io.registry.map(({ name }) => name);
    return { converters: some(converters, target, known), url: PLATFORM };
  }
  const config = await loadConfigFor(args, io);
  const converters = config.targets.filter(({ name, type }) =>
    target === undefined || name === target || type === target
  );
  const known = config.targets.map(({ name }) => name);
  return {
    converters: some(converters, target, known),
    url: config.opencti.externalUrl,
  };
}

function some(
  converters: readonly Converter[],
  target: string | boolean | undefined,
  known: readonly string[],
): readonly Converter[] {
  if (converters.length > 0) return converters;
  const near = nearest(`${target}`, known);
  throw new ConfigError(
    `There is no target ${JSON.stringify(target)}; ` +
      (near === undefined
        ? `use one of ${known.join(", ")}`
        : `did you mean "${near}"?`),
  );
}

async function planOf(
  { definition, filter: filterSettings, name, settings }: Converter,
  { events, objects }: ConvertInput,
  url: string,
  io: CommandIo,
): Promise<readonly PlannedAction[]> {
  const opencti = offlineOpencti(objects, url);
  const now = () => io.now();
  const filter = createFilter(filterSettings, opencti, now);
  const target = definition.create(settings, {
    name,
    http: () => noNetwork(),
    opencti,
    state: emptyState(),
    contents: filter.contents,
    log: silentLog(),
    now,
  });
  const { signal } = new AbortController();
  const actions: PlannedAction[] = [];
  for (const event of events) {
    const reason = await filter.reasonAgainst(event.object, signal);
    const about = { event: event.id, object: event.internalId };
    if (reason !== undefined) {
      actions.push({ ...about, action: "skip", reason });
    } else actions.push(...await target.plan([event], signal));
  }
  return actions;
}

function noNetwork(): HttpClient {
  const refuse = () =>
    Promise.reject(
      new ConfigError("This target cannot convert without its server"),
    );
  return { request: refuse, stream: refuse, close: () => {} };
}

function textOf(
  { action, internalId, object }: StreamEvent,
  plans: ReadonlyMap<string, readonly PlannedAction[]>,
): string {
  const title = text(object.name) ?? text(object.value) ?? "";
  const lines = [singleLine(`${action} ${object.id} ${title}`.trimEnd())];
  for (const [target, actions] of plans) {
    const own = actions.filter((planned) => planned.object === internalId);
    lines.push(`  ${target}`);
    for (const planned of own) lines.push(...actionLines(planned));
    if (own.length === 0) lines.push("    nothing");
  }
  return lines.join("\n");
}

/** What a planned action is, and below it what would be sent. */
export function actionLines(
  { action, to, id, reason, payload }: PlannedAction,
): string[] {
  const place = [to, id].filter((part) => part !== undefined).join(" ");
  const why = reason === undefined ? "" : `: ${reason}`;
  const head = singleLine(`    ${action} ${place}`.trimEnd() + why);
  if (payload === undefined) return [head];
  const json = JSON.stringify(payload, null, 2).split("\n");
  return [head, ...json.map((line) => `      ${line}`)];
}
