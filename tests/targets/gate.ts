/** A door before a server that a test can shut: connections are refused. */
export class Gate {
  readonly #to: URL;
  readonly #connections = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener;
  readonly #port: number;

  /** @param url Of the server behind it; its path survives. */
  constructor(url: string) {
    this.#to = new URL(url);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#port = this.#listener.addr.port;
    this.#accept(this.#listener);
  }

  /** The server's URL through the gate. */
  get url(): string {
    const { pathname } = this.#to;
    const path = pathname === "/" ? "" : pathname;
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** Ends every connection and takes no more. */
  shut(): void {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  open(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.#port });
    this.#accept(this.#listener);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    try {
      for await (const connection of listener) this.#join(connection);
    } catch {
      // Shut while it waited.
    }
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    const { hostname, port } = this.#to;
    this.#connections.add(near);
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname, port: Number(port) });
    } catch {
      return close(near);
    }
    this.#connections.add(far);
    const ways = [near.readable.pipeTo(far.writable)];
    ways.push(far.readable.pipeTo(near.writable));
    await Promise.allSettled(ways);
    for (const end of [near, far]) {
      close(end);
      this.#connections.delete(end);
    }
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It ended by itself.
  }
}
