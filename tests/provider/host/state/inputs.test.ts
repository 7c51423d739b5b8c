import assert from "node:assert/strict";
import { checkState, propertyPath } from "../../../../provider/host/state/inputs.ts";
import { Secret, UNKNOWN, type Properties } from "../../../../provider/protocol/value.ts";

const BASE: Properties = { host: "one", role: "role", claim: "c", connection: { address: "192.0.2.1" } };

describe("checking a role's state", () => {
  it("accepts what is whole, and what is not known yet", () => {
    assert.deepEqual(checkState(BASE), []);
    const unknown = {
      ...BASE,
      claim: UNKNOWN,
      connection: { address: UNKNOWN, hostKeys: UNKNOWN, privateKey: new Secret(UNKNOWN) },
      files: { "/etc/cert": { content: new Secret(UNKNOWN), mode: "0600" }, "/etc/a": UNKNOWN },
      units: { "x.service": { sections: { Service: { ExecStart: UNKNOWN } } } },
    };
    assert.deepEqual(checkState(unknown), []);
  });

  it("reports every mistake at once, each with its path and what was given", () => {
    const failures = checkState({
      ...BASE,
      role: "Not A Role",
      colour: "red",
      connection: { address: "192.0.2.1", port: 99999, hostKeys: ["nonsense"] },
      files: {
        "relative/path": { content: "" },
        "/etc/a": { content: "", mode: "644" },
        "/etc/b": { content: "", target: "/x" },
        "/etc/c": {},
      },
      units: { "x.service": { sections: { Service: { ExecStart: "/bin/x \\" } }, restartOn: ["/etc/none"] } },
    });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "colour",
      "connection.hostKeys[0]",
      "connection.port",
      'files["/etc/a"].mode',
      'files["/etc/b"]',
      'files["/etc/c"]',
      'files["relative/path"]',
      "role",
      'units["x.service"].restartOn',
      'units["x.service"].sections.Service.ExecStart',
    ]);
    assert.match(failures.find(({ property }) => property === "connection.port")?.reason ?? "", /got: 99999/);
  });

  it("never shows a secret in what it reports", () => {
    const failures = checkState({
      ...BASE,
      connection: { address: "192.0.2.1", privateKey: new Secret(4711) },
      files: { "/etc/a": new Secret({ content: 4712 }) },
    });
    assert.equal(failures.length, 2);
    assert.doesNotMatch(JSON.stringify(failures), /471/);
  });

  it("writes paths as people do", () => {
    assert.equal(
      propertyPath(["units", "kubelet.service", "restartOn", 0]),
      'units["kubelet.service"].restartOn[0]',
    );
  });
});
