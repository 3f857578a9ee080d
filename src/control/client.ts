import { request } from "node:http";
import { TransientError } from "../errors.ts";
import { readControlFile } from "./control_file.ts";
import { type ControlRequest, fromWireError } from "./wire.ts";

/** A program that runs on the state did what was asked. */
export interface Answered {
  readonly result: unknown;
}

/**
 * Asks the program that runs on a state, however long it takes.
 *
 * @param path See `controlPath()`.
 * @returns `undefined` when none runs: there is no file, or one that a killed
 *   program left.
 * @throws What the task threw there, of the same class.
 * @throws {TransientError} The program ended before it answered.
 */
export async function askProgram(
  path: string,
  asked: ControlRequest,
  signal: AbortSignal,
): Promise<Answered | undefined> {
  const address = await readControlFile(path);
  if (address === undefined) return undefined;
  const sent = await send(address, JSON.stringify(asked), signal);
  // Nobody listens there, or somebody else by now.
  if (sent === undefined || sent.status === 401) return undefined;
  const answer = parse(sent.text);
  if (answer === undefined) return undefined;
  if ("error" in answer) throw fromWireError(answer.error);
  return { result: answer.result };
}

type Parsed =
  | { readonly error: { name: string; message: string } }
  | { readonly result: unknown };

function parse(text: string): Parsed | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if ("result" in value) return { result: value.result };
    const { name, message } = value.error as Record<string, unknown>;
    return { error: { name: String(name), message: String(message) } };
  } catch {
    return undefined;
  }
}

/**
 * Over `node:http`, which takes no proxy from the environment: the token must
 * not reach one. `undefined` where nobody listens.
 */
function send(
  { url, token }: { readonly url: string; readonly token: string },
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve, reject) => {
    const ended = (cause: unknown) =>
      reject(
        signal.aborted ? signal.reason : new TransientError(
          "The running program ended before it answered: look at its log, " +
            "then try again",
          { cause },
        ),
      );
    let isConnected = false;
    const sending = request(url, {
      method: "POST",
      agent: false,
      signal,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": new TextEncoder().encode(body).byteLength,
      },
    }, (answer) => {
      isConnected = true;
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => text += piece);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on("error", ended);
    });
    sending.on("error", (error: Error & { code?: string }) => {
      const isNobody = !isConnected && error.code === "ECONNREFUSED";
      if (isNobody && !signal.aborted) resolve(undefined);
      else ended(error);
    });
    sending.end(body);
  });
}
