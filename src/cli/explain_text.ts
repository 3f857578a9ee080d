import type { DeadLetter } from "../state/dead_letters.ts";
import { actionLines } from "./convert.ts";
import type {
  Explanation,
  HeldHolding,
  TargetExplanation,
} from "./explanation.ts";
import { singleLine } from "./single_line.ts";

/** What a state of a holding means to a person. */
const STATES: Readonly<Record<HeldHolding["state"], string>> = {
  "in line": "there, as it should be",
  different: "there, and different: verify --fix puts it right",
  missing: "missing: verify --fix puts it there",
  absent: "not there, and not needed",
  unknown: "not to be asked for alone: see verify",
};

/** An explanation in lines for a terminal. */
export function explainText(explanation: Explanation): string {
  const { internalId, name, platform, standardId, targets, type } = explanation;
  const lines = [
    singleLine(`${standardId || internalId}${name === "" ? "" : `  ${name}`}`),
    platform === undefined
      ? `  not in OpenCTI now, or not shown to the token's user; ` +
        `internal id ${singleLine(internalId)}`
      : `  in OpenCTI: ${singleLine(platform.entityType || type)}, ` +
        `internal id ${singleLine(internalId)}, changed ` +
        `${singleLine(platform.modified)}` +
        (platform.revoked ? ", revoked" : ""),
  ];
  for (const target of targets) lines.push(...targetLines(target));
  return lines.join("\n");
}

function targetLines(explanation: TargetExplanation): string[] {
  const { deadLetters, errors, holdings, inStream, mapping, refusedBy } =
    explanation;
  const { target, type } = explanation;
  const lines = [`${target}${target === type ? "" : ` (${type})`}`];
  if (inStream !== undefined) {
    lines.push(
      inStream
        ? "  the stream's filter matches it"
        : "  the stream's filter does not match it",
    );
  }
  if (refusedBy !== undefined) {
    lines.push(singleLine(`  kept away by the target's own ${refusedBy}`));
  }
  lines.push(...ledgerLines(explanation));
  lines.push(...deadLetters.map(letterLine));
  if (mapping.length > 0) {
    lines.push("  mapping", ...mapping.flatMap(actionLines));
  }
  for (const { key, kind, state } of holdings) {
    lines.push(singleLine(`  ${kind} ${key}: ${STATES[state]}`));
  }
  if (mapping.length > 0 && holdings.length === 0) {
    lines.push("  nothing is to be there");
  }
  lines.push(...errors.map((error) => `  not known: ${singleLine(error)}`));
  return lines;
}

/** What became of its events, where any was settled. */
function ledgerLines({ row }: TargetExplanation): string[] {
  if (row === undefined) return ["  no event of it was settled yet"];
  const { action, at, fate, firstEventId, lastEventId, reason } = row;
  return [
    singleLine(
      `  first event ${firstEventId}, last event ${lastEventId} (${action}), ` +
        `settled ${new Date(at).toISOString()}: ${fate}` +
        (reason === undefined ? "" : `, ${reason}`),
    ),
  ];
}

function letterLine({ at, eventId, id, reason }: DeadLetter): string {
  return singleLine(
    `  dead letter ${id} of ${new Date(at).toISOString()}, event ${eventId}: ` +
      reason,
  );
}
