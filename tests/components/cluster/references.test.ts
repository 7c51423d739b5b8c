import assert from "node:assert/strict";
import { isReference, referencesIn, type RoleState, type Text } from "../../../components/host/role-state.ts";
import { examplePlan, HOST_ONE, HOST_TWO, nodeNamed } from "../example-cluster.ts";
import { privateText, sha256 } from "../recorded-outputs.ts";
import { runProgram, type Run } from "../recorded-program.ts";
import { MIRROR_CA, roleStates } from "../role-states.ts";

const hosts = [HOST_ONE, { ...HOST_TWO, machine: "nspawn" }];
const plan = examplePlan(hosts);

describe("every reference of a role", function () {
  this.timeout(120_000);
  let run: Run;

  before(async () => {
    run = await runProgram({
      hosts,
      images: {
        registries: {
          "registry.example": {
            server: "https://mirror.example",
            username: "me",
            password: "mine",
            ca: MIRROR_CA,
          },
        },
      },
    });
  });

  for (const host of ["one", "two"]) {
    for (const [role, state] of Object.entries(roleStates(plan, nodeNamed(plan, host)))) {
      if (referencesIn(state).length === 0) continue;
      it(`is given its value: ${role} on ${host}`, () => {
        const given = run.resources.find(({ name }) => name === `${host}-${role}`)?.plain;
        assert.ok(given, `the program has no ${host}-${role}`);
        const wanted = wantedTexts(state, (name) => expectedText(name, host, role));
        assert.ok(Object.keys(wanted).length > 0);
        for (const [path, text] of Object.entries(wanted)) {
          assert.equal(textAt(given, path.split("\0")), text, path.replaceAll("\0", " "));
        }
      });
    }
  }
});

/** What the name stands for, told by the resource that it comes from. */
function expectedText(name: string, host: string, role: string): string {
  const shared: Readonly<Record<string, string>> = {
    "ca:cluster": "bundle of dev-cluster-ca, first",
    "ca:etcd": "bundle of dev-etcd-ca, first",
    "ca:front-proxy": "bundle of dev-front-proxy-ca, first",
    "ca-key:cluster": privateText("dev-cluster-ca, first"),
    "service-account.pub": "public key of dev-service-accounts",
    "service-account.key": privateText("dev-service-accounts"),
    "encryption-key": privateText("dev-encryption"),
    "registry:registry.example": Buffer.from("me:mine").toString("base64"),
  };
  const known = shared[name];
  if (known !== undefined) return known;
  if (name.startsWith("sha256:")) return sha256(`artefacts-${name.slice("sha256:".length)}`);
  const [, leaf = "", kind = ""] = /^(.*)\.(crt|key)$/.exec(name) ?? [];
  assert.notEqual(leaf, "", `nobody knows what "${name}" stands for`);
  const from = `${leaf} of ${host}-${role}-certificates, first`;
  return kind === "crt" ? `certificate ${from}` : privateText(from);
}

/** Texts with a reference in them, by their paths within the host layer's inputs. */
function wantedTexts(state: RoleState, meaning: (name: string) => string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const add = (path: readonly string[], text: Text): void => {
    const parts = typeof text === "string" || isReference(text) ? [text] : text;
    if (!parts.some((part) => isReference(part))) return;
    found[path.join("\0")] = parts.map((part) => (isReference(part) ? meaning(part.ref) : part)).join("");
  };
  for (const [path, file] of Object.entries(state.files ?? {})) {
    if (file.content !== undefined) add(["files", path, "content"], file.content);
    if (file.artefact !== undefined) {
      found[["files", path, "source", "sha256"].join("\0")] = sha256(`artefacts-${file.artefact}`);
    }
  }
  for (const [name, { sections = {} }] of Object.entries(state.units ?? {})) {
    for (const [section, directives] of Object.entries(sections)) {
      for (const [key, value] of Object.entries(directives)) {
        if (typeof value !== "number" && typeof value !== "boolean") {
          add(["units", name, "sections", section, key], value);
        }
      }
    }
  }
  return found;
}

function textAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === "object" ? Reflect.get(value, key) : undefined),
    root,
  );
}
