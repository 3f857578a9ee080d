import process from "node:process";
import { median } from "./figures.ts";

const SAMPLE_MS = 250;

/** What a child process took, which it prints as its last line. */
export interface Usage {
  /** Most memory it ever had, in KiB. */
  readonly maxRssKiB: number;
  /** What it had most of the time, in KiB: median of the second half. */
  readonly usualRssKiB: number;
  /** Processor time of all its threads, user and system, in milliseconds. */
  readonly cpuMs: number;
}

/** Begins to look at the memory of this process; prints the usage when done. */
export function watchUsage(): { print(): void } {
  const samples: number[] = [];
  const timer = setInterval(
    () => samples.push(Deno.memoryUsage().rss / 1024),
    SAMPLE_MS,
  );
  return {
    print() {
      clearInterval(timer);
      printUsage(median(samples.slice(samples.length >>> 1)));
    },
  };
}

function printUsage(usualRssKiB: number): void {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage: Usage = {
    maxRssKiB: peakKiB() ?? maxRSS,
    usualRssKiB,
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
  };
  console.log(JSON.stringify(usage));
}

/**
 * On Linux `maxRSS` begins with what the parent had when it made the child, so
 * that the benchmark's own servers would be measured.
 */
function peakKiB(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
}
