/** What every service of ours gives up, beyond what its own unit says. */

/** For services that need no more than files, sockets and their own user. */
export const CONFINED = {
  NoNewPrivileges: true,
  ProtectSystem: "strict",
  ProtectHome: true,
  PrivateTmp: true,
  PrivateDevices: true,
  ProtectKernelTunables: true,
  ProtectKernelModules: true,
  ProtectKernelLogs: true,
  ProtectControlGroups: true,
  ProtectClock: true,
  ProtectHostname: true,
  RestrictNamespaces: true,
  RestrictRealtime: true,
  RestrictSUIDSGID: true,
  LockPersonality: true,
  RestrictAddressFamilies: "AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  CapabilityBoundingSet: "",
  SystemCallArchitectures: "native",
  UMask: "0077",
} as const;

/** Starts again after every failure, without ever giving up: what it waits for may come late. */
export const PERSISTENT = { Restart: "always", RestartSec: 2 } as const;
export const NEVER_GIVE_UP = { StartLimitIntervalSec: 0 } as const;
