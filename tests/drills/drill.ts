/** A fault that a user meets, and the program that comes through it. */
import { assert, assertEquals } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { type HeldDocument, heldFarSide } from "../soak/far_side.ts";
import { NOW } from "../soak/recording.ts";
import {
  type Environment,
  relay,
  startWorld,
  until,
  type World,
} from "../soak/world.ts";

/** Indicators that a drill begins with; every third one makes a rule. */
export const COUNT = 30;
/** When they were made. */
export const BEFORE = NOW - 3_600_000;

/** A platform with some indicators, and an empty Elastic. */
export async function startDrill(
  clock: () => number = () => NOW,
): Promise<World> {
  const world = await startWorld({ recorded: false, clock });
  for (let number = 0; number < COUNT; number++) {
    create(world, number, BEFORE + number);
  }
  return world;
}

let changes = 0;

/** A time of its own for each change, while the platform's clock stands. */
function next(): number {
  return NOW - 30_000 + ++changes;
}

/** An indicator that is valid for ten days. */
export function valid(number: number, more: Record<string, unknown> = {}) {
  const rule = { pattern: `host.name: "h${number}"`, pattern_type: "kql" };
  return indicator(number, {
    valid_until: new Date(NOW + 10 * 86_400_000).toISOString(),
    ...(number % 3 === 0 ? rule : {}),
    ...more,
  });
}

export function create({ opencti }: World, number: number, at = next()): void {
  opencti.platform.apply({ at, op: "create", object: valid(number) });
}

export function update(
  { opencti }: World,
  number: number,
  more: Record<string, unknown>,
): void {
  const object = valid(number, more);
  opencti.platform.apply({ at: next(), op: "update", object });
}

export function remove({ opencti }: World, number: number): void {
  const internalId = idOf(number);
  opencti.platform.apply({ at: next(), op: "delete", internalId });
}

/** Internal id of an indicator. */
export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** Documents at the far side. */
export function held({ elastic }: World): number {
  return heldFarSide(elastic).documents.size;
}

/** Waits until the far side has so many documents, and their rules. */
export async function untilHeld(world: World, count: number): Promise<void> {
  await until(() => {
    const isRule = ({ source }: HeldDocument) =>
      JSON.stringify(source).includes('"type":"query"');
    const documents = [...heldFarSide(world.elastic).documents.values()];
    const rules = world.elastic.rules().filter(({ enabled }) => enabled);
    return documents.length === count &&
      rules.length >= documents.filter(isRule).length;
  });
}

/** Runs to the end of the stream; it must end well. */
export async function catchUp(
  world: Pick<World, "env">,
  env: Environment = world.env,
  now?: () => number,
): Promise<void> {
  const { code, err } = await relay(["run", "--once"], env, now);
  assertEquals([code, err], [0, ""]);
}

/** Every drill ends so. */
export async function assertInLine(
  world: Pick<World, "env">,
  env: Environment = world.env,
): Promise<void> {
  const { code, err, out } = await relay(["verify"], env);
  assertEquals([code, err], [0, ""], out);
  assert(out.endsWith("in line"), out);
}

/** `verify` must see the fault's traces: else its end would prove nothing. */
export async function assertDrift(
  world: Pick<World, "env">,
  env: Environment = world.env,
): Promise<string> {
  const { code, err, out } = await relay(["verify"], env);
  assertEquals([code, err], [4, ""], out);
  return out;
}

/** `verify --fix` must end clean. */
export async function repair(
  world: Pick<World, "env">,
  ...more: string[]
): Promise<string> {
  const command = ["verify", "--fix", ...more];
  const { code, err, out } = await relay(command, world.env);
  assertEquals([code, err], [0, ""], out);
  return out;
}
