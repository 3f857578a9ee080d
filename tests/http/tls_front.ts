import { type AddressInfo, connect } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import type { Issuer } from "./certificates.ts";

/** A TLS server before a plain one on this machine. */
export async function tlsFront(
  to: string,
  { cert, key }: Issuer,
  options: TlsOptions = {},
) {
  const users: string[] = [];
  const server = createServer({ cert, key, ...options }, (socket) => {
    const name = socket.getPeerCertificate().subject?.CN;
    if (name !== undefined) users.push(String(name));
    const onward = connect(Number(new URL(to).port), "127.0.0.1");
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    socket.on("close", () => onward.destroy());
    onward.on("error", () => socket.destroy());
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  const open = new Set<{ destroy(): unknown }>();
  server.on("tlsClientError", () => {});
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    /** Names in the certificates that clients showed. */
    users,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
