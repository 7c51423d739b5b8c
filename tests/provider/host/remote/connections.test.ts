import assert from "node:assert/strict";
import { connectionSchema } from "../../../../provider/host/connection.ts";
import { ConnectionLost, type Transport } from "../../../../provider/host/remote/channel.ts";
import { Connections } from "../../../../provider/host/remote/connections.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBJvn1Y6zr4YXozOK9JSKTZ0byAgiDzfdfpf/obfLt7D";
const connection = connectionSchema.parse({ address: "192.0.2.1", hostKeys: [KEY] });

/** A way to a host on which nothing can be run: what is tested is who dials, and when. */
function transport(): Transport & { lose(): void } {
  let isLost = false;
  let tell: (error: Error) => void = () => undefined;
  const lost = new Promise<Error>((resolve) => {
    tell = resolve;
  });
  const lose = (): void => {
    isLost = true;
    tell(new ConnectionLost(undefined));
  };
  return {
    open: () => Promise.reject(new ConnectionLost(undefined)),
    lost,
    get isLost() {
      return isLost;
    },
    hostKey: KEY,
    close: lose,
    lose,
  };
}

function dialling(): { signal: AbortSignal; progress: (line: string) => void; said: string[] } {
  const said: string[] = [];
  return { signal: new AbortController().signal, progress: (line) => said.push(line), said };
}

describe("connections", () => {
  it("are shared by everything that works on a host", async () => {
    let dialled = 0;
    const connections = new Connections(() => {
      dialled += 1;
      return Promise.resolve(transport());
    });
    const works = Array.from({ length: 5 }, () =>
      connections.work("one", connection, dialling(), () => Promise.resolve()),
    );
    await Promise.all(works);
    const patient = { ...connection, deadlineSeconds: 300 };
    await connections.work("one", patient, dialling(), () => Promise.resolve());
    assert.equal(dialled, 1);
    await connections.work("one", { ...connection, user: "operator" }, dialling(), () => Promise.resolve());
    assert.equal(dialled, 2);
  });

  it("that are shared still show a key that each who uses them accepts", async () => {
    const connections = new Connections(() => Promise.resolve(transport()));
    await connections.work("one", connection, dialling(), () => Promise.resolve());
    const other = { ...connection, hostKeys: ["ssh-ed25519 AAAA"] };
    await assert.rejects(
      connections.work("one", other, dialling(), () => Promise.resolve()),
      /not the one that is pinned/,
    );
  });

  it("that break under the work are dialled again, and the work begun anew", async () => {
    const dialled: ReturnType<typeof transport>[] = [];
    const connections = new Connections(() => {
      const fresh = transport();
      dialled.push(fresh);
      return Promise.resolve(fresh);
    });
    const context = dialling();
    let begun = 0;
    await connections.work("one", connection, context, () => {
      begun += 1;
      if (begun === 3) return Promise.resolve();
      dialled.at(-1)?.lose();
      return Promise.reject(new ConnectionLost(new Error("reset by peer")));
    });
    assert.deepEqual([begun, dialled.length], [3, 3]);
    assert.match(context.said[0] ?? "", /one: the connection broke \(reset by peer\)/);
  });

  it("that keep breaking end in an error that says so", async () => {
    const connections = new Connections(() => Promise.resolve(transport()));
    await assert.rejects(
      connections.work("one", connection, dialling(), () =>
        Promise.reject(new ConnectionLost(new Error("reset"))),
      ),
      /one \(192\.0\.2\.1:22\): the connection broke 4 times[^]*cause: +reset[^]*remedy:/,
    );
  });

  it("are not dialled again once the run was interrupted", async () => {
    let dialled = 0;
    const connections = new Connections(() => {
      dialled += 1;
      return Promise.resolve(transport());
    });
    const working = connections.work("one", connection, dialling(), () => {
      connections.close();
      return Promise.reject(new ConnectionLost(undefined));
    });
    await assert.rejects(working, /the run was interrupted/);
    assert.equal(dialled, 1);
  });

  it("that could not be made are tried anew by the next who asks", async () => {
    let dialled = 0;
    const connections = new Connections(() => {
      dialled += 1;
      return dialled === 1 ? Promise.reject(new Error("away")) : Promise.resolve(transport());
    });
    await assert.rejects(
      connections.work("one", connection, dialling(), () => Promise.resolve()),
      /away/,
    );
    await connections.work("one", connection, dialling(), () => Promise.resolve());
    assert.equal(dialled, 2);
  });
});
