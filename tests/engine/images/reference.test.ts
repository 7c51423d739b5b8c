import assert from "node:assert/strict";
import fc from "fast-check";
import {
  canonicalRegistry,
  parseName,
  parseReference,
  parseRegistryReference,
  repoTagOf,
  showName,
  showRegistryReference,
} from "../../../engine/images/reference.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const nowhere = { workingFolder: "/work", isFile: () => false };
const parse = (text: string) => parseReference(text, nowhere);

describe("an image as it is typed", () => {
  it("is an id when it looks like one, whole or the beginning", () => {
    assert.deepEqual(parse("sha512-0a1b"), { kind: "id", id: "sha512-0a1b" });
  });

  it("is a file by its path, by its ending, and when there is such a file", () => {
    const cases: Record<string, string> = {
      "/x.aci": "/x.aci",
      "/x": "/x",
      "./x.aci": "/work/x.aci",
      "../x": "/x",
      "x.aci": "/work/x.aci",
      "file:///a%20b.aci": "/a b.aci",
    };
    for (const [text, path] of Object.entries(cases)) {
      assert.deepEqual(parse(text), { kind: "file", path }, text);
    }
    const withFile = { workingFolder: "/work", isFile: (path: string) => path === "/work/etcd" };
    assert.deepEqual(parseReference("etcd", withFile), { kind: "file", path: "/work/etcd" });
    assert.equal(parseReference("nginx", withFile).kind, "name");
  });

  it("is a URL when it ends in .aci, whatever follows as a query", () => {
    const reference = parse("https://example.com/x.aci?token=1");
    assert.equal(reference.kind === "url" && reference.url.href, "https://example.com/x.aci?token=1");
    assert.throws(() => parse("https://example.com/x.tar"), /ends in \.aci/);
  });

  it("may not carry a password in its URL, and the refusal does not repeat it", () => {
    assert.throws(
      () => parse("https://me:hunter2@example.com/x.aci"),
      (error: Error) => /auth\.d/.test(error.message) && !error.message.includes("hunter2"),
    );
  });

  it("is a layout with the image in it that is meant", () => {
    assert.deepEqual(parse("oci:/a/b"), { kind: "layout", path: "/a/b", archive: false });
    assert.deepEqual(parse("oci:b:nginx"), {
      kind: "layout",
      path: "/work/b",
      archive: false,
      image: "nginx",
    });
    assert.deepEqual(parse("oci-archive:/a.tar:x/y:1"), {
      kind: "layout",
      path: "/a.tar",
      archive: true,
      image: "x/y:1",
    });
    assert.throws(() => parse("oci:"), /names no path/);
  });

  it("is refused with a space or a control character in it", () => {
    for (const text of ["", "a b", "docker://a\nb", "x\0"])
      assert.throws(() => parse(text), /invalid image string/);
  });
});

describe("an image in a registry", () => {
  it("has what Docker would fill in", () => {
    const cases: Record<string, string> = {
      nginx: "docker://docker.io/library/nginx:latest",
      "user/app:1.0": "docker://docker.io/user/app:1.0",
      "index.docker.io/nginx": "docker://docker.io/library/nginx:latest",
      "localhost/a": "docker://localhost/a:latest",
      "127.0.0.1:5000/lib/bb": "docker://127.0.0.1:5000/lib/bb:latest",
      "[::1]:5000/bb:x": "docker://[::1]:5000/bb:x",
      [`quay.io/a/b@${digest}`]: `docker://quay.io/a/b@${digest}`,
      [`quay.io/a/b:1@${digest}`]: `docker://quay.io/a/b:1@${digest}`,
      "nginx:5000": "docker://docker.io/library/nginx:5000",
    };
    for (const [text, whole] of Object.entries(cases)) {
      assert.equal(showRegistryReference(parseRegistryReference(text)), whole);
    }
    assert.equal(parse("docker:busybox").kind, "registry");
  });

  it("is refused when a part of it is none", () => {
    for (const text of [
      "",
      "UPPER",
      "a//b",
      "a/../b",
      "quay.io/",
      "a:b c",
      "a@sha256:12",
      "a@md5:x",
      "-a",
      "a_-b/",
    ]) {
      assert.throws(() => parseRegistryReference(text), /invalid image string/, text);
    }
  });

  it("is recorded under its tag, and by its digest where it has no tag", () => {
    assert.equal(repoTagOf(parseRegistryReference("a:1")), "docker.io/library/a:1");
    assert.equal(repoTagOf(parseRegistryReference(`a@${digest}`)), `docker.io/library/a@${digest}`);
  });

  it("knows Docker's registry under all its names", () => {
    for (const name of [
      "index.docker.io",
      "https://index.docker.io/v1/",
      "registry-1.docker.io",
      "docker.io",
    ]) {
      assert.equal(canonicalRegistry(name), "docker.io");
    }
    assert.equal(canonicalRegistry("Quay.io"), "quay.io");
  });

  it("reads the same when what is shown of it is typed again", () => {
    // Without a dot: the first component with one is a registry.
    const component = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}$/);
    fc.assert(
      fc.property(
        fc.array(component, { minLength: 1, maxLength: 4 }),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined }),
        fc.boolean(),
        (path, tag, pinned) => {
          const text = `${path.join("/")}${tag === undefined ? "" : `:${tag}`}${pinned ? `@${digest}` : ""}`;
          const once = parseRegistryReference(text);
          const again = parse(showRegistryReference(once));
          assert.deepEqual(again, { ...once, implicitTag: false });
        },
      ),
    );
  });

  it("is read or refused with a Fault, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        try {
          parse(text);
        } catch (error) {
          assert.equal((error as Error).name, "Fault");
        }
      }),
    );
  });
});

describe("the name of an ACI", () => {
  it("has its labels, the version among them", () => {
    const { name, labels } = parseName("example.com/nginx:1.2,os=linux,channel=a%2Cb");
    assert.equal(name, "example.com/nginx");
    assert.deepEqual(
      [...labels],
      [
        ["version", "1.2"],
        ["os", "linux"],
        ["channel", "a,b"],
      ],
    );
  });

  it("is shown with version, os and arch first", () => {
    assert.equal(
      showName(parseName("a.b/c,zone=1,arch=amd64,os=linux,version=3")),
      "a.b/c:3,os=linux,arch=amd64,zone=1",
    );
  });

  it("is refused in rkt's words", () => {
    assert.throws(() => parseName("a:1:2"), /colon may appear at most once/);
    assert.throws(() => parseName("a,b=1:2"), /colon may appear only right after the app name/);
    assert.throws(() => parseName("Upper"), /ACIdentifier must contain only lower case/);
    assert.throws(() => parseName("a,b=1,b=2"), /multiple values/);
    assert.throws(() => parseName("a,b"), /malformed label/);
  });
});
