import assert from "node:assert/strict";
import fc from "fast-check";
import { acIdentifierMistake, acNameMistake } from "../../../../engine/appc/names.ts";
import { parseImageManifest } from "../../../../engine/appc/parseImageManifest.ts";
import { serializeImageManifest } from "../../../../engine/appc/serialize.ts";
import { acIdentifierFrom, acNameFrom } from "../../../../engine/images/oci/acNames.ts";
import { readConfiguration } from "../../../../engine/images/oci/documents.ts";
import { imageManifestOf } from "../../../../engine/images/oci/imageManifestOf.ts";

const digest = `sha256:${"1".repeat(64)}`;

function manifestOf(config: object, repoTag = "127.0.0.1:5000/lib/bb:latest") {
  const document = { architecture: "arm64", os: "linux", rootfs: { type: "layers", diff_ids: [] }, config };
  const configuration = readConfiguration(Buffer.from(JSON.stringify(document)), "a test");
  return imageManifestOf({ configuration, repoTag, manifestDigest: digest, configDigest: digest });
}

describe("an OCI image in appc's words", () => {
  it("has docker2aci's name and labels", () => {
    const { name, labels } = manifestOf({});
    assert.equal(name, "127.0.0.1_5000/lib/bb");
    assert.deepEqual(labels, [
      { name: "version", value: "latest" },
      { name: "os", value: "linux" },
      { name: "arch", value: "aarch64" },
    ]);
    assert.equal(manifestOf({}, "docker.io/library/nginx:1").name, "registry-1.docker.io/library/nginx");
    assert.equal(manifestOf({}, `quay.io/a/b@${digest}`).name, "quay.io/a/b");
  });

  it("runs the entry point with the command as its arguments, as the user and in the folder that are set", () => {
    const { app, annotations } = manifestOf({
      Entrypoint: ["/bin/e"],
      Cmd: ["-a", "b"],
      User: "www:2",
      WorkingDir: "/srv",
      Env: ["A=1=2", "B=", "nothing", "A=3"],
    });
    assert.deepEqual(app?.exec, ["/bin/e", "-a", "b"]);
    assert.deepEqual([app.user, app.group, app.workingDirectory], ["www", "2", "/srv"]);
    assert.deepEqual(app.environment, [
      { name: "A", value: "3" },
      { name: "B", value: "" },
    ]);
    assert.ok(annotations.some(({ name, value }) => name === "appc.io/docker/cmd" && value === '["-a","b"]'));
  });

  it("is root's when no user is set", () => {
    assert.deepEqual([manifestOf({}).app?.user, manifestOf({ User: "5" }).app?.group], ["0", "0"]);
  });

  it("has a port for each that is exposed and a mount point for each volume, by names of their own", () => {
    const { app } = manifestOf({
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "9000": {} },
      Volumes: { "/data": {}, "/data/": {}, "/": {} },
    });
    assert.deepEqual(
      app?.ports.map(({ name, port, protocol }) => [name, port, protocol]),
      [
        ["53-udp", 53, "udp"],
        ["80-tcp", 80, "tcp"],
        ["9000", 9000, "tcp"],
      ],
    );
    assert.deepEqual(
      app.mountPoints.map(({ name, path }) => [name, path]),
      [
        ["volume", "/"],
        ["volume-data", "/data"],
        ["volume-data-1", "/data/"],
      ],
    );
  });

  it("refuses to expose what is no port", () => {
    assert.throws(() => manifestOf({ ExposedPorts: { "70000/tcp": {} } }), /no port/);
  });

  it("takes nulls for what is absent, as Docker writes them", () => {
    const { app } = manifestOf({ Entrypoint: null, Cmd: ["x"], Env: null, Volumes: null, Labels: null });
    assert.deepEqual(app?.exec, ["x"]);
  });

  it("reads back the same after it was written", () => {
    const manifest = manifestOf({ Cmd: ["x"], ExposedPorts: { "80/tcp": {} }, Volumes: { "/v": {} } });
    assert.deepEqual(parseImageManifest(serializeImageManifest(manifest)), manifest);
  });

  it("makes names that appc accepts, or none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const identifier = acIdentifierFrom(text);
        const name = acNameFrom(text);
        assert.ok(identifier === "" || acIdentifierMistake(identifier) === undefined, identifier);
        assert.ok(name === "" || acNameMistake(name) === undefined, name);
      }),
    );
  });
});
