import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { parsePolicy } from "../../../../engine/trust/policy/parsePolicy.ts";
import { parseRepositoryPrefix, policyFor } from "../../../../engine/trust/policy/repositoryPrefix.ts";

const file = "/etc/rkt/trust.d/team.json";
const header = { rktKind: "imagePolicy", rktVersion: "v1" };
const parse = (content: unknown): ReturnType<typeof parsePolicy> =>
  parsePolicy(JSON.stringify(content), file);
const told = (content: unknown): readonly string[] =>
  parse(content).mistakes.map(({ path, got, allowed }) => `${path} | ${got} | ${allowed}`);

describe("an image policy", () => {
  it("names keys for prefixes, by paths relative to itself", () => {
    const parsed = parse({
      ...header,
      prefixes: ["registry.example.com/team/", "localhost:5000"],
      accept: [
        { sigstoreKey: "team.pub" },
        {
          simpleSigning: { keyring: "/keys/team.gpg", lookaside: "https://sigs.example.com" },
          signedAs: "quay.io/team",
        },
      ],
    });
    assert.deepEqual(parsed, {
      mistakes: [],
      policy: {
        file,
        prefixes: ["registry.example.com/team", "localhost:5000"],
        accept: [
          { scheme: "sigstore", key: { path: "/etc/rkt/trust.d/team.pub" }, signedAs: undefined },
          {
            scheme: "simple-signing",
            keyring: "/keys/team.gpg",
            lookaside: "https://sigs.example.com",
            signedAs: "quay.io/team",
          },
        ],
      },
    });
  });

  it("may hold a public key itself, but no private one", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const policy = (sigstoreKey: string): unknown => ({
      ...header,
      prefixes: ["a.b"],
      accept: [{ sigstoreKey }],
    });
    assert.deepEqual(parse(policy(publicKey)).policy?.accept, [
      { scheme: "sigstore", key: { pem: publicKey }, signedAs: undefined },
    ]);
    const [mistake] = told(policy(privateKey));
    assert.match(
      mistake ?? "",
      /^accept\[0\]\.sigstoreKey \| a private key \(not shown\) \| .*this is a private key/,
    );
  });

  it("refuses keys that are too weak or of no known kind", () => {
    const spki = {
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    } as const;
    const weak = [
      generateKeyPairSync("rsa", { modulusLength: 1024, ...spki }).publicKey,
      generateKeyPairSync("ec", { namedCurve: "secp256k1", ...spki }).publicKey,
      generateKeyPairSync("x25519", spki).publicKey,
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ];
    const mistakes = told({
      ...header,
      prefixes: ["a.b"],
      accept: weak.map((sigstoreKey) => ({ sigstoreKey })),
    });
    assert.equal(mistakes.length, weak.length);
    assert.match(mistakes[0] ?? "", /1024 bits are too few/);
    assert.match(mistakes[1] ?? "", /curve secp256k1 is not supported/);
    assert.match(mistakes[2] ?? "", /keys of type x25519 are not supported/);
  });

  it("tells all its mistakes at once, each with its path, what stands there and what may", () => {
    assert.deepEqual(
      told({
        rktKind: "imagePolicies",
        rktVersion: "v2",
        prefixes: ["nginx", "registry.example.com/App:1", 7],
        accept: [{ sigstoreKey: "" }, { simpleSigning: { keyring: "a.gpg" } }, { key: "x" }],
        note: "x",
      }).map((line) =>
        line.replace(/ \| a registry.*$/, " | PREFIX").replace(/ \| a public key in PEM.*$/, " | KEY"),
      ),
      [
        'rktKind | "imagePolicies" | "imagePolicy"',
        'rktVersion | "v2" | "v1"',
        'prefixes[0] | "nginx" | PREFIX',
        'prefixes[1] | "registry.example.com/App:1" | PREFIX',
        "prefixes[2] | 7 | PREFIX",
        'accept[0].sigstoreKey | "" | KEY',
        "accept[1].simpleSigning.lookaside | nothing | the URL (https, http, file) or the absolute path of a folder of signatures",
        "accept[2].key | an unknown key | only what docs/trust.md names",
        'accept[2] | {"key":"x"} | exactly one of sigstoreKey and simpleSigning',
        "note | an unknown key | only what docs/trust.md names",
      ],
    );
  });

  it("says either whom it believes, or that it believes anything", () => {
    const either = 'either "accept" or "insecureAcceptAnything": true';
    assert.match(told({ ...header, prefixes: ["a.b"] })[0] ?? "", new RegExp(either));
    const both = {
      ...header,
      prefixes: ["a.b"],
      accept: [{ sigstoreKey: "k" }],
      insecureAcceptAnything: true,
    };
    assert.match(told(both)[0] ?? "", new RegExp(either));
    assert.deepEqual(
      parse({ ...header, prefixes: ["a.b"], insecureAcceptAnything: true }).policy?.accept,
      "anything",
    );
    assert.deepEqual(told({ ...header, prefixes: ["a.b"], insecureAcceptAnything: false }), [
      "insecureAcceptAnything | false | true",
    ]);
    assert.match(
      told({ ...header, prefixes: ["a.b"], accept: [{}] })[0] ?? "",
      /exactly one of sigstoreKey and simpleSigning/,
    );
    assert.deepEqual(told({ ...header, prefixes: [], accept: [] }), [
      "prefixes | [] | at least one prefix",
      "accept | [] | at least one key",
    ]);
  });

  it("is one JSON object", () => {
    assert.equal(parsePolicy("{", file).mistakes[0]?.allowed, "one JSON object");
    assert.equal(parsePolicy("[]", file).mistakes.length > 0, true);
  });

  it("is parsed or refused with a reason, whatever it holds", () => {
    const key = fc.constantFrom(
      "rktKind",
      "rktVersion",
      "prefixes",
      "accept",
      "insecureAcceptAnything",
      "sigstoreKey",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("imagePolicy", "v1", "a.b/c", true, null, 3, "-----BEGIN"),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(value, (content) => {
        const { policy, mistakes } = parse(content);
        assert.equal(policy === undefined, mistakes.length > 0);
        for (const { got, allowed } of mistakes) assert.ok(got !== "" && allowed !== "");
      }),
    );
  });
});

