/** The engine on a host: its package, its configuration, the keys it trusts, its garbage collection. */
import { ref, type RoleFile, type RoleState, type RoleUnit } from "../host/role-state.ts";
import { LAYOUT } from "../node/layout.ts";
import type { EngineSettings, TrustedKey } from "./settings.ts";

const ETC = "/etc/rkt";
const STOP_PODS = `${LAYOUT.libexec}/stop-engine-pods`;
/** As the package makes /etc/rkt: who is in the group may trust keys and configure. */
const ADMINISTRATORS_TOO = { mode: "2775", group: "rkt-admin" } as const;

/** `packageName` is what the verified package calls itself. */
export function engineState(settings: EngineSettings, packageName: string): RoleState {
  const files: Record<string, RoleFile> = {
    ...Object.fromEntries(settings.credentials.flatMap(credentialFiles)),
    ...Object.fromEntries(settings.trustedKeys.map(keyFile)),
    ...Object.fromEntries(
      Object.entries(settings.networks).map(([name, network]) => [
        `${ETC}/net.d/${name}.conf`,
        json({ name, ...network }),
      ]),
    ),
    ...(settings.stage1 === undefined
      ? {}
      : { [`${ETC}/stage1.d/rktnetes.json`]: json(kind("stage1", settings.stage1)) }),
    ...(settings.data === undefined
      ? {}
      : { [`${ETC}/paths.d/rktnetes.json`]: json(kind("paths", { data: settings.data })) }),
  };
  return {
    packageFiles: [packageName],
    directories: {
      ...Object.fromEntries(foldersOf(Object.keys(files)).map((path) => [path, ADMINISTRATORS_TOO])),
      [LAYOUT.libexec]: {},
    },
    files: { ...files, [STOP_PODS]: { content: stopPodsScript(), mode: "0755" } },
    units: settings.collectGarbage ? GARBAGE_COLLECTION : {},
    teardown: [[STOP_PODS]],
  };
}

/** The package's own units, which it leaves disabled. */
const GARBAGE_COLLECTION: Readonly<Record<string, RoleUnit>> = {
  "rkt-gc.timer": { enabled: true, state: "started" },
};

function kind(rktKind: string, fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { rktKind, rktVersion: "v1", ...fields };
}

function json(value: unknown): RoleFile {
  return { content: `${JSON.stringify(value, null, 2)}\n` };
}

function credentialFiles({
  name,
  domains,
  registries,
}: EngineSettings["credentials"][number]): [string, RoleFile][] {
  const file = (path: string, head: Readonly<Record<string, unknown>>): [string, RoleFile] => [
    path,
    {
      content: [
        `${JSON.stringify(head).slice(0, -1)},"credentials":{"user":`,
        ref(`engine-user:${name}`),
        `,"password":`,
        ref(`engine-password:${name}`),
        "}}\n",
      ],
      mode: "0600",
    },
  ];
  return [
    ...(domains.length === 0
      ? []
      : [file(`${ETC}/auth.d/${name}-domains.json`, kind("auth", { domains, type: "basic" }))]),
    ...(registries.length === 0
      ? []
      : [file(`${ETC}/auth.d/${name}-registries.json`, kind("dockerAuth", { registries }))]),
  ];
}

function keyFile({ key, fingerprint, prefix }: TrustedKey): [string, RoleFile] {
  const folder = prefix === undefined ? "root.d" : `prefix.d/${prefix}`;
  return [`${ETC}/trustedkeys/${folder}/${fingerprint}`, { content: key }];
}

/** Every folder of files below /etc/rkt, which the package itself brings. */
function foldersOf(paths: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path
      .slice(ETC.length + 1)
      .split("/")
      .slice(0, -1);
    parts.forEach((_, index) => folders.add(`${ETC}/${parts.slice(0, index + 1).join("/")}`));
  }
  return [...folders].sort();
}

/** The package refuses to go under running pods; whoever takes the role away means them too. */
function stopPodsScript(): string {
  return `#!/bin/sh
# Ends all pods of this host, since the engine goes.
command -v rkt >/dev/null || exit 0
systemctl stop rkt-gc.timer rkt-gc.service 2>/dev/null
pods=$(rkt list --full --no-legend | awk -F '\\t' '$1 != "" { print $1 }')
for pod in $pods; do
  rkt stop --force "$pod"
  timeout 30 rkt status --wait "$pod" >/dev/null
done
rkt gc --grace-period=0s --expire-prepared=0s
exit 0
`;
}
