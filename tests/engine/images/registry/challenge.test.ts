import assert from "node:assert/strict";
import fc from "fast-check";
import { parseChallenges } from "../../../../engine/images/registry/challenge.ts";
import { endpointsFor, type RegistryMirror } from "../../../../engine/images/registry/mirrors.ts";
import { credentialsFor } from "../../../../engine/images/registry/registryCredentials.ts";

describe("what a registry wants", () => {
  it("is a token from somewhere, for something", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"';
    assert.deepEqual(parseChallenges(header), [
      {
        scheme: "bearer",
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scope: "repository:a/b:pull,push",
      },
    ]);
  });

  it("may be one of several things, some of them unknown", () => {
    const header =
      'Negotiate, basic realm="a \\"b\\", c", BEARER realm="https://x/" , error=insufficient_scope';
    assert.deepEqual(parseChallenges(header), [
      { scheme: "basic" },
      { scheme: "bearer", realm: "https://x/", error: "insufficient_scope" },
    ]);
  });

  it("is nothing that could be met without a realm, or in a text that is no challenge", () => {
    assert.deepEqual(parseChallenges("Bearer"), []);
    assert.deepEqual(parseChallenges(""), []);
    assert.deepEqual(parseChallenges('="",,= realm="x"'), []);
  });

  it("is found out of any text, and soon", () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => Array.isArray(parseChallenges(text))));
  });

  it("keeps every value as it was quoted", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (realm, service) => {
        const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
        const header = `Bearer realm=${quoted(realm)}, service=${quoted(service)}`;
        // A header has no line breaks.
        fc.pre(!/[\r\n\u2028\u2029]/.test(header));
        assert.deepEqual(parseChallenges(header), [{ scheme: "bearer", realm, service }]);
      }),
    );
  });
});

describe("where a registry's images are asked for", () => {
  const at = (name: string, mirrors: RegistryMirror[], plainHttp = false) => {
    const [registry = "", ...rest] = name.split("/");
    return endpointsFor({ registry, repository: rest.join("/") }, mirrors, plainHttp).map(
      ({ host, repository, schemes }) => `${schemes.join("|")} ${host} ${repository}`,
    );
  };
  const mirror = (prefix: string, location: string, insecure = false) => ({ prefix, location, insecure });

  it("is the registry itself, and Docker's at its real address", () => {
    assert.deepEqual(at("quay.io/a/b", []), ["https: quay.io a/b"]);
    assert.deepEqual(at("docker.io/library/a", []), ["https: registry-1.docker.io library/a"]);
    assert.deepEqual(at("quay.io/a", [], true), ["https:|http: quay.io a"]);
  });

  it("is what stands for the longest prefix, by whole components, and nothing else", () => {
    const mirrors = [mirror("*", "all:5000"), mirror("quay.io", "q:1/sub"), mirror("quay.io/a", "deep")];
    assert.deepEqual(at("quay.io/a/b", mirrors), ["https: deep b"]);
    assert.deepEqual(at("quay.io/ab/c", mirrors), ["https: q:1 sub/ab/c"]);
    assert.deepEqual(at("ghcr.io/x/y", mirrors), ["https: all:5000 x/y"]);
  });

  it("is every entry of that prefix, in their order", () => {
    const mirrors = [mirror("*", "one"), mirror("*", "two")];
    assert.deepEqual(at("quay.io/a", mirrors), ["https: one a", "https: two a"]);
  });

  it("is in the clear only where it is marked so", () => {
    assert.deepEqual(at("quay.io/a", [mirror("", "http://m:5000", true)]), ["http: m:5000 a"]);
    assert.deepEqual(at("quay.io/a", [mirror("", "m:5000", true)]), ["https:|http: m:5000 a"]);
    assert.throws(() => at("quay.io/a", [mirror("", "http://m:5000")]), /must be marked insecure/);
    assert.throws(() => at("quay.io/a", [mirror("", "me:pw@m")]), /mirror is none/);
  });
});

describe("credentials for a registry", () => {
  it("are found under whichever of its names they were written", () => {
    const credentials = { user: "me", password: "x" };
    for (const name of [
      "docker.io",
      "index.docker.io",
      "registry-1.docker.io",
      "https://index.docker.io/v1/",
    ]) {
      assert.equal(credentialsFor("registry-1.docker.io", new Map([[name, credentials]])), credentials, name);
    }
    assert.equal(credentialsFor("quay.io:443", new Map([["quay.io", credentials]])), undefined);
  });
});
