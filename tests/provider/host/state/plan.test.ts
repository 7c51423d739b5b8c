import assert from "node:assert/strict";
import fc from "fast-check";
import { parseState } from "../../../../provider/host/state/inputs.ts";
import { emptyLedger, type Ledger } from "../../../../provider/host/state/ledger.ts";
import { planChanges, type Plan } from "../../../../provider/host/state/plan.ts";
import type { Survey } from "../../../../provider/host/state/survey.ts";
import { wantedFiles } from "../../../../provider/host/state/wanted.ts";
import type { Properties } from "../../../../provider/protocol/value.ts";
import { found, ledgerOf, surveyOf } from "./survey-of.ts";

function plan(
  parts: Properties,
  survey: Survey = surveyOf({}),
  ledger: Ledger = emptyLedger("role", 1),
): Plan {
  const inputs = { host: "one", role: "role", claim: "c", connection: { address: "192.0.2.1" }, ...parts };
  const state = parseState(inputs);
  return planChanges({ desired: state, files: wantedFiles(state, inputs), survey, ledger });
}

const unit = { sections: { Service: { ExecStart: "/bin/x" }, Install: { WantedBy: "multi-user.target" } } };
const running = (parts: Record<string, string> = {}) => ({
  Id: "x.service",
  LoadState: "loaded",
  ActiveState: "active",
  UnitFileState: "enabled",
  Type: "simple",
  ...parts,
});

