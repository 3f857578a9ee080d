/** One object, from OpenCTI to where it is at each target. */
import { ConfigError } from "../errors.ts";
import { idAt } from "../opencti/event_id.ts";
import type { StreamEvent } from "../opencti/event.ts";
import type { DeadLetter } from "../state/dead_letters.ts";
import { extension, OCTI_EXTENSION, text } from "../stix/object.ts";
import type { Holding } from "../targets/target.ts";
import { Beside, type BesideTarget } from "./beside.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { filterOf } from "./compare_target.ts";
import { explainText } from "./explain_text.ts";
import type {
  Explanation,
  HeldHolding,
  TargetExplanation,
} from "./explanation.ts";
import { findObject, type FoundObject, isOurs } from "./find_object.ts";
import { chosenTargets } from "./run_task.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { stopSignals } from "./stop_signals.ts";

/** `explain ID`: an id of the platform, of STIX, or of a target. */
export async function explain(
  args: CommandArgs,
  io: CommandIo,
): Promise<number> {
  const [id, ...rest] = args.positionals;
  if (id === undefined || rest.length > 0) {
    throw new ConfigError("Usage: opencti-relay explain ID [--target T]");
  }
  const config = await loadConfigFor(args, io);
  const targets = chosenTargets(config, args, undefined);
  const log = logFor(config, io);
  const { signals: { stop: signal }, release } = stopSignals(io);
  const beside = await Beside.open({ config, log, now: () => io.now() });
  try {
    const opened = targets.map((target) => beside.target(target));
    const found = await findObject(id, beside, opened, signal);
    if (found === undefined) {
      throw new ConfigError(
        `Nothing is known of ${JSON.stringify(id)}: OpenCTI shows no object ` +
          "of this id to the token's user, and no target remembers one",
      );
    }
    const explanation = await explained(id, found, beside, opened, signal);
    io.print(
      args.values.json === true
        ? JSON.stringify(explanation)
        : explainText(explanation),
    );
    return EXIT.done;
  } finally {
    await beside.close();
    release();
  }
}

async function explained(
  asked: string,
  found: FoundObject,
  beside: Beside,
  targets: readonly BesideTarget[],
  signal: AbortSignal,
): Promise<Explanation> {
  const { object, ...ids } = found;
  const octi = object && extension(object, OCTI_EXTENSION);
  const explanations: TargetExplanation[] = [];
  for (const target of targets) {
    explanations.push(await atTarget(found, target, beside, signal));
  }
  return {
    asked,
    ...ids,
    name: text(object?.name) ?? text(object?.value) ?? "",
    ...(object === undefined ? {} : {
      platform: {
        entityType: text(octi?.type) ?? object.type,
        modified: text(octi?.updated_at) ?? text(object.modified) ?? "unknown",
        revoked: object.revoked === true,
      },
    }),
    targets: explanations,
  };
}

async function atTarget(
  found: FoundObject,
  opened: BesideTarget,
  beside: Beside,
  signal: AbortSignal,
): Promise<TargetExplanation> {
  const { config, reader, target } = opened;
  const errors: string[] = [];
  const attempt = async <Value>(
    fallback: Value,
    work: () => Promise<Value>,
  ): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      if (!isOurs(error)) throw error;
      errors.push(error.message);
      return fallback;
    }
  };
  const event = eventOf(found, beside);
  const inStream = await attempt(
    undefined,
    () => isInStream(found, opened, beside, signal),
  );
  const refusedBy = event && await attempt(
    undefined,
    () => filterOf(beside, config).reasonAgainst(event.object, signal),
  );
  const isWanted = refusedBy === undefined && inStream !== false;
  const mapping = event === undefined
    ? []
    : await attempt([], () => target.plan([event], signal));
  const holdings = event === undefined || !isWanted
    ? []
    : await attempt([], () => holdingsOf(event, opened, signal));
  const row = await reader?.ledger.get(found.internalId);
  const deadLetters: DeadLetter[] = [];
  for await (const letter of reader?.deadLetters.list() ?? []) {
    if (letter.internalId === found.internalId) deadLetters.push(letter);
  }
  return {
    target: config.name,
    type: config.type,
    ...(inStream === undefined ? {} : { inStream }),
    ...(refusedBy === undefined ? {} : { refusedBy }),
    ...(row === undefined ? {} : { row }),
    deadLetters,
    mapping,
    holdings,
    errors,
  };
}

function eventOf(
  { internalId, object }: FoundObject,
  { platform }: Beside,
): StreamEvent | undefined {
  if (object === undefined) return undefined;
  const now = platform.graphql.platformNow();
  return {
    id: idAt(now),
    version: Math.trunc(now) * 1000,
    action: "update",
    cause: "changed",
    internalId,
    object,
    bytes: 0,
  };
}

/** Relationships, and what is gone, are in no list that could be asked. */
async function isInStream(
  { internalId, object }: FoundObject,
  { config }: BesideTarget,
  { platform }: Beside,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (object === undefined) return undefined;
  const info = await platform.streamInfo(config.stream.id, signal);
  if (info === undefined) {
    throw new ConfigError(
      `the live stream "${config.stream.id}" is not there, or may not be read`,
    );
  }
  if (["relationship", "sighting"].includes(object.type)) return undefined;
  const matching = await platform.stillInStream(
    info.filters,
    [internalId],
    signal,
  );
  return matching.has(internalId);
}

async function holdingsOf(
  event: StreamEvent,
  { target: { inventory } }: BesideTarget,
  signal: AbortSignal,
): Promise<HeldHolding[]> {
  if (inventory === undefined) return [];
  const [wanted = []] = await inventory.wanted([event], signal);
  const found = inventory.find === undefined || wanted.length === 0
    ? undefined
    : await inventory.find(wanted, signal);
  const byKey = Map.groupBy(wanted, ({ kind, key }) => `${kind} ${key}`);
  return [...byKey.values()].map((alternatives) => {
    const { kind, key, name } = alternatives[0] as Holding;
    return {
      kind,
      key,
      ...(name === undefined ? {} : { name }),
      state: stateOf(alternatives, found),
    };
  });
}

function stateOf(
  alternatives: readonly Holding[],
  found: readonly Holding[] | undefined,
): HeldHolding["state"] {
  const [{ kind, key, optional } = {} as Holding] = alternatives;
  if (found === undefined) return "unknown";
  const held = found.filter((one) => one.kind === kind && one.key === key);
  if (held.length === 0) return optional ? "absent" : "missing";
  return held.every(({ digest }) =>
      alternatives.some((wanted) => wanted.digest === digest)
    )
    ? "in line"
    : "different";
}
