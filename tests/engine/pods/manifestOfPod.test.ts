import assert from "node:assert/strict";
import type { App } from "../../../engine/appc/imageManifest.ts";
import { appNameOf, planPod } from "../../../engine/pods/manifestOfPod.ts";
import type { AppRequest, ImagesOfPod } from "../../../engine/pods/requests.ts";
import type { StoredImage } from "../../../engine/store/records.ts";

const app: App = {
  exec: ["/usr/sbin/nginx", "-g", "daemon off;"],
  user: "0",
  group: "0",
  supplementaryGIDs: [],
  eventHandlers: [],
  environment: [{ name: "LANG", value: "C" }],
  mountPoints: [{ name: "html", path: "/usr/share/nginx/html", readOnly: true }],
  ports: [],
  isolators: [
    { name: "resource/memory", value: { limit: "64M" } },
    { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_CHOWN"] } },
  ],
  userAnnotations: {},
  userLabels: {},
};

const nginx: StoredImage = {
  record: {
    id: "sha512-aa",
    kind: "aci",
    name: "example.com/nginx",
    importTime: "2026-01-01T00:00:00Z",
    lastUsed: "2026-01-01T00:00:00Z",
    size: 1,
    latest: false,
    verification: { by: "nothing", reason: "a test" },
  },
  manifest: {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: "example.com/nginx",
    labels: [{ name: "version", value: "1.27" }],
    app,
    dependencies: [],
    pathWhitelist: [],
    annotations: [],
  },
};

const asked: AppRequest = {
  image: "example.com/nginx",
  arguments: [],
  environment: [],
  mounts: [],
  annotations: [],
  userAnnotations: {},
  userLabels: {},
};

function pod(apps: readonly AppRequest[], changes: Partial<ImagesOfPod> = {}): ImagesOfPod {
  return {
    from: "images",
    apps,
    volumes: [],
    mounts: [],
    ports: [],
    pullPolicy: "new",
    inheritEnvironment: false,
    setEnvironment: [],
    annotations: [],
    userAnnotations: {},
    userLabels: {},
    ...changes,
  };
}

function plannedApp(request: ImagesOfPod, environment: Record<string, string> = {}) {
  const { manifest, warnings } = planPod(request, [nginx], environment);
  return { ...manifest.apps[0]!, volumes: manifest.volumes, warnings };
}

describe("the manifest of a pod", () => {
  it("names an app after the last part of its image's name", () => {
    assert.equal(appNameOf("example.com/tools/nginx"), "nginx");
    assert.equal(appNameOf("127.0.0.1_5000/lib/bb:latest"), "bb");
    assert.equal(appNameOf("example.com/Web_Server"), "web-server");
  });

  it("appends arguments to the image's own command line", () => {
    assert.deepEqual(plannedApp(pod([{ ...asked, arguments: ["-t"] }])).app?.exec, [...app.exec, "-t"]);
  });

  it("replaces the whole command line where a program is named", () => {
    assert.deepEqual(plannedApp(pod([{ ...asked, exec: "/bin/sh", arguments: ["-c", "id"] }])).app?.exec, [
      "/bin/sh",
      "-c",
      "id",
    ]);
  });

  it("lets the caller's environment lie below the image's, --set-env above both, and an app's own above that", () => {
    const request = pod([{ ...asked, environment: [{ name: "MODE", value: "app" }] }], {
      inheritEnvironment: true,
      setEnvironment: [
        { name: "MODE", value: "pod" },
        { name: "LANG", value: "fr" },
      ],
    });
    const { app: planned } = plannedApp(request, { LANG: "de", EDITOR: "ed", MODE: "caller" });
    assert.deepEqual(Object.fromEntries(planned!.environment.map(({ name, value }) => [name, value])), {
      LANG: "fr",
      EDITOR: "ed",
      MODE: "app",
    });
  });

  it("replaces a retain set of the image by a remove set that was asked for", () => {
    const { app: planned } = plannedApp(pod([{ ...asked, capsRemove: ["CAP_MKNOD"] }]));
    assert.deepEqual(
      planned?.isolators.map(({ name }) => name),
      ["resource/memory", "os/linux/capabilities-remove-set"],
    );
  });

  it("makes an empty volume for a mount point that nobody filled, and says so", () => {
    const { mounts, volumes, warnings } = plannedApp(pod([asked]));
    assert.deepEqual(mounts, [{ volume: "nginx-html", path: "/usr/share/nginx/html" }]);
    assert.equal(volumes[0]?.kind, "empty");
    assert.match(warnings[0] ?? "", /no volume specified for mount point "html"/);
  });

  it("fills a mount point with the pod's volume of the same name", () => {
    const { mounts, warnings } = plannedApp(
      pod([asked], {
        volumes: [{ name: "html", kind: "host", source: "/srv", readOnly: false, recursive: true }],
      }),
    );
    assert.deepEqual(mounts, [{ volume: "html", path: "/usr/share/nginx/html" }]);
    assert.deepEqual(warnings, []);
  });

  it("refuses a mount without a volume", () => {
    assert.throws(
      () => plannedApp(pod([{ ...asked, mounts: [{ volume: "data", path: "/data" }] }])),
      /no volume for mount "data" of app "nginx"/,
    );
  });

  it("refuses two apps of one name in rkt's words", () => {
    assert.throws(
      () => planPod(pod([asked, asked]), [nginx, nginx], {}),
      /error setting up stage0: error: multiple apps with name nginx/,
    );
  });
});
