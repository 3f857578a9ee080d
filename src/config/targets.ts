import { v5 } from "uuid";
import type { z } from "zod";
import type { StreamSettings, TargetConfig } from "./config.ts";
import type { Draft } from "./drafts.ts";
import { budgetSettings, filterSettings } from "./guards.ts";
import type { Problems } from "./problems.ts";
import { CONNECTOR_SCHEMA, TARGET_SCHEMA } from "./schema.ts";
import {
  readSettings,
  readSoundSettings,
  type ReadTextFile,
  type Settings,
} from "./settings.ts";

type BaseValues = z.output<typeof TARGET_SCHEMA>;

/** A target whose settings were checked. */
export interface ReadTarget {
  readonly draft: Draft;
  readonly base: Settings<BaseValues>;
  readonly settings: Settings<unknown>;
}

/** Checks the settings of one target; what is wrong is noted. */
export async function readTarget(
  draft: Draft,
  { problems, readTextFile }: {
    problems: Problems;
    readTextFile: ReadTextFile;
  },
): Promise<ReadTarget> {
  const context = {
    readTextFile,
    problems,
    place: draft.place,
    variable: draft.variable,
  };
  const base = await readSoundSettings(draft.base, TARGET_SCHEMA, context);
  const settings = await readSettings(
    draft.settings,
    draft.definition.config,
    { ...context, extraKeys: (path) => path.length === 0 ? BASE_KEYS : [] },
  );
  return { draft, base, settings };
}

const BASE_KEYS = Object.keys(TARGET_SCHEMA.shape);

function nameOf({ draft, base }: ReadTarget): string {
  return base.output?.name ?? draft.definition.name;
}

/** Notes targets of one name. */
export function noteDuplicates(
  targets: readonly ReadTarget[],
  problems: Problems,
): void {
  const seen = new Map<string, string>();
  for (const target of targets) {
    if (target.base.bad.has("name")) continue;
    const name = nameOf(target);
    const { where } = target.draft;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, where);
    else {
      problems.add(
        `${where}.name`,
        `"${name}" is the name of ${first} too; give each target its own`,
      );
    }
  }
}

/** Notes targets of one type that would write to the same place. */
export function noteSharedPlaces(
  targets: readonly ReadTarget[],
  problems: Problems,
): void {
  const seen = new Map<string, string>();
  for (const { draft: { definition, where }, settings } of targets) {
    if (settings.output === undefined) continue;
    const place = definition.identity?.(settings.output);
    if (place === undefined) continue;
    const first = seen.get(`${definition.name} ${place}`);
    if (first === undefined) seen.set(`${definition.name} ${place}`, where);
    else {
      problems.add(
        where,
        `writes to ${place}, as ${first} does, and each would undo the ` +
          "other's work; give each a place of its own, or join their streams",
      );
    }
  }
}

/** The `connector` block, checked. */
export type ConnectorValues = z.output<typeof CONNECTOR_SCHEMA>;

/**
 * Gives every target its connector and its stream. What is missing is noted,
 * and the target left out.
 */
export function targetConfigs(
  targets: readonly ReadTarget[],
  block: Settings<ConnectorValues>,
  { problems, warnings }: { problems: Problems; warnings: string[] },
): TargetConfig[] {
  const connector = block.output ?? {};
  const ids = connectorIds(targets, connector);
  const lacksId = ids.includes(undefined) || targets.length === 0;
  if (lacksId && connector.id === undefined && !block.bad.has("id")) {
    problems.add("connector.id", NO_CONNECTOR_ID);
  }
  noteSharedIds(targets, ids, problems);
  if (targets.length === 0 && connector.live_stream_id === undefined) {
    noteNoStream(block, problems);
  }
  return targets.flatMap((target, index) => {
    const { draft, base, settings } = target;
    const id = ids[index];
    if (base.output === undefined) return [];
    const stream = streamOf(draft, base.output, connector);
    if (stream === undefined && !base.bad.has("live_stream_id")) {
      noteNoStream(block, problems);
    }
    if (id === undefined || stream === undefined) return [];
    if (!stream.listenDelete) {
      warnings.push(
        `${nameOf(target)}: live_stream_listen_delete is off; ` +
          "nothing that leaves the stream is ever removed",
      );
    }
    const { definition } = draft;
    return [{
      name: nameOf(target),
      type: definition.name,
      definition,
      settings: settings.output,
      connector: {
        id,
        name: connectorName(target, connector, targets.length),
        scope: connector.scope ?? definition.seed.connector.scope.split(","),
      },
      stream,
      filter: filterSettings(connector.filter, base.output.filter),
      deleteBudget: budgetSettings(
        connector.delete_budget,
        base.output.delete_budget,
      ),
    }];
  });
}

function connectorIds(
  targets: readonly ReadTarget[],
  connector: ConnectorValues,
): (string | undefined)[] {
  const first = targets[0]?.base.output?.connector_id ?? connector.id;
  return targets.map((target, index) => {
    const own = target.base.output?.connector_id;
    if (own !== undefined || index === 0) return own ?? first;
    return first && v5(nameOf(target), uuidBytes(first));
  });
}

const NO_CONNECTOR_ID = "is missing; set it, or the variable CONNECTOR_ID, " +
  "to a UUID of its own, for example from uuidgen";

function noteNoStream(
  block: Settings<ConnectorValues>,
  problems: Problems,
): void {
  if (block.bad.has("live_stream_id")) return;
  problems.add(
    "connector.live_stream_id",
    "is missing; set it, or the variable CONNECTOR_LIVE_STREAM_ID, " +
      "to the id of a live stream of the platform",
  );
}

function noteSharedIds(
  targets: readonly ReadTarget[],
  ids: readonly (string | undefined)[],
  problems: Problems,
): void {
  ids.forEach((id, index) => {
    const other = ids.indexOf(id);
    const place = `${targets[index]?.draft.where}.connector_id`;
    if (id !== undefined && other < index) {
      problems.add(
        place,
        `is the one of ${targets[other]?.draft.where} too; ` +
          "give each target its own",
      );
    }
  });
}

/** The package refuses UUIDs with a version it does not know; the platform not. */
function uuidBytes(uuid: string): Uint8Array {
  return Uint8Array.fromHex(uuid.replaceAll("-", ""));
}

function connectorName(
  target: ReadTarget,
  connector: ConnectorValues,
  count: number,
): string {
  const own = target.base.output?.connector_name;
  if (own !== undefined) return own;
  const { definition } = target.draft;
  const name = connector.name ?? definition.seed.connector.name;
  const isAlone = count === 1;
  const isPlain = connector.name === undefined &&
    nameOf(target) === definition.name;
  return isAlone || isPlain ? name : `${name} (${nameOf(target)})`;
}

function streamOf(
  draft: Draft,
  base: BaseValues,
  connector: ConnectorValues,
): StreamSettings | undefined {
  const { seed, firstRunFrom } = draft.definition;
  const chosen = { ...connector, ...base };
  const startFrom = chosen.live_stream_start_timestamp ??
    (firstRunFrom === undefined ? "0-0" : undefined);
  const id = chosen.live_stream_id ?? seed.connector.liveStreamId;
  if (id === undefined) return undefined;
  return {
    id,
    listenDelete: chosen.live_stream_listen_delete ?? true,
    noDependencies: chosen.live_stream_no_dependencies ??
      seed.connector.noDependencies,
    withInferences: chosen.live_stream_with_inferences ?? false,
    recover: chosen.live_stream_recover_iso_date ?? "until-now",
    ...(startFrom === undefined ? {} : { startFrom }),
  };
}
