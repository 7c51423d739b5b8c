import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Fault } from "../../../errors/fault.ts";
import type { StoredImage } from "../../../engine/store/records.ts";
import type { StoreFolders } from "../../../engine/store/storeFolders.ts";
import { aciOf, facts, importAci, importOci, scratchFolder, storeIn } from "./images.ts";

const engine = join(import.meta.dirname, "../../../engine/main.ts");

/** The fault that something ends with. */
async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    return error;
  }
  return assert.fail("nothing went wrong");
}

/** Everyone's, and root's own copy where there is one. */
function spoilManifest(folders: StoreFolders, id: string, text: string): void {
  writeFileSync(folders.manifest(id), text);
  if (existsSync(folders.vouchedCopy(id))) writeFileSync(folders.vouchedCopy(id), text);
}

describe("a store in which something is damaged", () => {
  const scratch = scratchFolder();

  it("finds all other images, and says of the damaged one what to do", async () => {
    const { store } = await storeIn(scratch());
    await importAci(store, [], { name: "example.com/whole" });
    const damaged = [
      await importAci(store, [], { name: "example.com/damaged" }),
      await importOci(store, [[{ name: "a" }]]),
    ];
    for (const { record } of damaged) spoilManifest(store.folders, record.id, '{"acKind":');
    assert.ok((await store.byName("example.com/whole", new Map())) !== undefined);
    for (const { record } of damaged) {
      for (const asked of [
        store.byId(record.id),
        store.byName(record.name, new Map()),
        store.render(record.id),
      ]) {
        const { details } = await faultOf(asked);
        assert.match(details.what, /^the image in the store is damaged$/);
        assert.equal(details.where, record.id);
        assert.equal(details.remedy, `rkt image rm ${record.id}, and fetch it again`);
      }
    }
  });

  it("removes an image whose manifest cannot be read", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [], { name: "example.com/damaged" });
    spoilManifest(store.folders, record.id, "");
    execFileSync(process.execPath, [engine, `--dir=${scratch()}`, "image", "rm", record.id.slice(0, 20)]);
    assert.deepEqual(await store.list(), []);
  });

  it("takes a record that a power cut left empty for none, and the others as they are", async () => {
    const { store } = await storeIn(scratch());
    const { record } = await importAci(store, [], { name: "example.com/lost" });
    const whole = await importAci(store, [], { name: "example.com/whole" });
    writeFileSync(store.folders.record(record.id), "");
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [whole.record.id],
    );
    assert.equal(await store.byName("example.com/lost", new Map()), undefined);
  });

  const spoils: Readonly<Record<string, (path: string) => void>> = {
    "a changed byte": (path) => {
      const bytes = readFileSync(path);
      bytes[600] = (bytes[600] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
    "a missing end": (path) => {
      truncateSync(path, 700);
    },
    "no byte left": (path) => {
      truncateSync(path, 0);
    },
    "no file left": (path) => {
      rmSync(path);
    },
  };

  for (const [what, spoil] of Object.entries(spoils)) {
    it(`refuses to render an ACI with ${what}, and has it whole when it is fetched again`, async () => {
      const { store } = await storeIn(scratch());
      const bytes = aciOf([{ name: "a", content: "honest" }]);
      const bring = (): Promise<StoredImage> => store.importAci(Readable.from([bytes]), facts);
      const { record } = await bring();
      spoil(store.folders.aci(record.id));
      const { details } = await faultOf(store.render(record.id));
      assert.equal(details.what, "the image in the store is damaged");
      await bring();
      const { rootfs } = await store.render(record.id);
      assert.equal(readFileSync(join(rootfs, "a"), "utf8"), "honest");
    });

    it(`refuses to render an OCI image with ${what} in a layer, and has it whole when it is fetched again`, async () => {
      const { store } = await storeIn(scratch());
      const bring = (): Promise<StoredImage> => importOci(store, [[{ name: "a", content: "honest" }]]);
      const { record } = await bring();
      spoil(store.folders.blob(record.oci?.layers[0]?.digest ?? ""));
      const { details } = await faultOf(store.render(record.id));
      assert.equal(details.what, "the image in the store is damaged");
      await bring();
      const { rootfs } = await store.render(record.id);
      assert.equal(readFileSync(join(rootfs, "a"), "utf8"), "honest");
    });
  }
});

