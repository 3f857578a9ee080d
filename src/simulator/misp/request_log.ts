import type { FaultAction } from "./faults.ts";

/** A line of what was asked. */
export interface SeenRequest {
  readonly method: string;
  /** With the sub-path, without the query string. */
  readonly path: string;
  /** Size of the body as sent. */
  readonly bytes: number;
  /** 0: no answer was given. */
  status: number;
  /** Mail address of the user whose key it was. */
  user?: string;
  /** Only where it was asked for. */
  readonly body?: string;
  /** The fault that struck. */
  readonly fault?: FaultAction;
}

/** The requests the server was sent, oldest first. */
export class RequestLog {
  readonly list: SeenRequest[] = [];

  /** Those that match a method and a part, or a test, of the path. */
  find(method?: string, path: string | RegExp = ""): SeenRequest[] {
    return this.list.filter((request) =>
      (method === undefined || request.method === method) &&
      (typeof path === "string"
        ? request.path.includes(path)
        : path.test(request.path))
    );
  }

  /** How many match. */
  count(method?: string, path: string | RegExp = ""): number {
    return this.find(method, path).length;
  }

  clear(): void {
    this.list.length = 0;
  }
}
