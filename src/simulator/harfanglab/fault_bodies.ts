import {
  answerBefore,
  type FaultAnswer,
  jsonAnswer,
  STATUS_TEXTS,
} from "../server/fault_bodies.ts";

/** Body of a faulty answer, as a console or a proxy before it gives it. */
export function harfanglabFault(status: number): FaultAnswer {
  return answerBefore(status) ??
    jsonAnswer({ detail: STATUS_TEXTS[status] ?? "Error" });
}
