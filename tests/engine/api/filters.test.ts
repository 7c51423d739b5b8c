import assert from "node:assert/strict";
import { wantsImage, wantsPod } from "../../../engine/api/filters.ts";
import type { ApiImage, ApiPod } from "../../../engine/api/replies.ts";
import type { ImageFilter, PodFilter } from "../../../engine/api/requests.ts";

const none = Buffer.alloc(0);
const image: ApiImage = {
  formatVersion: "0.8.11",
  id: `sha512-${"a".repeat(64)}`,
  name: "example.com/team/etcd",
  version: "3.5",
  importTimestamp: 1000n,
  manifest: none,
  size: 1n,
  annotations: [{ key: "authors", value: "team" }],
  labels: [{ key: "os", value: "linux" }],
};
const app = (name: string): ApiPod["apps"][number] => ({
  name,
  image,
  state: 1,
  exitCode: -1,
  annotations: [],
});
const pod: ApiPod = {
  id: "0b3c8cf5-2b54-4f4f-8c9d-0123456789ab",
  pid: 1,
  state: 4,
  apps: [app("web"), app("log")],
  networks: [{ name: "default", ipv4: "172.16.28.2", ipv6: "" }],
  manifest: none,
  annotations: [
    { key: "owner", value: "team" },
    { key: "owner", value: "other" },
  ],
  cgroup: "/machine.slice/machine-rkt.scope",
  createdAt: 1n,
  startedAt: 2n,
  gcMarkedAt: 0n,
};
const everyPod: PodFilter = {
  ids: [],
  states: [],
  appNames: [],
  imageIds: [],
  networkNames: [],
  annotations: [],
  cgroups: [],
  podSubCgroups: [],
};
const everyImage: ImageFilter = {
  ids: [],
  prefixes: [],
  baseNames: [],
  keywords: [],
  labels: [],
  importedAfter: 0n,
  importedBefore: 0n,
  annotations: [],
  fullNames: [],
};

describe("filters of pods", () => {
  const cases: readonly (readonly [Partial<PodFilter>, boolean])[] = [
    [{}, true],
    [{ ids: ["x", pod.id] }, true],
    [{ ids: ["x"] }, false],
    [{ states: [6, 4] }, true],
    [{ states: [6] }, false],
    [{ appNames: ["log", "web"] }, true],
    [{ appNames: ["web", "db"] }, false],
    [{ imageIds: [image.id] }, true],
    [{ imageIds: [image.id, "sha512-b"] }, false],
    [{ networkNames: ["default"] }, true],
    [{ networkNames: ["default", "db"] }, false],
    [{ annotations: [{ key: "owner", value: "team" }] }, true],
    // As upstream: of two values the first counts.
    [{ annotations: [{ key: "owner", value: "other" }] }, false],
    [{ annotations: [{ key: "missing", value: "" }] }, false],
    [{ cgroups: [pod.cgroup] }, true],
    [{ cgroups: ["/machine.slice"] }, false],
    [{ podSubCgroups: [pod.cgroup, "/x"] }, true],
    [{ podSubCgroups: [`${pod.cgroup}/app-web`] }, true],
    [{ podSubCgroups: [`${pod.cgroup}-other/app-web`] }, false],
    [{ podSubCgroups: ["/machine.slice"] }, false],
    [{ states: [4], appNames: ["db"] }, false],
  ];
  for (const [filter, fits] of cases) {
    it(`${fits ? "let through" : "keep back"} by ${JSON.stringify(filter)}`, () => {
      assert.equal(wantsPod([{ ...everyPod, ...filter }], pod), fits);
    });
  }

  it("are joined by or, and none is no condition", () => {
    assert.equal(wantsPod([], pod), true);
    assert.equal(
      wantsPod(
        [
          { ...everyPod, ids: ["x"] },
          { ...everyPod, states: [4] },
        ],
        pod,
      ),
      true,
    );
  });

  it("find no pod that does not run within any cgroup", () => {
    assert.equal(wantsPod([{ ...everyPod, podSubCgroups: ["/x"] }], { ...pod, cgroup: "" }), false);
  });
});

describe("filters of images", () => {
  const cases: readonly (readonly [Partial<ImageFilter>, boolean])[] = [
    [{}, true],
    [{ ids: [image.id] }, true],
    [{ ids: ["sha512-b"] }, false],
    [{ prefixes: ["example.com/te"] }, true],
    [{ prefixes: ["team"] }, false],
    [{ baseNames: ["etcd"] }, true],
    [{ baseNames: ["etc"] }, false],
    [{ keywords: ["eam/etc"] }, true],
    [{ keywords: ["nginx"] }, false],
    [{ fullNames: ["example.com/team/etcd"] }, true],
    [{ fullNames: ["etcd"] }, false],
    [{ labels: [{ key: "os", value: "linux" }] }, true],
    [{ labels: [{ key: "os", value: "windows" }] }, false],
    [{ annotations: [{ key: "authors", value: "team" }] }, true],
    [{ annotations: [{ key: "authors", value: "others" }] }, false],
    [{ importedAfter: 999n }, true],
    [{ importedAfter: 1000n }, false],
    [{ importedBefore: 1001n }, true],
    [{ importedBefore: 1000n }, false],
  ];
  for (const [filter, fits] of cases) {
    const shown = JSON.stringify(filter, (_, value: unknown) =>
      typeof value === "bigint" ? Number(value) : value,
    );
    it(`${fits ? "let through" : "keep back"} by ${shown}`, () => {
      assert.equal(wantsImage([{ ...everyImage, ...filter }], image), fits);
    });
  }
});
