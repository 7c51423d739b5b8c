import assert from "node:assert/strict";
import fc from "fast-check";
import { commandLine, unitMistakes, unitText } from "../../../provider/host/unit-text.ts";

describe("a unit's text", () => {
  it("has Unit first, Install last, and directives in an order of its own", () => {
    const text = unitText({
      Install: { WantedBy: "multi-user.target" },
      Service: { Restart: "always", ExecStart: "/usr/bin/thing", Type: "notify" },
      Unit: { After: ["network.target", "thing.socket"], Description: "A thing" },
    });
    assert.equal(
      text,
      `[Unit]
Description=A thing
After=network.target
After=thing.socket

[Service]
ExecStart=/usr/bin/thing
Restart=always
Type=notify

[Install]
WantedBy=multi-user.target
`,
    );
  });

  it("is the same whatever order its parts come in", () => {
    const directives = { A: "1", B: "2", C: "3", Description: "d" };
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.entries(directives), { minLength: 4 }), (shuffled) => {
        assert.equal(unitText({ Unit: Object.fromEntries(shuffled) }), unitText({ Unit: directives }));
      }),
    );
  });

  it("writes booleans and numbers as systemd reads them, and an empty string to reset a list", () => {
    assert.equal(
      unitText({
        Service: { Delegate: true, PrivateTmp: false, LimitNOFILE: 1024, ExecStart: ["", "/bin/true"] },
      }),
      "[Service]\nDelegate=yes\nExecStart=\nExecStart=/bin/true\nLimitNOFILE=1024\nPrivateTmp=no\n",
    );
  });

  it("folds a long command line, one option to a line, but never inside quotes", () => {
    const start = `/usr/local/bin/kubelet --config=/etc/kubernetes/kubelet.yaml --label="a --b c" --v=2 --node-ip=10.0.0.10 --hostname-override=one`;
    assert.equal(
      unitText({ Service: { ExecStart: start } }),
      `[Service]
ExecStart=/usr/local/bin/kubelet \\
    --config=/etc/kubernetes/kubelet.yaml \\
    --label="a --b c" \\
    --v=2 \\
    --node-ip=10.0.0.10 \\
    --hostname-override=one
`,
    );
  });

  it("continues a value of several lines, and lets none of them become a comment", () => {
    assert.equal(
      unitText({ Service: { ExecStart: "/bin/echo\n--one\n# two\n; three" } }),
      "[Service]\nExecStart=/bin/echo \\\n    --one \\\n    \\x23 two \\\n    \\x3b three\n",
    );
  });

  it("never lets a value begin a section or a directive of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        fc.pre(unitMistakes({ Service: { Environment: value } }).length === 0);
        const text = unitText({ Service: { Environment: `x${value}`, Zone: "end" } });
        const logical = text.replaceAll("\\\n", " ").split("\n");
        assert.equal(logical.length, 4, JSON.stringify(text));
        assert.equal(logical[0], "[Service]");
        assert.equal(logical[2], "Zone=end");
      }),
    );
  });

  it("reports names that are none, and a backslash that would swallow the next line", () => {
    const mistakes = unitMistakes({
      "Ser]vice": { ExecStart: "/bin/true" },
      Service: { "Exec=Start": "/bin/true", ExecStop: "/bin/echo \\" },
    });
    assert.deepEqual(
      mistakes.map(({ path }) => path),
      ["Ser]vice", "Service.Exec=Start", "Service.ExecStop"],
    );
  });
});

describe("a command line for a unit", () => {
  it("keeps every argument as it is", () => {
    assert.equal(
      commandLine(["/bin/echo", "plain", "two words", "100%", "$HOME", 'a "quote"', "back\\slash", ";"]),
      '/bin/echo plain "two words" 100%% $$HOME "a \\"quote\\"" "back\\\\slash" ";"',
    );
  });
});
