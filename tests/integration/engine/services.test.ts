/** The services as the package's units start them: what clients of the API see, and what pods may know of themselves. */
import assert from "node:assert/strict";
import { z } from "zod";
import { quoted } from "../../../lab/shell-words.ts";
import { ApiClient } from "../../engine/api/apiClient.ts";
import { eventually } from "../../support/await.ts";
import { CommandLines } from "../../support/command-lines.ts";
import { busybox, EngineHost } from "../../support/engine-host.ts";

const pods = z.object({
  pods: z.array(
    z.object({
      id: z.string(),
      pid: z.number(),
      state: z.string(),
      cgroup: z.string(),
      networks: z.array(z.object({ name: z.string(), ipv4: z.string() })),
      apps: z.array(z.object({ name: z.string(), state: z.string(), exit_code: z.number() })),
    }),
  ),
});
const images = z.object({ images: z.array(z.object({ name: z.string(), version: z.string() })) });

describe("the engine's services", function () {
  this.timeout(240_000);
  let host: EngineHost;

  before(async () => {
    host = await EngineHost.make("engine-services", "trixie");
  });

  after(async () => {
    await host.remove();
  });

  /** A pod in a service of its own, whose app runs a script of the shell. */
  async function start(name: string, script: string, flags = ""): Promise<string> {
    await host.run(
      `systemd-run --quiet --collect --unit=${name} --property=Delegate=yes rkt run ${flags} --uuid-file-save=/run/${name}.uuid ${busybox} --exec=/bin/sh -- -c ${quoted(script)}`,
    );
    return eventually(
      `pod of ${name}`,
      async () => {
        const uuid = await host.run(`cat /run/${name}.uuid`);
        await host.run(`rkt status --wait-ready=20s ${uuid} | grep -q state=running`);
        return uuid;
      },
      { seconds: 30 },
    );
  }

  describe("rkt-api.service", () => {
    let client: ApiClient;

    before(async () => {
      // The units listen on loopback alone; this one listens towards the test as well.
      await host.run(`mkdir -p /run/systemd/system/rkt-api-tcp.socket.d
printf '[Socket]\\nListenStream=0.0.0.0:15442\\n' >/run/systemd/system/rkt-api-tcp.socket.d/test.conf
systemctl daemon-reload
systemctl start rkt-api-tcp.socket`);
      client = new ApiClient(15442, (await host.lab.found()).address);
    });

    after(() => {
      client.close();
    });

    it("starts with its first client, and tells of pods and images", async () => {
      assert.equal((await host.attempt("systemctl is-active rkt-api.service")).stdout.trim(), "inactive");
      const uuid = await start("shown", "sleep 1000");
      const { pods: running } = await client.ask(
        "ListPods",
        { filters: [{ states: ["POD_STATE_RUNNING"] }] },
        pods,
      );
      assert.deepEqual(
        running.map(({ id, cgroup, apps }) => ({ id, cgroup, apps })),
        [
          {
            id: uuid,
            cgroup: "/system.slice/shown.service",
            apps: [{ name: "busybox", state: "APP_STATE_RUNNING", exit_code: -1 }],
          },
        ],
      );
      assert.match(running[0]?.networks[0]?.ipv4 ?? "", /^172\.16\.28\./);
      assert.equal(String(running[0]?.pid), (await host.run(`rkt status ${uuid}`)).match(/pid=(\d+)/)?.[1]);
      const { images: there } = await client.ask(
        "ListImages",
        { filters: [{ base_names: ["busybox"] }] },
        images,
      );
      assert.deepEqual(there, [{ name: busybox, version: "1.0" }]);
      await host.run(`rkt stop ${uuid} && rkt status --wait=20s ${uuid}`);
      const { pods: ended } = await client.ask("ListPods", { filters: [{ ids: [uuid] }] }, pods);
      assert.deepEqual(
        ended.map(({ state, pid, cgroup }) => ({ state, pid, cgroup })),
        [{ state: "POD_STATE_EXITED", pid: -1, cgroup: "" }],
      );
    });

    it("gives what the journal has of a pod, also while it comes, and leaves no journalctl behind", async () => {
      const uuid = await start("talks", "echo first; echo second; sleep 1000");
      await eventually(
        "both lines",
        async () => {
          assert.deepEqual(await linesOf({ pod_id: uuid }), ["first", "second"]);
        },
        { seconds: 20 },
      );
      assert.deepEqual(await linesOf({ pod_id: uuid, app_name: "busybox", lines: 1 }), ["second"]);
      for await (const lines of client.lines({ pod_id: uuid, follow: true })) {
        assert.equal(lines[0], "first");
        break;
      }
      await eventually(
        "no journalctl",
        async () => {
          assert.equal((await host.attempt("pgrep --full journalctl.*INVOCATION")).stdout, "");
        },
        { seconds: 10 },
      );
      await host.run("systemctl stop talks");
    });

    it("ends when it is told to, with a client connected", async () => {
      await host.run("systemctl stop rkt-api-tcp.socket rkt-api.service");
      assert.equal((await host.attempt("systemctl is-failed rkt-api.service")).stdout.trim(), "inactive");
    });

    async function linesOf(request: object): Promise<readonly string[]> {
      const all: string[] = [];
      for await (const lines of client.lines(request)) all.push(...lines);
      return all;
    }
  });

  describe("rkt-metadata.service", () => {
    const ask = (path: string): string => `wget -q -O - $AC_METADATA_URL/acMetadata/v1/${path}; echo`;
    const all = ["pod/uuid", "apps/busybox/image/id"].map(ask).join("; ");

    it("is missed before anything is made for the pod", async () => {
      const { code, stderr } = await host.attempt(`rkt run --mds-register ${busybox}`);
      assert.equal(code, 254);
      assert.match(stderr, /could not reach the metadata service[\s\S]*systemctl start rkt-metadata\.socket/);
      assert.doesNotMatch(await host.run("rkt list --no-legend"), /embryo|prepar/);
    });

    for (const [flavour, network] of [
      ["oci", "default"],
      ["oci", "host"],
      ["host", "default-restricted"],
      ["fly", "host"],
    ] as const) {
      it(`answers an app of the ${flavour} flavour in the network ${network}`, async () => {
        await host.run("systemctl start rkt-metadata.socket");
        const { stdout, code } = await host.attempt(
          `rkt run --mds-register --net=${network} --stage1-from-dir=stage1-${flavour}.aci --uuid-file-save=/run/asks.uuid ${busybox} --exec=/bin/sh -- -c ${quoted(all)}`,
        );
        assert.equal(code, 0);
        assert.ok(stdout.includes(await host.run("cat /run/asks.uuid")), stdout);
        assert.match(stdout, /sha512-[0-9a-f]{64}/);
      });
    }

    it("knows a pod that runs on through its restart, and no more once it has ended", async () => {
      const seen = new CommandLines();
      seen.start();
      const uuid = await start("knows", "echo $AC_METADATA_URL >/tmp/url; sleep 1000", "--mds-register");
      const url = await host.run(`rkt enter ${uuid} /bin/cat /tmp/url`);
      const { address } = await host.lab.found();
      const status = async (): Promise<string> => {
        const asked = new URL(`${url}/acMetadata/v1/pod/uuid`);
        asked.hostname = address;
        const reply = await fetch(asked, { signal: AbortSignal.timeout(10_000) });
        return reply.ok ? await reply.text() : String(reply.status);
      };
      const token = url.split("/").at(-1) ?? "";
      const lines = await seen.stop();
      assert.match(token, /^[0-9a-f]{32}$/);
      assert.ok(lines.some((line) => line.includes("--mds-register")));
      assert.ok(lines.every((line) => !line.includes(token)));
      assert.equal(await status(), uuid);
      await host.run("systemctl restart rkt-metadata.service");
      await eventually(
        "the pod again",
        async () => {
          assert.equal(await status(), uuid);
        },
        { seconds: 20 },
      );
      assert.equal((await host.attempt(`grep -r ${token} /run/rkt /run/systemd/units`)).stdout, "");
      assert.doesNotMatch(
        await host.run("journalctl --no-pager -u rkt-metadata -u knows"),
        new RegExp(token),
      );
      await host.run(`rkt stop ${uuid} && rkt status --wait=20s ${uuid}`);
      assert.equal(await status(), "401");
    });
  });
});
