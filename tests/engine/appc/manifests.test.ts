import assert from "node:assert/strict";
import fc from "fast-check";
import type { App, ImageManifest, Isolator } from "../../../engine/appc/imageManifest.ts";
import { parseImageManifest } from "../../../engine/appc/parseImageManifest.ts";
import { parsePodManifest } from "../../../engine/appc/parsePodManifest.ts";
import type { PodManifest, Volume } from "../../../engine/appc/podManifest.ts";
import { serializeImageManifest, serializePodManifest } from "../../../engine/appc/serialize.ts";

const lower = "abcdefghijklmnopqrstuvwxyz0123456789";
const word = fc.string({ unit: fc.constantFrom(...Array.from(lower)), minLength: 1, maxLength: 8 });
const acName = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));
const identifier = fc
  .array(word, { minLength: 1, maxLength: 3 })
  .chain((words) => fc.constantFrom(".", "/", "-", "_", "~").map((joint) => words.join(joint)));
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `/${words.join("/")}`);
const record = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true, maxKeys: 3 });
const imageId = fc
  .string({ unit: fc.constantFrom(...Array.from("0123456789abcdef")), minLength: 64, maxLength: 64 })
  .map((digits) => `sha512-${digits}`);
const pairs = fc.uniqueArray(
  fc.record(
    { name: identifier.filter((name) => !["os", "arch", "name"].includes(name)), value: fc.string() },
    { noNullPrototype: true },
  ),
  { selector: ({ name }) => name, maxLength: 3 },
);
const isolator: fc.Arbitrary<Isolator> = fc.constantFrom<Isolator>(
  { name: "resource/memory", value: { request: null, limit: "1Gi" } },
  { name: "resource/cpu", value: { limit: "500m" } },
  { name: "os/linux/no-new-privileges", value: true },
  { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_KILL"] } },
);

function plain<T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(shape).map((fields) => ({ ...fields }));
}

