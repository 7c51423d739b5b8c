import assert from "node:assert/strict";
import { fetchSettings, parseDeb822, parseOneLine, renderSources } from "../../lab/apt-sources.ts";

describe("the machine's apt sources", () => {
  it("are read from a deb822 file, comments and disabled paragraphs left out", () => {
    const text = `Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: bookworm
Components: main
`;
    assert.deepEqual(parseDeb822(text, "bookworm"), [
      { uri: "http://mirror.example/debian", pocket: "" },
      { uri: "http://mirror.example/debian", pocket: "-updates" },
      { uri: "http://mirror.example/debian-security", pocket: "-security" },
    ]);
  });

  it("are read from one-line files", () => {
    const text = `# deb http://no.example/debian bookworm main
deb [signed-by=/x.gpg arch=amd64] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main`;
    assert.deepEqual(parseOneLine(text, "bookworm"), [
      { uri: "http://mirror.example/debian", pocket: "" },
      { uri: "http://mirror.example/debian-security", pocket: "-security" },
    ]);
  });

  it("leave out third parties, who have nothing for another release", () => {
    assert.deepEqual(parseOneLine("deb https://vendor.example/linux/debian bookworm stable", "bookworm"), []);
    assert.deepEqual(parseOneLine("deb https://vendor.example/apt tool-bookworm main", "bookworm"), []);
  });

  it("are written for another release", () => {
    const text = renderSources(
      [{ uri: "http://mirror.example/debian-security", pocket: "-security" }],
      "trixie",
    );
    assert.match(text, /^Suites: trixie-security$/m);
    assert.deepEqual(parseDeb822(text, "trixie"), [
      { uri: "http://mirror.example/debian-security", pocket: "-security" },
    ]);
  });

  it("come with proxies and checks, and without paths to this machine's certificates", () => {
    const dump = `Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CaInfo "/etc/ssl/own.pem";
Acquire::https "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "0";`;
    assert.deepEqual(fetchSettings(dump), [
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'Acquire::Check-Valid-Until "false";',
    ]);
  });
});
