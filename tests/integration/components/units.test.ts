/** What systemd of each supported Debian release says about the units. It runs in the lab's base trees. */
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseTree, releases } from "../../../lab/base-tree.ts";
import { labFolders } from "../../../lab/folders.ts";
import { attempt } from "../../../lab/program.ts";
import { examplePlan, nodeNamed } from "../../components/example-cluster.ts";
import { roleStates } from "../../components/role-states.ts";
import { writeUnitTree } from "../../components/unit-tree.ts";

const plan = examplePlan();

for (const release of releases) {
  describe(`systemd of ${release}`, function () {
    this.timeout(300_000);
    let base: string;
    let root: string;

    before(async () => {
      base = await baseTree(release, "nspawn", { folders: labFolders(), progress: () => undefined });
    });

    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), "units-"));
    });

    afterEach(async () => {
      await rm(root, { recursive: true });
    });

    for (const host of ["one", "two"]) {
      it(`verifies every unit of host ${host}`, async () => {
        const units = writeUnitTree(root, Object.values(roleStates(plan, nodeNamed(plan, host))));
        const systemUnits = "usr/lib/systemd/system";
        await cp(join(base, systemUnits), join(root, systemUnits), {
          recursive: true,
          verbatimSymlinks: true,
        });
        // The base tree is shared and stays as it is: the units are seen in it through a mount of this process alone.
        const script =
          'mount --bind "$1" "$2/mnt" && shift && tree=$1 && shift && exec chroot "$tree" systemd-analyze verify --man=no --root=/mnt "$@"';
        const { code, stdout, stderr } = await attempt("unshare", [
          "--mount",
          "sh",
          "-c",
          script,
          "sh",
          root,
          base,
          ...units,
        ]);
        assert.equal(`${stdout}${stderr}`, "");
        assert.equal(code, 0);
      });
    }
  });
}
