import { type Figure, median } from "./figures.ts";
import { type Carrier, carry, type Run } from "./load.ts";

/** What the program's events per second have to be of a bare loop's. */
const LEAST_RATIO = 0.6;

/** Runs of each carrier, alternating, so that drift meets all alike. */
export async function measureThroughput(
  { count, rounds, batchSize, isJudged }: {
    count: number;
    rounds: number;
    batchSize: number;
    isJudged: boolean;
  },
): Promise<Figure[]> {
  const carriers: Carrier[] = ["program", "bare loop"];
  if (isJudged) carriers.push("bare loop without mapping");
  const runs = new Map<Carrier, Run[]>(carriers.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? carriers : carriers.toReversed();
    for (const name of order) {
      runs.get(name)?.push(await carry(name, count, batchSize));
    }
  }
  const of = (name: Carrier, what: (run: Run) => number) =>
    median((runs.get(name) ?? []).map(what));
  const rate = (name: Carrier) => of(name, (run) => run.eventsPerSecond);
  const cpu = (name: Carrier) => of(name, (run) => run.cpuMs * 1000 / count);
  if (
    of("program", (run) => run.bulkBytes) !==
      of("bare loop", (run) => run.bulkBytes)
  ) throw new Error("program and bare loop do not write the same documents");
  const title = (text: string) => `${text}, ${batchSize} per request`;
  return [
    {
      name: title("throughput of the program to a bare loop"),
      value: rate("program") / rate("bare loop"),
      unit: "ratio",
      ...(isJudged ? { target: { least: LEAST_RATIO } } : {}),
    },
    ...carriers.slice(2).map((name): Figure => ({
      name: title(`throughput of the program to a ${name}`),
      value: rate("program") / rate(name),
      unit: "ratio",
    })),
    ...carriers.map((name): Figure => ({
      name: title(name),
      value: rate(name),
      unit: "events/s",
    })),
    ...carriers.map((name): Figure => ({
      name: title(`processor time per event, ${name}`),
      value: cpu(name),
      unit: "us",
    })),
  ];
}
