import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { createNspawnHost, deleteNetwork, type LabHost } from "../../../lab/hosts.ts";
import { createNetwork } from "../../../lab/network.ts";
import { isAlive, readKnownProcess, send } from "../../../lab/process.ts";
import { createRegistry, readRegistry, type Registry } from "../../../lab/registry.ts";
import { join } from "node:path";
import { labRange } from "../../support/lab-range.ts";
import { makeScratchLab, type ScratchLab } from "./scratch-lab.ts";

const range = await labRange(`images-${process.pid}`);

describe("the lab's registry", function () {
  // The first run fetches the registry and builds the images.
  this.timeout(300_000);

  let lab: ScratchLab;
  let host: LabHost;
  let registry: Registry;
  const spec = {
    network: "images",
    address: range.gateway,
    port: 5000,
    images: ["nginx", "web", "shell"],
  } as const;

  before(async () => {
    lab = await makeScratchLab("images", ["node", ".registry"]);
    await createNetwork({ name: "images", subnet: range.subnet }, lab.options);
    const one = { name: "node", network: "images", address: range.address(10), release: "trixie" } as const;
    [host, registry] = await Promise.all([
      createNspawnHost(one, lab.options),
      createRegistry(spec, lab.options),
    ]);
  });

  after(() => lab.remove());

  const onHost = async (command: string): Promise<string> => {
    const finished = await lab.ssh(host, command);
    assert.equal(finished.code, 0, finished.stderr);
    return finished.stdout.trim();
  };

  it("serves every image that was asked for, under the reference that was told", async () => {
    assert.deepEqual(Object.keys(registry.images), ["nginx", "web", "shell"]);
    for (const reference of Object.values(registry.images)) {
      const [, repository = "", tag = ""] = /^[^/]+\/([^:]+):(.+)$/.exec(reference) ?? [];
      const url = `${registry.server}/v2/${repository}/manifests/${tag}`;
      const accept = "application/vnd.oci.image.manifest.v1+json";
      assert.match(await onHost(`curl -sf -H 'Accept: ${accept}' ${url}`), /"schemaVersion":2/);
    }
  });

  it("serves an nginx that answers on the port it is told, with a page or with its host's name", async () => {
    const tag = registry.images.nginx?.split(":").at(-1) ?? "";
    // Unpacked by hand: a container runtime is not what is tried here.
    await onHost(`set -eu
      cd /root && mkdir -p image/proc && base=${registry.server}/v2/nginx
      layer=$(curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' $base/manifests/${tag} |
        grep -o '"layers":.*' | grep -o 'sha256:[0-9a-f]*' | head -1)
      curl -sf $base/blobs/$layer -o layer.tar
      test "sha256:$(sha256sum layer.tar | cut -d' ' -f1)" = "$layer"
      tar -xf layer.tar -C image && mount --rbind /dev image/dev && mount -t proc proc image/proc
      systemd-run --quiet -u pages -E NGINX_PORT=8090 chroot /root/image /usr/local/bin/serve-nginx`);
    const retry = "--retry 20 --retry-connrefused --retry-delay 1";
    assert.equal(
      await onHost(`chroot /root/image curl -s ${retry} 127.0.0.1:8090`),
      "The lab's nginx answers.",
    );
    // Only now: the two share a root, and so the file that tells nginx where to listen.
    await onHost(
      "systemd-run --quiet -u names -E NGINX_ANSWER=hostname -E NGINX_PORT=8091 chroot /root/image /usr/local/bin/serve-nginx",
    );
    assert.equal(await onHost(`chroot /root/image curl -s ${retry} 127.0.0.1:8091/any`), "node");
    // Awaited: the line passes through a pipe and the journal.
    await onHost("timeout 30 journalctl -u pages -o cat -f -n all | grep -q -m 1 '\"GET / HTTP/1.1\" 200'");
  });

  it("leaves out what was not asked for", async () => {
    const fewer = await createRegistry({ ...spec, images: ["nginx"] }, lab.options);
    assert.deepEqual(Object.keys(fewer.images), ["nginx"]);
  });

  it("is refused an address that is not the gateway's", async () => {
    await assert.rejects(
      createRegistry({ ...spec, address: "127.0.0.1" }, lab.options),
      /gateway and nowhere else/,
    );
  });

  it("is seen as stopped when it was killed, and comes back with its images", async () => {
    const folder = join(lab.options.folders.state, "images", ".registry");
    for (const name of ["supervisor.pid", "payload.pid"]) {
      const known = await readKnownProcess(join(folder, name));
      assert.ok(known, name);
      send(known.pid, "SIGKILL");
    }
    while ((await readRegistry("images", lab.options.folders))?.running !== false) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await createRegistry(spec, lab.options);
    assert.match(await onHost(`curl -sf ${registry.server}/v2/_catalog`), /"nginx"/);
  });

  it("goes with its network", async () => {
    const folder = join(lab.options.folders.state, "images", ".registry");
    const known = await readKnownProcess(join(folder, "payload.pid"));
    assert.ok(known);
    await deleteNetwork("images", lab.options);
    assert.equal(await isAlive(known), false);
    assert.deepEqual(await readdir(lab.options.folders.state), []);
  });
});
