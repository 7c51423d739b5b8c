import assert from "node:assert/strict";
import type { App } from "../../../engine/appc/imageManifest.ts";
import type { ExposedPort, PodManifest } from "../../../engine/appc/podManifest.ts";
import { forwardedPorts, parsePort, parseRawPort } from "../../../engine/network/ports.ts";
import { Fault } from "../../../errors/fault.ts";

function saying(what: string): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.details.what === what;
}

describe("--port", () => {
  it("takes a name and a port of the host", () => {
    assert.deepEqual(parsePort("http:8080"), { name: "http", hostPort: 8080 });
  });

  it("takes an address of the host, of either kind", () => {
    assert.deepEqual(parsePort("http:127.0.0.1:8080"), {
      name: "http",
      hostIP: "127.0.0.1",
      hostPort: 8080,
    });
    assert.deepEqual(parsePort("http:::1:8080"), { name: "http", hostIP: "::1", hostPort: 8080 });
  });

  const refused: readonly (readonly [string, string])[] = [
    ["8080", '"8080" is not in name:[ip:]port format'],
    ["Web:80", '"Web" is not a valid port name'],
    ["http:eighty", '"eighty" is not a valid port number'],
    ["http:0", '"0" is not a valid port number'],
    ["http:65536", '"65536" is not a valid port number'],
    ["http:nowhere:80", '"nowhere" is not a valid IP'],
  ];
  for (const [text, what] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parsePort(text), saying(what));
    });
  }

  it("of a sandbox says everything itself", () => {
    assert.deepEqual(parseRawPort("http:tcp:80:0.0.0.0:8080"), {
      name: "http",
      hostPort: 8080,
      hostIP: "0.0.0.0",
      podPort: { name: "http", protocol: "tcp", port: 80 },
    });
    assert.throws(() => parseRawPort("http:tcp:80:8080"), saying("--port invalid format"));
    assert.throws(() => parseRawPort("http:icmp:80:0.0.0.0:8080"), saying('invalid protocol "icmp"'));
  });
});

describe("a pod's forwarded ports", () => {
  it("are matched with the apps' ports by name", () => {
    const manifest = podWith([{ name: "http", hostPort: 8080 }], ["http", "dns"]);
    assert.deepEqual(forwardedPorts(manifest), [
      { name: "http", protocol: "tcp", podPort: 80, hostPort: 8080 },
    ]);
  });

  it("must have a name that one app, and only one, declares", () => {
    assert.throws(
      () => forwardedPorts(podWith([{ name: "ftp", hostPort: 1 }], ["http"])),
      saying('port name "ftp" could not be found in any apps'),
    );
    assert.throws(
      () => forwardedPorts(podWith([{ name: "http", hostPort: 1 }], ["http", "http"])),
      saying('port name "http" defined multiple apps'),
    );
  });

  it("may not meet on one port of the host", () => {
    const twice = [
      { name: "http", hostPort: 8080 },
      { name: "dns", hostPort: 8080, hostIP: "10.0.0.1" },
    ];
    assert.throws(
      () => forwardedPorts(podWith(twice, ["http", "dns"])),
      saying("port tcp-10.0.0.1:8080 already mapped to pod port 80"),
    );
  });

  it("may share a port of the host on different addresses", () => {
    const apart = [
      { name: "http", hostPort: 8080, hostIP: "10.0.0.2" },
      { name: "dns", hostPort: 8080, hostIP: "10.0.0.1" },
    ];
    assert.equal(forwardedPorts(podWith(apart, ["http", "dns"])).length, 2);
  });
});

function podWith(ports: readonly ExposedPort[], declared: readonly string[]): PodManifest {
  const app: App = {
    exec: [],
    user: "0",
    group: "0",
    supplementaryGIDs: [],
    eventHandlers: [],
    environment: [],
    mountPoints: [],
    isolators: [],
    userAnnotations: {},
    userLabels: {},
    ports: declared.map((name) => ({ name, protocol: "tcp", port: 80, count: 1, socketActivated: false })),
  };
  return {
    acKind: "PodManifest",
    acVersion: "0.8.11",
    apps: [
      {
        name: "app",
        image: { id: "sha512-0", labels: [] },
        app,
        readOnlyRootFS: false,
        mounts: [],
        annotations: [],
      },
    ],
    volumes: [],
    isolators: [],
    annotations: [],
    ports,
    userAnnotations: {},
    userLabels: {},
  };
}
