import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unitMistakes } from "../../provider/host/unit-text.ts";
import { examplePlan, nodeNamed } from "./example-cluster.ts";
import { plainSections } from "./rendered-state.ts";
import { roleStates } from "./role-states.ts";
import { writeUnitTree } from "./unit-tree.ts";

const SYSTEM_UNITS = "/usr/lib/systemd/system";
const plan = examplePlan();

describe("the units of a host", function () {
  this.timeout(120_000);
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "units-"));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  for (const host of ["one", "two"]) {
    const states = Object.values(roleStates(plan, nodeNamed(plan, host)));

    it(`can be written as unit files: ${host}`, () => {
      for (const unit of states.flatMap((state) => Object.values(state.units ?? {}))) {
        assert.deepEqual(unitMistakes(plainSections(unit.sections ?? {})), []);
      }
    });

    // Debian's own release is asked by the integration tests; this one tells sooner, where systemd is at hand.
    it(`pass systemd-analyze verify: ${host}`, function () {
      if (!existsSync(SYSTEM_UNITS) || spawnSync("systemd-analyze", ["--version"]).status !== 0) this.skip();
      const units = writeUnitTree(root, states);
      assert.ok(units.length > 4);
      assert.equal(verify(root, units), "");
    });
  }

  it("would not pass with a directive that systemd does not know", function () {
    if (!existsSync(SYSTEM_UNITS) || spawnSync("systemd-analyze", ["--version"]).status !== 0) this.skip();
    const units = writeUnitTree(root, Object.values(roleStates(plan, nodeNamed(plan, "one"))));
    const file = join(root, "etc/systemd/system/etcd.service");
    writeFileSync(file, readFileSync(file, "utf8").replace("[Service]", "[Service]\nRestartSecs=2"));
    assert.match(verify(root, units), /Unknown key (name )?'RestartSecs'/);
  });
});

/** What systemd-analyze has to say; nothing when all is well. */
function verify(root: string, units: readonly string[]): string {
  cpSync(SYSTEM_UNITS, join(root, SYSTEM_UNITS), { recursive: true, verbatimSymlinks: true });
  const { status, stdout, stderr } = spawnSync(
    "systemd-analyze",
    ["verify", "--man=no", `--root=${root}`, ...units],
    { encoding: "utf8", env: { ...process.env, SYSTEMD_LOG_LEVEL: "warning" } },
  );
  return `${stdout}${stderr}${status === 0 ? "" : `exit status ${status}`}`;
}
