/** The commands of rkt 1.30.0 with their flags, and the defaults that its help shows. */
const image =
  "annotation caps-remove caps-retain cpu cpu-shares environment exec group memory mount name oom-score-adj " +
  "readonly-rootfs seccomp supplementary-gids user user-annotation user-label working-dir";
const oldCapabilities = "cap-remove cap-retain";
const streams = "stdin stdout stderr";
const stage1 = "stage1-from-dir stage1-hash stage1-name stage1-path stage1-url";
const names = "dns dns-domain dns-opt dns-search hostname hosts-entry";
const content = "inherit-env no-overlay pod-manifest port private-users set-env set-env-file volume";
const pull = (policy: string): string => `pull-policy=${policy} store-only no-store`;

export const upstreamGlobalFlags =
  "debug dir=/var/lib/rkt insecure-options=none local-config=/etc/rkt system-config=/usr/lib/rkt user-config " +
  "trust-keys-from-https cpuprofile memprofile";

export const upstreamCommands: Readonly<Record<string, string>> = {
  "api-service": "listen=localhost:15441",
  "app add": `${image} mnt-volume ${streams}`,
  "app list": "no-legend",
  "app rm": "app",
  "app sandbox": `annotation ${names} net=default no-overlay port ${stage1} user-annotation user-label uuid-file-save`,
  "app start": "app",
  "app status": "app format",
  "app stop": "app",
  attach: "app mode=auto",
  "cat-manifest": "pretty-print=true uuid-file",
  completion: "",
  config: "pretty-print=true",
  enter: "app",
  export: "app overwrite",
  fetch: `full ${pull("update")} signature`,
  gc: "grace-period=30m0s expire-prepared=24h0m0s mark-only",
  help: "",
  "image cat-manifest": "pretty-print=true",
  "image export": "overwrite",
  "image extract": "overwrite rootfs-only",
  "image fetch": `full ${pull("update")} signature`,
  "image gc": "grace-period=24h0m0s",
  "image list": "fields=id,name,size,importtime,lastused format full no-legend order=asc sort=importtime",
  "image render": "overwrite rootfs-only",
  "image rm": "",
  "image verify": "",
  list: "format full no-legend",
  "metadata-service": "listen-port=18112",
  prepare: `${image} ${oldCapabilities} ${streams} ${stage1} ${content} ${pull("new")} signature quiet`,
  rm: "uuid-file",
  run:
    `${image} ${oldCapabilities} ${streams} ${stage1} ${names} ${content} ${pull("new")} signature ` +
    "interactive ipc=auto mds-register net=default uuid-file-save",
  "run-prepared": `${names} interactive ipc=auto mds-register net=default`,
  status: "format uuid-file wait=false wait-ready=false",
  stop: "force uuid-file",
  trust: "prefix root skip-fingerprint-review insecure-allow-http",
  version: "",
};
