import type { CommandArgs, CommandIo } from "./command.ts";

/** Where a packaged program lies. */
const INSTALLED = "/usr/local/bin/opencti-relay";

/**
 * `service`: prints a systemd unit for `run`, to be saved as
 * `/etc/systemd/system/opencti-relay.service`.
 *
 * @returns The exit code, 0.
 */
export function serviceCommand(
  _args: CommandArgs,
  io: Pick<CommandIo, "print">,
): Promise<number> {
  io.print(serviceUnit(programPath()).trimEnd());
  return Promise.resolve(0);
}

/**
 * A hardened systemd unit that runs the program at a path. Settings come from
 * `/etc/opencti-relay/env` or `/etc/opencti-relay/config.yml`; the state file
 * lies in `/var/lib/opencti-relay`. A wrong configuration (exit code 2) stops
 * it for good, any other failure restarts it, and so does the watchdog when a
 * target gave no sign of life for 10 minutes although it should work.
 *
 * The type is `notify`, not `notify-reload`, which systemd knows only since
 * version 253.
 */
export function serviceUnit(program: string): string {
  return `\
[Unit]
Description=Keeps security tools in line with OpenCTI live streams
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=${quotedArgument(program)} run
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
WorkingDirectory=-/etc/opencti-relay
EnvironmentFile=-/etc/opencti-relay/env
DynamicUser=yes
StateDirectory=opencti-relay
StateDirectoryMode=0700
UMask=0077
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
KillSignal=SIGTERM
TimeoutStopSec=60
MemoryMax=1G
LimitNOFILE=65536

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** This program when compiled; during development, where it would lie. */
function programPath(): string {
  return Deno.build.standalone ? Deno.execPath() : INSTALLED;
}

/** systemd reads backslash, quotes, `%` and `$` in a command line. */
function quotedArgument(argument: string): string {
  const escaped = argument.replace(/[\\"]/g, "\\$&")
    .replaceAll("%", "%%").replaceAll("$", () => "$$");
  return /^[\w./%+-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
