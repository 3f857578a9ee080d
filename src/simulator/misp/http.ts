import type { Answer as HttpAnswer, Request } from "../server/server.ts";
import { wait } from "../server/wait.ts";
import type { Instance } from "./instance.ts";
import type { Answer } from "./misp_error.ts";
import { handle } from "./router.ts";

/** What stands between the network and MISP; may be changed at any time. */
export interface Limits {
  /** Larger bodies are answered with 413. */
  maxBodyBytes: number;
  /** Every answer comes this much later. */
  latencyMs: number;
}

/** How requests reach the instance. */
export interface Front {
  readonly instance: Instance;
  /** `/misp`, or empty. */
  readonly basePath: string;
  readonly limits: Limits;
  /** Ends what waits. */
  readonly stopping: AbortSignal;
}

/** Answers one request; what it asks for is done before the wait. */
export async function answer(
  front: Front,
  request: Request,
): Promise<HttpAnswer> {
  const { latencyMs } = front.limits;
  const answered = toHttp(respond(front, request));
  if (latencyMs > 0) await wait(latencyMs, front.stopping);
  return answered;
}

function respond(
  { instance, basePath, limits }: Front,
  { method, path, headers, body }: Request,
): Answer {
  if (body.length > limits.maxBodyBytes) return TOO_LARGE;
  const isInside = path === basePath || path.startsWith(`${basePath}/`);
  if (!isInside) return OUTSIDE;
  return handle(instance, {
    method,
    path: path.slice(basePath.length),
    headers,
    body: body.toString(),
    base: `http://${headers.host ?? "127.0.0.1"}${basePath}`,
  });
}

/** A page of the web server before MISP, which knows no JSON. */
const TOO_LARGE: Answer = {
  status: 413,
  html: "<html>\r\n<head><title>413 Request Entity Too Large</title></head>" +
    "\r\n</html>\r\n",
};
const OUTSIDE: Answer = {
  status: 404,
  html: "<html>\r\n<head><title>404 Not Found</title></head>\r\n</html>\r\n",
};

function toHttp({ status, body, html, headers }: Answer): HttpAnswer {
  return {
    status,
    headers: {
      "content-type": html === undefined
        ? "application/json"
        : "text/html; charset=UTF-8",
      ...headers,
    },
    body: html ?? JSON.stringify(body),
  };
}
