import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { registryAccess } from "../../../components/runtime/configured-registries.ts";
import { registryFiles } from "../../../components/runtime/registries.ts";
import { textOf } from "../rendered-state.ts";

describe("registryAccess", () => {
  it("takes * for all registries without an entry of their own", () => {
    const { access } = registryAccess({ "*": { server: "https://mirror.example" } });
    assert.deepEqual(access, [{ name: "_default", server: "https://mirror.example" }]);
  });

  it("keeps a password apart, as a secret", async () => {
    const { access, credentials } = registryAccess({
      "registry.example": { server: "https://registry.example", username: "me", password: "mine" },
    });
    assert.ok(!JSON.stringify(access).includes("mine"));
    const [credential] = Object.values(credentials);
    assert.ok(credential);
    assert.ok(await pulumi.isSecret(credential));
    assert.equal(access[0]?.credential, Object.keys(credentials)[0]);
  });

  it("asks for no login without a password", () => {
    const { access, credentials } = registryAccess({ a: { server: "https://a.example", username: "me" } });
    assert.deepEqual(access, [{ name: "a", server: "https://a.example" }]);
    assert.deepEqual(credentials, {});
  });
});

describe("registryFiles", () => {
  it("writes hosts.toml for each name, with the authority's certificate beside it", () => {
    const files = registryFiles("/etc/certs", [{ name: "a:5000", server: "https://b", ca: "PEM\n" }]);
    assert.deepEqual(Object.keys(files), ["/etc/certs/a:5000/hosts.toml", "/etc/certs/a:5000/ca.crt"]);
    const text = textOf(files["/etc/certs/a:5000/hosts.toml"]?.content ?? "");
    assert.match(text, /^server = "https:\/\/b"$/m);
    assert.match(text, /^ca = "\/etc\/certs\/a:5000\/ca\.crt"$/m);
    assert.equal(files["/etc/certs/a:5000/hosts.toml"]?.mode, "0644");
  });
});
