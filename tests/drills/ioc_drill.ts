/** The same platform with a HarfangLab console or a Sekoia.io collection. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../src/simulator/harfanglab/mod.ts";
import {
  type SimulatedSekoia,
  startSekoia,
} from "../../src/simulator/sekoia/mod.ts";
import { NOW } from "../soak/recording.ts";
import {
  type CommandResult,
  type Environment,
  relay,
  startWorld,
  type World,
} from "../soak/world.ts";
import { extension, OCTI_EXTENSION } from "../../src/stix/object.ts";
import { BEFORE, idOf, valid } from "./drill.ts";

/** How many values an indicator of each platform gives. */
export const VALUES = 12;

/** A platform, one far side, and how the program reaches both. */
export interface IocDrill<FarSide> extends AsyncDisposable {
  readonly world: World;
  readonly far: FarSide;
}

async function start<FarSide extends { stop(): Promise<void> }>(
  far: FarSide,
  variables: Readonly<Record<string, string>>,
): Promise<IocDrill<FarSide>> {
  const world = await startWorld({ recorded: false, clock: () => NOW });
  const rest = Object.entries(world.env).filter(([name]) =>
    !name.startsWith("ELASTIC_")
  );
  const env = { ...Object.fromEntries(rest), ...variables };
  for (let number = 0; number < VALUES; number++) {
    const object = value(number);
    world.opencti.platform.apply({ at: BEFORE + number, op: "create", object });
  }
  return {
    world: { ...world, env },
    far,
    async [Symbol.asyncDispose]() {
      await far.stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** A console; beside the values a relationship, a Sigma rule, a YARA file. */
export async function startConsole(): Promise<IocDrill<SimulatedHarfanglab>> {
  const far = await startHarfanglab({ now: () => NOW });
  const drill = await start(far, {
    HARFANGLAB_INTEL_URL: far.url,
    HARFANGLAB_INTEL_TOKEN: far.token,
    HARFANGLAB_INTEL_REMOVE_INDICATOR: "true",
    HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
  });
  const { platform } = drill.world.opencti;
  const objects = [sigmaIndicator(), yaraIndicator(), address(), basedOn()];
  for (const [at, object] of objects.entries()) {
    platform.apply({ at: BEFORE + 500 + at, op: "create", object });
  }
  return drill;
}

/** One empty collection. */
export async function startCollection(): Promise<IocDrill<SimulatedSekoia>> {
  const far = await startSekoia({ now: () => NOW });
  return await start(far, {
    SEKOIA_INTEL_URL: far.url,
    SEKOIA_INTEL_APIKEY: far.apiKey,
    SEKOIA_INTEL_IOC_COLLECTION_UUID: far.collectionId,
    SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
  });
}

let changes = 0;

/** One change on the platform. */
export function apply(
  { opencti: { platform } }: World,
  op: "create" | "update" | "delete",
  number: number,
  more: Record<string, unknown> = {},
): void {
  const at = NOW - 30_000 + ++changes;
  platform.apply(
    op === "delete"
      ? { at, op, internalId: idOf(number) }
      : { at, op, object: value(number, more) },
  );
}

/** An indicator of one domain. */
export function value(number: number, more: Record<string, unknown> = {}) {
  return valid(number, {
    pattern: `[domain-name:value = '${domainOf(number)}']`,
    pattern_type: "stix",
    ...more,
  });
}

/** The one value of an indicator. */
export function domainOf(number: number): string {
  return `d${number}.example`;
}

/** Number of the indicator that is a Sigma rule. */
export const SIGMA = 50;
/** Number of the indicator that is a YARA file. */
export const YARA = 51;

function sigmaIndicator() {
  const pattern = [
    "title: Drill",
    "id: f84e3c51-6f12-48e4-97d1-b15b76ecf236",
    "logsource: {category: process_creation, product: windows}",
    "detection:",
    "  selection: {Image|endswith: drill.exe}",
    "  condition: selection",
  ].join("\n");
  return valid(SIGMA, { pattern, pattern_type: "sigma" });
}

function yaraIndicator() {
  const pattern = 'rule Drill { strings: $a = "drill" condition: $a }';
  return valid(YARA, { pattern, pattern_type: "yara" });
}

/** An address that indicator 4 is based on. */
export const RELATED = "203.0.113.4";

const ADDRESS = {
  id: "ipv4-addr--00000000-0000-5000-8000-000000000060",
  internalId: idOf(60),
};

function address() {
  const { extensions, spec_version } = valid(60);
  const octi = extension({ id: "", type: "", extensions }, OCTI_EXTENSION);
  const { id, internalId } = ADDRESS;
  return {
    id,
    type: "ipv4-addr",
    spec_version,
    value: RELATED,
    extensions: {
      [OCTI_EXTENSION]: { ...octi, id: internalId, type: "IPv4-Addr" },
    },
  };
}

function basedOn() {
  const { created, extensions, id, modified, spec_version } = value(4);
  const octi = extension({ id, type: "", extensions }, OCTI_EXTENSION);
  return {
    id: "relationship--00000000-0000-4000-8000-000000000061",
    type: "relationship",
    spec_version,
    created,
    modified,
    relationship_type: "based-on",
    source_ref: id,
    target_ref: ADDRESS.id,
    extensions: {
      [OCTI_EXTENSION]: {
        ...octi,
        id: idOf(61),
        type: "based-on",
        source_ref: idOf(4),
        source_type: "Indicator",
        target_ref: ADDRESS.internalId,
        target_type: "IPv4-Addr",
        target_value: RELATED,
      },
    },
  };
}

/** Without the state file. */
export async function loseState({ folder }: World): Promise<void> {
  for (const { name } of Deno.readDirSync(folder)) {
    await Deno.remove(`${folder}/${name}`);
  }
}

/** Code of `explain`, and the internal id that it found. */
export async function explained(
  { env }: World,
  id: string,
): Promise<{ internalId: string; targets: { holdings: unknown[] }[] }> {
  const result: CommandResult = await relay(["explain", id, "--json"], env);
  assertEquals([result.code, result.err], [0, ""], result.out);
  return JSON.parse(result.out);
}

/** `verify` must say that it cannot log in, and which setting is wrong. */
export async function assertRefused(
  env: Environment,
  what: RegExp,
): Promise<void> {
  const { code, out } = await relay(["verify"], env);
  assertEquals(code, 3, out);
  assertMatch(out, what);
}
