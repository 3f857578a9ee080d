/** Real servers on loopback for the tests of `src/http/`. */
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** A server that listens; `close()` cuts what is open. */
export interface Listening {
  readonly port: number;
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts an HTTP server, or an HTTPS one when there are TLS options. */
export async function serve(
  handler: http.RequestListener,
  tls?: https.ServerOptions,
): Promise<Listening> {
  const server = tls === undefined
    ? http.createServer(handler)
    : https.createServer(tls, handler);
  return await listen(
    server,
    tls === undefined ? "connection" : "secureConnection",
  );
}

async function listen(
  server: net.Server,
  event: string,
): Promise<Listening> {
  let count = 0;
  const open = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
  });
  server.on(event, () => count++);
  server.on("tlsClientError", () => {});
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** A proxy, and what it was asked. */
export interface ListeningProxy extends Listening {
  /** "CONNECT host:port" or "GET http://…", in order. */
  readonly asked: string[];
}

/** An HTTP proxy that tunnels and forwards, wanting these credentials. */
export async function serveProxy(
  credentials: string,
  tls?: https.ServerOptions,
): Promise<ListeningProxy> {
  const asked: string[] = [];
  const wanted = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const server = tls === undefined
    ? http.createServer(forward)
    : https.createServer(tls, forward);
  const isRefused = (request: http.IncomingMessage) =>
    request.headers["proxy-authorization"] !== wanted;

  function forward(request: http.IncomingMessage, answer: http.ServerResponse) {
    asked.push(`${request.method} ${request.url}`);
    if (isRefused(request)) return void answer.writeHead(407).end();
    const onward = http.request(request.url!, {
      method: request.method!,
      agent: false,
    }, (from) => {
      answer.writeHead(from.statusCode!, from.headers);
      from.pipe(answer);
    });
    request.pipe(onward);
  }

  server.on("connect", (request: http.IncomingMessage, socket: Duplex) => {
    asked.push(`CONNECT ${request.url}`);
    if (isRefused(request)) {
      return void socket.end(
        "HTTP/1.1 407 Proxy Authentication Required\r\n" +
          "Content-Length: 0\r\n\r\n",
      );
    }
    const [host, port] = request.url!.split(":");
    if (host === "unreachable.example") {
      return void socket.end(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
      );
    }
    const onward = net.connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      join(socket, onward);
    });
    onward.on("error", () => socket.destroy());
  });
  return { ...await listen(server, "connection"), asked };
}

/** A SOCKS5 proxy (RFC 1928) with user name and password (RFC 1929). */
export async function serveSocks(
  username: string,
  password: string,
): Promise<ListeningProxy> {
  const asked: string[] = [];
  const server = net.createServer(async (socket) => {
    const read = reader(socket);
    const [, methods = 0] = await read(2);
    await read(methods);
    socket.write(Uint8Array.of(5, 2));
    const [, userLength = 0] = await read(2);
    const user = (await read(userLength)).toString();
    const [passwordLength = 0] = await read(1);
    const isRight = user === username &&
      (await read(passwordLength)).toString() === password;
    socket.write(Uint8Array.of(1, isRight ? 0 : 1));
    if (!isRight) return void socket.end();
    const [, , , kind] = await read(4);
    const size = kind === 3 ? (await read(1))[0]! : 4;
    const host = await read(size);
    const port = (await read(2)).readUInt16BE();
    asked.push(`CONNECT ${kind === 3 ? host : [...host].join(".")}:${port}`);
    const onward = net.connect(port, "127.0.0.1", () => {
      socket.write(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0));
      join(socket, onward);
    });
    onward.on("error", () => socket.destroy());
  });
  return { ...await listen(server, "connection"), asked };
}

/** Reads exact numbers of bytes off a socket, then leaves it to others. */
function reader(socket: net.Socket): (size: number) => Promise<Buffer> {
  return (size) =>
    new Promise((resolve) => {
      const attempt = () => {
        const chunk = size === 0 ? Buffer.alloc(0) : socket.read(size);
        if (chunk === null) return void socket.once("readable", attempt);
        resolve(chunk);
      };
      attempt();
    });
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.on("close", () => other.destroy());
  other.on("close", () => one.destroy());
}
