import assert from "node:assert/strict";
import { Redactor } from "../../../../provider/host/remote/redact.ts";
import { Secret } from "../../../../provider/protocol/value.ts";

const PEM =
  "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk\n-----END EC PRIVATE KEY-----\n";

describe("a redactor", () => {
  it("takes out a secret, its lines, and the values of its settings", () => {
    const redactor = new Redactor([
      { files: { "/etc/key": { content: new Secret(PEM) } }, token: new Secret("TOKEN=abcdefgh12") },
    ]);
    const said = `bad line: MHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk; token abcdefgh12 refused\n${PEM}`;
    const cleaned = redactor.clean(said);
    assert.doesNotMatch(cleaned, /MHcCAQ|abcdefgh12/);
    assert.match(cleaned, /bad line: \[secret\]; token \[secret\] refused/);
  });

  it("finds secrets within a secret map", () => {
    const redactor = new Redactor([{ files: new Secret({ "/etc/x": { content: "open sesame" } }) }]);
    assert.equal(redactor.clean("it said: open sesame!"), "it said: [secret]!");
  });

  it("leaves what is no secret, and words too short to be one", () => {
    const redactor = new Redactor([{ port: new Secret("22"), content: "not a secret" }]);
    assert.equal(redactor.clean("port 22: not a secret"), "port 22: not a secret");
  });
});
