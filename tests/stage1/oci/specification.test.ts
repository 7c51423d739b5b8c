import assert from "node:assert/strict";
import type { App, Isolator } from "../../../engine/appc/imageManifest.ts";
import {
  allCapabilities,
  capabilitiesOf,
  capabilitiesOfMask,
  defaultCapabilities,
} from "../../../stage1/capabilities.ts";
import { containerSpecification, type ContainerFacts } from "../../../stage1/oci/specification.ts";
import { seccompFilterOf } from "../../../stage1/seccomp.ts";

function appWith(...isolators: Isolator[]): App {
  return {
    exec: ["/bin/app"],
    user: "0",
    group: "0",
    supplementaryGIDs: [],
    eventHandlers: [],
    environment: [],
    mountPoints: [],
    ports: [],
    isolators,
    userAnnotations: {},
    userLabels: {},
  };
}

const facts: ContainerFacts = {
  app: appWith(),
  rootfs: "/pod/rootfs",
  readOnlyRootfs: true,
  user: { uid: 7, gid: 8, supplementaryGids: [9], name: "app", home: "/", shell: "/bin/sh" },
  environment: new Map([["PATH", "/bin"]]),
  capabilities: ["CAP_CHOWN"],
  seccomp: { mode: "remove", syscalls: ["mount"], errno: "ENOSYS" },
  mounts: [
    { source: "/srv", destination: "/data", readOnly: true, recursive: true },
    { source: "/tmp/x", destination: "/x", readOnly: false, recursive: false },
  ],
  limits: { memoryBytes: 64_000_000, cpuMillis: 500, cpuShares: 512, oomScoreAdj: 100 },
  cgroup: "/machine.slice/x.scope/app-web",
  terminal: false,
  pathsUnprotected: false,
  hostNetwork: false,
};

interface Specification {
  readonly process: {
    readonly user: object;
    readonly env: readonly string[];
    readonly capabilities: Readonly<Record<string, readonly string[]>>;
    readonly noNewPrivileges: boolean;
  };
  readonly root: object;
  readonly mounts: readonly {
    readonly destination: string;
    readonly type: string;
    readonly options: readonly string[];
  }[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly resources: {
      readonly memory?: object;
      readonly cpu?: object;
      readonly devices: readonly { allow: boolean }[];
    };
    readonly uidMappings?: readonly object[];
    readonly gidMappings?: readonly object[];
    readonly maskedPaths?: readonly string[];
    readonly seccomp?: {
      readonly defaultAction: string;
      readonly defaultErrnoRet?: number;
      readonly syscalls: readonly object[];
    };
  };
}

function specification(changes: Partial<ContainerFacts> = {}): Specification {
  return containerSpecification({ ...facts, ...changes }) as Specification;
}