describe("a plan", () => {
  it("records as created what is not there, and backs up what is", () => {
    const files = { "/etc/a": { content: "a" }, "/etc/b": { content: "b" } };
    const { during, backups } = plan({ files }, surveyOf({ paths: new Map([["/etc/b", found("file")]]) }));
    assert.deepEqual(during.files, { "/etc/a": { created: true }, "/etc/b": { created: false } });
    assert.deepEqual(backups, ["/etc/b"]);
  });

  it("backs nothing up twice: what lies there the second time is ours", () => {
    const ledger = ledgerOf("role", { files: { "/etc/b": { created: false } } });
    const survey = surveyOf({
      paths: new Map([["/etc/b", found("file")]]),
      hashes: new Map([["/etc/b", "other"]]),
    });
    const planned = plan({ files: { "/etc/b": { content: "b" } } }, survey, ledger);
    assert.deepEqual(planned.backups, []);
    assert.deepEqual(
      planned.files.map(({ path }) => path),
      ["/etc/b"],
    );
  });

  it("makes the directories above, and takes them away again only when nothing of ours is below", () => {
    const files = { "/srv/one/two/three": { content: "" } };
    const survey = surveyOf({ paths: new Map([["/srv", found("directory")]]) });
    const planned = plan({ files }, survey);
    assert.deepEqual(
      planned.directories.map(({ path }) => path),
      ["/srv/one", "/srv/one/two"],
    );
    const later = surveyOf({
      paths: new Map(["/srv", "/srv/one", "/srv/one/two"].map((path) => [path, found("directory")])),
    });
    const kept = plan({ files: { "/srv/one/four": { content: "" } } }, later, planned.after);
    assert.deepEqual(
      kept.removed.directories.map(({ path }) => path),
      ["/srv/one/two"],
    );
    const gone = plan({}, later, planned.after);
    assert.deepEqual(
      gone.removed.directories.map(({ path }) => path),
      ["/srv/one/two", "/srv/one"],
    );
  });

  it("keeps what another role holds, and hands over what was there before any of us", () => {
    const other = ledgerOf("other", {
      files: { "/etc/shared": { created: false } },
      users: { app: { created: true, groupCreated: true } },
      sysctls: { "net.ipv4.ip_forward": "0" },
    });
    const survey = surveyOf({
      ledgers: new Map([["other", other]]),
      paths: new Map([["/etc/shared", found("file")]]),
      users: new Map([["app", { home: "/nonexistent", shell: "/usr/sbin/nologin", groups: [] }]]),
      groups: new Set(["app"]),
      sysctls: new Map([["net.ipv4.ip_forward", "1"]]),
    });
    const parts = {
      files: { "/etc/shared": { content: "s" } },
      users: { app: {} },
      sysctls: { "net.ipv4.ip_forward": "1" },
    };
    const { during, backups } = plan(parts, survey);
    assert.deepEqual(backups, []);
    assert.deepEqual(during.files["/etc/shared"], { created: false });
    assert.equal(during.users["app"]?.created, true);
    assert.equal(during.sysctls["net.ipv4.ip_forward"], "0");
    const { removed } = plan({}, survey, during);
    // Only the settings' own file is this role's alone.
    const own = { path: "/etc/sysctl.d/90-rktnetes-role.conf", restore: false };
    assert.deepEqual([removed.files, removed.users, removed.sysctls], [[own], [], []]);
    const last = plan({}, surveyOf({ ...survey, ledgers: new Map() }), during).removed;
    assert.deepEqual(last.files, [{ path: "/etc/shared", restore: true }, own]);
    assert.deepEqual(
      last.users.map(({ name }) => name),
      ["app"],
    );
    assert.deepEqual(last.sysctls, [{ key: "net.ipv4.ip_forward", value: "0" }]);
  });

  it("shares the duty to purge packages, and purges only what nobody needs any more", () => {
    const mine = ledgerOf("role", { requested: ["crun", "socat"], installed: ["crun", "socat", "libyajl2"] });
    const other = ledgerOf("other", { requested: ["crun"], installed: ["crun", "socat", "libyajl2"] });
    const shared = surveyOf({ ledgers: new Map([["other", other]]) });
    assert.deepEqual(plan({}, shared, mine).removed.packages, []);
    assert.deepEqual(plan({}, surveyOf({}), mine).removed.packages, ["crun", "socat", "libyajl2"]);
    assert.deepEqual(plan({ packages: { crun: "" } }, surveyOf({}), mine).removed.droppedPackages, ["socat"]);
  });

  it("starts a new unit without having systemd load all units anew", () => {
    const { units } = plan({ units: { "x.service": unit } }, surveyOf({}));
    assert.deepEqual(units, {
      reload: false,
      enable: ["x.service"],
      disable: [],
      restart: ["x.service"],
      start: [],
      stop: [],
    });
  });

  it("leaves a running unit alone, whatever else changes", () => {
    const first = plan({ units: { "x.service": unit } });
    const wanted = first.files[0]?.wanted;
    assert.ok(wanted?.kind === "content");
    const survey = surveyOf({
      paths: new Map([["/etc/systemd/system/x.service", found("file")]]),
      hashes: new Map([["/etc/systemd/system/x.service", wanted.sha256]]),
      units: new Map([["x.service", running()]]),
    });
    const parts = { units: { "x.service": unit }, files: { "/etc/new": { content: "" } } };
    const { units } = plan(parts, survey, first.after);
    assert.deepEqual([units.restart, units.start, units.enable], [[], [], []]);
    const stopped = surveyOf({
      ...survey,
      units: new Map([["x.service", running({ ActiveState: "inactive" })]]),
    });
    assert.deepEqual(plan(parts, stopped, first.after).units.start, ["x.service"]);
  });

  it("restarts for a file that the unit watches, and remembers it until it has happened", () => {
    const watching = { ...unit, restartOn: ["/etc/x.conf"] };
    const parts = { units: { "x.service": watching }, files: { "/etc/x.conf": { content: "2" } } };
    const first = plan(parts);
    const installed = new Map(
      first.files.map(({ path, wanted }) => [path, wanted.kind === "content" ? wanted.sha256 : ""]),
    );
    const survey = (hashes: ReadonlyMap<string, string>): Survey =>
      surveyOf({
        paths: new Map([...installed.keys()].map((path) => [path, found("file")])),
        hashes,
        units: new Map([["x.service", running()]]),
      });
    const old = new Map([...installed, ["/etc/x.conf", "old"]]);
    const changing = plan(parts, survey(old), first.after);
    assert.deepEqual(changing.units.restart, ["x.service"]);
    assert.deepEqual(changing.during.restart, ["x.service"]);
    // Killed between the file and the restart: the file is in place, and the ledger still says what is due.
    assert.deepEqual(plan(parts, survey(installed), changing.during).units.restart, ["x.service"]);
    assert.deepEqual(plan(parts, survey(installed), changing.after).units.restart, []);
  });

  it("runs a oneshot that this role has never run, and not again", () => {
    const once = { sections: { Service: { Type: "oneshot", ExecStart: "/bin/x" } }, state: "ran" };
    const first = plan({ units: { "x.service": once } });
    assert.deepEqual(first.units.restart, ["x.service"]);
    const wanted = first.files[0]?.wanted;
    assert.ok(wanted?.kind === "content");
    const survey = surveyOf({
      paths: new Map([["/etc/systemd/system/x.service", found("file")]]),
      hashes: new Map([["/etc/systemd/system/x.service", wanted.sha256]]),
      units: new Map([["x.service", running({ ActiveState: "inactive", Type: "oneshot" })]]),
    });
    assert.deepEqual(plan({ units: { "x.service": once } }, survey, first.after).units.restart, []);
  });

  it("takes away drop-ins that nobody declared, and keeps those of any role", () => {
    const dropIns = [
      "/etc/systemd/system/x.service.d/hand.conf",
      "/etc/systemd/system/x.service.d/ours.conf",
      "/etc/systemd/system/x.service.d/theirs.conf",
    ];
    const other = ledgerOf("other", {
      files: { "/etc/systemd/system/x.service.d/theirs.conf": { created: true } },
    });
    const survey = surveyOf({
      dropIns,
      ledgers: new Map([["other", other]]),
      units: new Map([["x.service", running()]]),
    });
    const files = { "/etc/systemd/system/x.service.d/ours.conf": { content: "[Service]\n" } };
    const planned = plan({ units: { "x.service": unit }, files }, survey);
    assert.deepEqual(planned.dropIns, ["/etc/systemd/system/x.service.d/hand.conf"]);
    assert.equal(planned.units.reload, true);
  });

  it("brings a unit of the host's own back to how it was", () => {
    const survey = surveyOf({
      units: new Map([["x.service", running({ UnitFileState: "disabled", ActiveState: "inactive" })]]),
    });
    const taken = plan({ units: { "x.service": {} } }, survey);
    assert.deepEqual(taken.units.enable, ["x.service"]);
    assert.deepEqual(plan({}, survey, taken.after).removed.restoredUnits, [
      { name: "x.service", enabled: false, active: false },
    ]);
  });

  it("never forgets in the middle what it knew before or will know after", () => {
    const path = fc.constantFrom("/etc/a", "/etc/b", "/srv/x/c", "/srv/x/y/d");
    const some = fc.uniqueArray(path);
    fc.assert(
      fc.property(some, some, (before, after) => {
        const files = (paths: readonly string[]): Properties =>
          Object.fromEntries(paths.map((each) => [each, { content: each }]));
        const first = plan({ files: files(before) });
        const second = plan({ files: files(after) }, surveyOf({}), first.after);
        for (const each of [...before, ...after]) assert.ok(Object.hasOwn(second.during.files, each));
        const removed = second.removed.files.map((file) => file.path);
        assert.deepEqual(removed.sort(), before.filter((each) => !after.includes(each)).sort());
        assert.deepEqual(Object.keys(second.after.files).sort(), [...after].sort());
      }),
    );
  });
});
