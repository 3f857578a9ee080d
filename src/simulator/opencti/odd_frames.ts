/**
 * Frames that a client must survive, as text for the fault `insert-after`.
 */
const frame = (lines: readonly string[]) => `${lines.join("\n")}\n\n`;

/** 7.x: rates of the connection, after each heartbeat. */
export function consumerMetricsFrame(id: string): string {
  const rates = {
    deliveryRate: 0.2,
    processingRate: 0.2,
    resolutionRate: 0,
    productionRate: 1.4,
    timeLag: 0,
    estimatedOutOfDepth: 0,
  };
  return frame([
    `id: ${id}`,
    "event: consumer_metrics",
    `data: ${JSON.stringify(rates)}`,
  ]);
}

/** 7.x: the recovery is refused, the stream goes on from `resumeFrom`. */
export function noRecoverFrame(
  id: string,
  streamId: string,
  resumeFrom: string,
): string {
  const data = {
    stream: streamId,
    message: "recovery disabled for this stream",
    resume_from: resumeFrom,
  };
  return frame([
    `id: ${id}`,
    "event: no-recover",
    `data: ${JSON.stringify(data)}`,
  ]);
}

/** 7.x: an error; the connection then stays open, and dead. */
export function errorFrame(streamId: string, message: string): string {
  const data = { stream: streamId, message };
  return frame(["event: error", `data: ${JSON.stringify(data)}`]);
}

/** An event name that no version has. */
export function unknownEventFrame(id: string): string {
  return frame([`id: ${id}`, "event: snapshot", 'data: {"type":"snapshot"}']);
}

/** A data frame whose JSON stops in the middle. */
export function brokenJsonFrame(id: string): string {
  return frame([`id: ${id}`, "event: create", 'data: {"version":"4","da']);
}

/** A create of a note with at least so many bytes of text. */
export function largeFrame(id: string, bytes: number): string {
  const data = {
    version: "4",
    type: "create",
    scope: "external",
    message: "creates a Note",
    data: {
      id: "note--00000000-0000-5000-8000-000000000001",
      type: "note",
      content: "x".repeat(bytes),
    },
  };
  return frame([`id: ${id}`, "event: create", `data: ${JSON.stringify(data)}`]);
}
