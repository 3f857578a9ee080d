/** Tells systemd how the program is: sd_notify(3). */
export interface ServiceManager {
  /** Milliseconds within which a sign of life is wanted, where one is. */
  readonly watchdogMs: number | undefined;
  /** Started, or a reload is over. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(status: string): void;
  /** The configuration is read anew; `ready()` follows. */
  reloading(): void;
  /** A sign of life. */
  watchdog(): void;
  stopping(): void;
  /** Resolves when all that was told is sent. */
  close(): Promise<void>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Connects to systemd where it started this program with a notify socket;
 * elsewhere every call does nothing. That a message cannot be sent is ignored:
 * the service manager then judges by its own time limits.
 *
 * @see {@link https://www.freedesktop.org/software/systemd/man/sd_notify.html}
 */
export function serviceManager(env: Variables): ServiceManager {
  const socket = openSocket(env.NOTIFY_SOCKET);
  const send = (...lines: string[]) => socket?.send(lines.join("\n"));
  return {
    watchdogMs: socket === undefined ? undefined : watchdogMs(env),
    ready: (status) => send("READY=1", statusLine(status)),
    status: (status) => send(statusLine(status)),
    reloading: () => send("RELOADING=1", `MONOTONIC_USEC=${monotonicUsec()}`),
    watchdog: () => send("WATCHDOG=1"),
    stopping: () => send("STOPPING=1"),
    close: async () => await socket?.close(),
  };
}

/** [sd_notify] A message is lines; one assignment cannot hold a line break. */
function statusLine(status: string): string {
  return `STATUS=${status.replace(/\p{Cc}+/gu, " ").slice(0, 500)}`;
}

/**
 * CLOCK_MONOTONIC in microseconds, as near as Deno tells it: whole seconds
 * since boot, rounded up. systemd only asks that it is not before its signal.
 */
function monotonicUsec(): number {
  try {
    return Deno.osUptime() * 1_000_000;
  } catch {
    return Math.ceil(performance.now() * 1000);
  }
}

/** [sd_watchdog_enabled] The time is ours only if the process id is. */
function watchdogMs(env: Variables): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== `${Deno.pid}`) return;
  const ms = Number(WATCHDOG_USEC) / 1000;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

interface NotifySocket {
  send(text: string): void;
  close(): Promise<void>;
}

/** [systemd.exec] `@` begins an abstract address: a NUL byte in its place. */
function openSocket(address: string | undefined): NotifySocket | undefined {
  if (address === undefined || !/^[/@]./.test(address)) return undefined;
  const path = address.replace(/^@/, "\0");
  let socket: Deno.DatagramConn;
  try {
    socket = Deno.listenDatagram({
      transport: "unixpacket",
      // An abstract end of our own leaves no file behind.
      path: `\0opencti-relay-${Deno.pid}-${crypto.randomUUID()}`,
    });
  } catch {
    return undefined;
  }
  const encoder = new TextEncoder();
  let sending: Promise<unknown> = Promise.resolve();
  return {
    send: (text) => {
      const message = encoder.encode(text);
      sending = sending
        .then(() => socket.send(message, { transport: "unixpacket", path }))
        .catch(() => {});
    },
    close: async () => {
      await sending;
      socket.close();
    },
  };
}
