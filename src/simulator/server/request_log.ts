import type { SeenRequest } from "./server.ts";

/** The requests a server, or several, were sent, oldest first. */
export class RequestLog {
  readonly list: SeenRequest[] = [];

  /** How many match a method and a part, or a test, of the path. */
  count(method?: string, path: string | RegExp = ""): number {
    return this.find(method, path).length;
  }

  /** Those that match. */
  find(method?: string, path: string | RegExp = ""): SeenRequest[] {
    return this.list.filter((request) =>
      (method === undefined || request.method === method) &&
      (typeof path === "string"
        ? request.path.includes(path)
        : path.test(request.path))
    );
  }

  /** Operations of all bulk requests. */
  get items(): number {
    return this.list.reduce((sum, { items = 0 }) => sum + items, 0);
  }

  clear(): void {
    this.list.length = 0;
  }
}
