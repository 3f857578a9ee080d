import { TransientError } from "../../errors.ts";
import type {
  HttpClient,
  HttpRequest,
  HttpResponse,
  HttpStream,
} from "../../http/client.ts";

/**
 * Several addresses of one cluster: a request goes to the one that answered
 * last, and to the next where it does not answer. All requests of this target
 * may be sent twice without harm.
 */
export class FailoverClient implements HttpClient {
  readonly #clients: readonly HttpClient[];
  #current = 0;

  /** @param clients At least one. */
  constructor(clients: readonly HttpClient[]) {
    this.#clients = clients;
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    return this.#try((client) => client.request(request));
  }

  stream(request: HttpRequest): Promise<HttpStream> {
    return this.#try((client) => client.stream(request));
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #try<Answer>(
    send: (client: HttpClient) => Promise<Answer>,
  ): Promise<Answer> {
    const count = this.#clients.length;
    for (let tries = 1;; tries++) {
      const at = this.#current;
      try {
        return await send(this.#clients[at] as HttpClient);
      } catch (error) {
        // With a status it did answer: the cluster is busy, not the host.
        const isSilent = error instanceof TransientError &&
          error.status === undefined;
        if (!isSilent) throw error;
        // Requests side by side may have moved on already.
        if (this.#current === at) this.#current = (at + 1) % count;
        if (tries >= count) throw error;
      }
    }
  }
}