const app: fc.Arbitrary<App> = plain<App>({
  exec: fc.array(fc.string(), { maxLength: 3 }),
  user: word,
  group: word,
  supplementaryGIDs: fc.array(fc.nat(), { maxLength: 3 }),
  eventHandlers: fc.constantFrom([], [{ name: "pre-start" as const, exec: ["/bin/true"] }]),
  workingDirectory: path,
  environment: fc.uniqueArray(
    fc.record({ name: word.map((name) => `V${name}`), value: fc.string() }, { noNullPrototype: true }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  mountPoints: fc.array(plain({ name: acName, path, readOnly: fc.boolean() }), { maxLength: 2 }),
  ports: fc.array(
    plain({
      name: acName,
      protocol: fc.constantFrom("tcp", "udp"),
      port: fc.integer({ min: 1, max: 65535 }),
      count: fc.constant(1),
      socketActivated: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  isolators: fc.array(isolator, { maxLength: 3 }),
  userAnnotations: record,
  userLabels: record,
});

const imageManifest: fc.Arbitrary<ImageManifest> = fc
  .tuple(
    plain<Omit<ImageManifest, "app">>({
      acKind: fc.constant("ImageManifest" as const),
      acVersion: fc.constant("0.8.11"),
      name: identifier,
      labels: pairs,
      dependencies: fc.array(
        plain({ imageName: identifier, imageID: imageId, labels: pairs, size: fc.nat() }),
        {
          maxLength: 2,
        },
      ),
      pathWhitelist: fc.array(path, { maxLength: 3 }),
      annotations: pairs,
    }),
    fc.option(app, { nil: undefined }),
  )
  .map(([manifest, its]) => (its === undefined ? manifest : { ...manifest, app: its }));

const volume: fc.Arbitrary<Volume> = fc.oneof(
  plain({
    name: acName,
    kind: fc.constant("host" as const),
    source: path,
    readOnly: fc.boolean(),
    recursive: fc.boolean(),
  }),
  plain({
    name: acName,
    kind: fc.constant("empty" as const),
    readOnly: fc.boolean(),
    mode: fc.constantFrom("0755", "1777"),
    uid: fc.nat(),
    gid: fc.nat(),
  }),
);

const podManifest: fc.Arbitrary<PodManifest> = plain<PodManifest>({
  acKind: fc.constant("PodManifest" as const),
  acVersion: fc.constant("0.8.11"),
  apps: fc.uniqueArray(
    plain({
      name: acName,
      image: plain({ id: imageId, name: identifier, labels: pairs }),
      app,
      readOnlyRootFS: fc.boolean(),
      mounts: fc.array(plain({ volume: acName, path, appVolume: volume }), { maxLength: 2 }),
      annotations: pairs,
    }),
    { selector: ({ name }) => name, maxLength: 3 },
  ),
  volumes: fc.uniqueArray(volume, { selector: ({ name }) => name, maxLength: 3 }),
  isolators: fc.array(isolator, { maxLength: 1 }),
  annotations: pairs,
  ports: fc.array(
    plain({
      name: acName,
      hostPort: fc.integer({ min: 0, max: 65535 }),
      hostIP: fc.ipV4(),
      podPort: plain({
        name: acName,
        protocol: fc.constant("tcp"),
        port: fc.integer({ min: 1, max: 65535 }),
      }),
    }),
    { maxLength: 2 },
  ),
  userAnnotations: record,
  userLabels: record,
});

const smallestImage = { acKind: "ImageManifest", acVersion: "0.8.11", name: "example.com/app" };
const smallestPod = { acKind: "PodManifest", acVersion: "0.8.11" };

describe("parseImageManifest", () => {
  it("reads back whatever was serialized", () => {
    fc.assert(
      fc.property(imageManifest, (manifest) => {
        assert.deepEqual(parseImageManifest(serializeImageManifest(manifest)), manifest);
      }),
    );
  });

  it("takes a null for what is absent, as Go writes it", () => {
    const manifest = parseImageManifest(
      JSON.stringify({ ...smallestImage, labels: null, app: { exec: null, user: "0", group: "0" } }),
    );
    assert.deepEqual(manifest.labels, []);
    assert.deepEqual(manifest.app?.exec, []);
  });

  it("tells all mistakes in one fault, each with its path", () => {
    const text = JSON.stringify({
      acKind: "ImageManifest",
      acVersion: "1",
      name: "Example.com/app",
      app: {
        user: "",
        group: "0",
        workingDirectory: "tmp",
        environment: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
        isolators: [{ name: "resource/memory", value: { limit: "64MB" } }],
      },
      labels: [{ name: "os", value: "plan9" }],
    });
    assert.throws(
      () => parseImageManifest(text),
      (error: Error) => {
        for (const part of [
          "the image manifest has 7 mistakes",
          "acVersion: SemVer is bad",
          "name: ACIdentifier must contain only",
          "app.user: user is required",
          "app.workingDirectory: workingDirectory must be an absolute path",
          'app.environment: duplicate environment variable of name "A"',
          "app.isolators[0].value: limit: unable to parse quantity's suffix",
          'labels: bad os "plan9"',
        ]) {
          assert.ok(error.message.includes(part), `${part} in:\n${error.message}`);
        }
        return true;
      },
    );
  });

  it("refuses another kind in rkt's words", () => {
    assert.throws(
      () => parseImageManifest(JSON.stringify({ ...smallestImage, acKind: "PodManifest" })),
      /missing or bad ACKind \(must be "ImageManifest"\)/,
    );
  });

  it("refuses an isolator that nobody here can enforce", () => {
    const app = { exec: [], user: "0", group: "0", isolators: [{ name: "os/linux/unheard-of", value: {} }] };
    assert.throws(
      () => parseImageManifest(JSON.stringify({ ...smallestImage, app })),
      /app\.isolators\[0\]\.value: invalid isolator/,
    );
  });

  it("never throws anything but a Fault, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), manifestLike()), (text) => {
        try {
          parseImageManifest(text);
        } catch (error) {
          assert.equal((error as Error).name, "Fault", String(error));
        }
      }),
    );
  });
});

describe("parsePodManifest", () => {
  it("reads back whatever was serialized", () => {
    fc.assert(
      fc.property(podManifest, (manifest) => {
        assert.deepEqual(parsePodManifest(serializePodManifest(manifest)), manifest);
      }),
    );
  });

  it("reads what rkt writes of an empty pod", () => {
    const manifest = parsePodManifest(
      JSON.stringify({
        ...smallestPod,
        apps: [],
        volumes: null,
        isolators: null,
        annotations: null,
        ports: [],
      }),
    );
    assert.deepEqual(manifest.volumes, []);
  });

  it("gives a host volume rkt's defaults", () => {
    const volumes = [{ name: "data", kind: "host", source: "/srv" }];
    assert.deepEqual(parsePodManifest(JSON.stringify({ ...smallestPod, volumes })).volumes, [
      { name: "data", kind: "host", source: "/srv", readOnly: false, recursive: true },
    ]);
  });

  it("refuses apps and volumes of one name", () => {
    const image = { id: "sha512-00" };
    const volume = { name: "data", kind: "empty" };
    assert.throws(
      () =>
        parsePodManifest(
          JSON.stringify({
            ...smallestPod,
            apps: [
              { name: "web", image },
              { name: "web", image },
            ],
            volumes: [volume, volume],
          }),
        ),
      /duplicate apps of name "web"[^]*duplicate volume name "data"/,
    );
  });
});

/** Texts of the right outline with anything in the places of values. */
function manifestLike(): fc.Arbitrary<string> {
  const keys = ["acKind", "acVersion", "name", "labels", "app", "dependencies", "isolators", "annotations"];
  return fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()).map((fields) => JSON.stringify(fields));
}
