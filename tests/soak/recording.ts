/**
 * The recorded stream and what an independent model says of it. The recording
 * is not part of the repository: tests are skipped where it is absent.
 */
import { type Replay, replay } from "../model/replay.ts";

const shared = Deno.env.get("RELAY_SHARED") ??
  new URL("../../../shared", import.meta.url).pathname;

/** Path of the recording. */
export const RECORDING = `${shared}/data/real-stream.sse`;

/** True where there is no recording: tests of it are to be ignored. */
export const noRecording = !exists(RECORDING);

/** The clock of everything: what is valid is judged as of then. */
export const NOW = Date.parse("2026-11-20T05:00:00.000Z");

/** The recording as a client applies it that gets every frame. */
export async function replayRecording(): Promise<Replay> {
  return replay(await Deno.readTextFile(RECORDING));
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