describe("rkt on a disk that takes nothing", function () {
  this.timeout(60_000);
  const scratch = scratchFolder();
  const data = (): string => join(scratch(), "data");
  const image = (): string => join(scratch(), "image.aci");

  /** A shell's words on standard output and error, with `rkt` for the engine on the folder "$data". */
  function onDisk(script: string): string {
    const folders = '--dir="$data" --local-config="$data/etc" --system-config="$data/usr"';
    const rkt = `rkt() { "$node" "$engine" ${folders} "$@" 2>&1; }`;
    const variables = { data: data(), image: image(), node: process.execPath, engine };
    return execFileSync("unshare", ["--mount", "bash", "-uc", `${rkt}\n${script}`], {
      encoding: "utf8",
      env: { ...process.env, ...variables },
    });
  }

  it("goes on showing what a read-only store has, and says of the rest that it is read-only", async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const { store } = await storeIn(data());
    await importAci(store, [], { name: "example.com/there" });
    writeFileSync(image(), aciOf([], { name: "example.com/new" }));
    const said = onDisk(`
      mount --bind "$data" "$data" && mount -o remount,ro,bind "$data"
      rkt image list --no-legend --fields=name
      rkt image cat-manifest example.com/there | grep -c example.com/there
      rkt list --no-legend
      for command in fetch prepare; do rkt --insecure-options=image $command "$image"; echo "= $?"; done
      rkt image rm example.com/there; echo "= $?"
      rkt image export example.com/there /dev/null; echo "= $?"
      rkt gc; echo "= $?"
    `);
    assert.match(said, /^example\.com\/there:1\n1\n/);
    assert.match(said, /^fetch: .*read-only file system\n(?: {2}.*\n)*= 254$/m);
    assert.match(said, /^prepare: .*read-only file system\n(?: {2}.*\n)*= 254$/m);
    assert.match(said, /^rm: error removing image .*read-only file system/m);
    assert.doesNotMatch(said, /defect|EROFS|^\s+at /m);
  });

  it("says that the disk is full when an image comes or a pod is made, and leaves nothing that gc does not clear", function () {
    if (process.geteuid?.() !== 0) this.skip();
    const member = { name: "big", content: Buffer.alloc(3_000_000, "big") };
    mkdirSync(data());
    writeFileSync(image(), aciOf([member], { name: "example.com/big" }));
    const said = onDisk(`
      mount -t tmpfs -o size=16m tmpfs "$data"
      id=$(rkt --insecure-options=image fetch "$image" | tail -1)
      kept=$(rkt prepare --quiet $id --exec=/big | tail -1)
      head -c 32m /dev/zero >"$data/fill" 2>/dev/null
      rkt --insecure-options=image fetch "$image"; echo "fetch = $?"
      rkt prepare --quiet --no-overlay $id --exec=/big; echo "prepare = $?"
      rkt image list --no-legend --fields=name
      rkt list --no-legend --full | grep -c "$kept.*prepared"
      rm "$data/fill"
      # One whose owner was not written yet is left alone for a while.
      find "$data/pods/embryo" -mindepth 1 -exec touch --date='2 days ago' {} +
      rkt gc >/dev/null; rkt image gc >/dev/null
      find "$data/cas/tmp" "$data/pods/prepare" "$data/pods/embryo" -mindepth 1
      test "$(ls "$data/pods/prepared")" = "$kept" && echo kept
      rkt prepare --quiet --no-overlay $id --exec=/big >/dev/null; echo "again = $?"
    `);
    assert.match(said, /^fetch: .*no space left on device\n {2}remedy: .*\nfetch = 254$/m);
    assert.match(said, /^prepare: .*no space left on device(?:\n {2}.*)*\nprepare = 254$/m);
    assert.match(said, /^example\.com\/big:1\n1\nkept\nagain = 0$/m);
    assert.doesNotMatch(said, /defect|ENOSPC|^\s+at /m);
  });
});