describe("the policy for a repository", () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,4}$/);
  const repository = fc
    .array(component, { minLength: 0, maxLength: 4 })
    .map((path) => ["a.b", ...path].join("/"));
  const policyOf = (...prefixes: string[]): Parameters<typeof policyFor>[1][number] => ({
    file,
    prefixes,
    accept: "anything",
  });

  it("is the one with the longest prefix by whole components", () => {
    fc.assert(
      fc.property(fc.uniqueArray(repository, { minLength: 1 }), repository, (prefixes, name) => {
        const found = policyFor(name, [policyOf("*"), ...prefixes.map((prefix) => policyOf(prefix))])?.prefix;
        const covering = prefixes.filter((prefix) => name === prefix || name.startsWith(`${prefix}/`));
        assert.equal(found, covering.toSorted((one, other) => other.length - one.length)[0] ?? "*");
      }),
    );
  });

  it("is none where no prefix covers it", () => {
    assert.equal(policyFor("a.b/team2", [policyOf("a.b/team", "a.bc")]), undefined);
  });

  it("has prefixes that mean what they say: a registry, perhaps a path, no tag", () => {
    for (const good of [
      "quay.io",
      "quay.io/a/b",
      "localhost/a",
      "localhost:5000",
      "[::1]:5000/a",
      "a.b/c_d/e--f",
      "*",
    ]) {
      assert.equal(parseRepositoryPrefix(good), good);
    }
    assert.equal(parseRepositoryPrefix("quay.io/a/"), "quay.io/a");
    assert.equal(parseRepositoryPrefix("index.docker.io/library"), "docker.io/library");
    for (const bad of [
      "",
      "/",
      "nginx",
      "team/app",
      "quay.io/a:1",
      "quay.io/a@sha256:00",
      "https://quay.io",
      "quay.io//a",
      "quay.io/../a",
      "quay.io/*",
      "Quay.io",
      "quay.io/A",
    ]) {
      assert.equal(parseRepositoryPrefix(bad), undefined, bad);
    }
  });
});