describe("the specification of a container", () => {
  it("gives the app its user, and no capability that it could inherit or pass on", () => {
    const { process } = specification();
    assert.deepEqual(process.user, { uid: 7, gid: 8, additionalGids: [9] });
    assert.deepEqual(process.capabilities["bounding"], ["CAP_CHOWN"]);
    assert.deepEqual(process.capabilities["inheritable"], []);
    assert.deepEqual(process.capabilities["ambient"], []);
  });

  it("makes no namespace that the pod has already", () => {
    assert.deepEqual(
      specification().linux.namespaces.map(({ type }) => type),
      ["mount", "cgroup"],
    );
  });

  it("gives an app users of its own, and binds what only the host's root may mount", () => {
    const { linux, mounts } = specification({
      users: { first: 600_000, count: 65_536, sys: "/mnt/0", mqueue: "/mnt/1" },
    });
    assert.ok(linux.namespaces.some(({ type }) => type === "user"));
    assert.deepEqual(linux.uidMappings, [{ containerID: 0, hostID: 600_000, size: 65_536 }]);
    assert.deepEqual(linux.gidMappings, linux.uidMappings);
    for (const destination of ["/proc", "/sys", "/dev/mqueue"]) {
      const mount = mounts.find((each) => each.destination === destination);
      assert.ok(mount?.type === "none" && mount.options.includes("rbind"), destination);
    }
  });

  it("makes every mount below a read-only recursive volume read-only", () => {
    const [data, x] = specification().mounts.slice(-2);
    assert.deepEqual(data?.options, ["rbind", "rro"]);
    assert.deepEqual(x?.options, ["bind", "rw"]);
  });

  it("turns limits into the kernel's units", () => {
    const { memory, cpu } = specification().linux.resources;
    assert.deepEqual(memory, { limit: 64_000_000 });
    assert.deepEqual(cpu, { shares: 512, quota: 50_000, period: 100_000 });
  });

  it("refuses every device before it allows the harmless ones", () => {
    const [first, ...others] = specification().linux.resources.devices;
    assert.deepEqual(first, { allow: false, access: "rwm" });
    assert.ok(others.every(({ allow }) => allow));
  });

  it("protects the kernel's files unless that was switched off", () => {
    assert.ok(specification().linux.maskedPaths?.includes("/proc/kcore"));
    assert.equal(specification({ pathsUnprotected: true }).linux.maskedPaths, undefined);
  });

  it("answers a removed call with the error that was asked for, and lets all others through", () => {
    const { seccomp } = specification().linux;
    assert.ok(seccomp);
    assert.equal(seccomp.defaultAction, "SCMP_ACT_ALLOW");
    assert.deepEqual(seccomp.syscalls, [{ names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }]);
  });

  it("answers every call but the retained with an error", () => {
    const { seccomp } = specification({
      seccomp: { mode: "retain", syscalls: ["read"], errno: "EPERM" },
    }).linux;
    assert.ok(seccomp);
    assert.equal(seccomp.defaultAction, "SCMP_ACT_ERRNO");
    assert.equal(seccomp.defaultErrnoRet, 1);
    assert.deepEqual(seccomp.syscalls, [{ names: ["read"], action: "SCMP_ACT_ALLOW" }]);
  });
});

describe("an app's capabilities", () => {
  it("are rkt's fourteen where nobody says anything", () => {
    assert.deepEqual(new Set(capabilitiesOf(appWith(), false)), new Set(defaultCapabilities));
    assert.equal(defaultCapabilities.length, 14);
  });

  it("are what is retained, or what is left of the fourteen", () => {
    const retain = {
      name: "os/linux/capabilities-retain-set",
      value: { set: ["CAP_NET_ADMIN", "cap_chown"] },
    };
    assert.deepEqual(capabilitiesOf(appWith(retain), false), ["CAP_CHOWN", "CAP_NET_ADMIN"]);
    const remove = { name: "os/linux/capabilities-remove-set", value: { set: ["CAP_MKNOD"] } };
    assert.equal(capabilitiesOf(appWith(remove), false).includes("CAP_MKNOD"), false);
    assert.equal(capabilitiesOf(appWith(remove), false).length, 13);
  });

  it("are never more than there is to give", () => {
    const own = capabilitiesOfMask("1"); // CAP_CHOWN alone
    assert.deepEqual(capabilitiesOf(appWith(), true, own), ["CAP_CHOWN"]);
    assert.equal(capabilitiesOf(appWith(), true).length, allCapabilities.length);
  });

  it("refuse a name that no kernel knows", () => {
    const retain = { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_FLY"] } };
    assert.throws(() => capabilitiesOf(appWith(retain), false), /unknown capability/);
  });
});

describe("an app's system calls", () => {
  it("change the machine nowhere by default", () => {
    const filter = seccompFilterOf(appWith(), false);
    assert.ok(filter);
    assert.equal(filter.mode, "remove");
    for (const call of ["mount", "kexec_load", "init_module", "setns"])
      assert.ok(filter.syscalls.includes(call));
    assert.equal(seccompFilterOf(appWith(), true), undefined);
  });

  it("are unfiltered where all are retained or none removed", () => {
    const all = { name: "os/linux/seccomp-retain-set", value: { set: ["@appc.io/all"] } };
    const none = { name: "os/linux/seccomp-remove-set", value: { set: ["@appc.io/empty"] } };
    assert.equal(seccompFilterOf(appWith(all), false), undefined);
    assert.equal(seccompFilterOf(appWith(none), false), undefined);
  });

  it("refuse a set that nobody knows", () => {
    const unknown = { name: "os/linux/seccomp-remove-set", value: { set: ["@nobody/set"] } };
    assert.throws(() => seccompFilterOf(appWith(unknown), false), /unknown set of system calls/);
  });
});
