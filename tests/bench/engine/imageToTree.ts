/**
 * From a signed ACI to a tree that can run: verification, import and rendering against `gpg --verify` and `tar -x`, turn
 * by turn in one run. `node tests/bench/engine/imageToTree.ts [megabytes] [rounds] [folder]`; prints JSON.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Report } from "../../../engine/context.ts";

const imageName = "example.com/bench";

interface Material {
  readonly aci: string;
  readonly signature: string;
  readonly gpgHome: string;
  readonly local: string;
}

if (process.argv[2] === "--engine") {
  await verifyImportRender(process.argv.slice(3));
} else {
  compare(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 5), process.argv[4] ?? tmpdir());
}

function compare(megabytes: number, rounds: number, base: string): void {
  const folder = mkdtempSync(join(base, "rktnetes-bench-"));
  try {
    const material = prepare(folder, megabytes);
    const figures = { peer: [] as number[], engine: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      figures.peer.push(
        timed(join(folder, "peer"), (place) => {
          gpgAndTar(material, place);
        }),
      );
      figures.engine.push(
        timed(join(folder, "engine"), (place) => {
          engine(material, place);
        }),
      );
    }
    const [peer, ours] = [median(figures.peer), median(figures.engine)];
    const ratio = Number((ours / peer).toFixed(2));
    console.log(JSON.stringify({ megabytes, rounds, milliseconds: { peer, engine: ours }, ratio, figures }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of many sizes, half as random as they look, so that gzip has about as much to do as with programs. */
function prepare(folder: string, megabytes: number): Material {
  const rootfs = join(folder, "image", "rootfs");
  const noise = randomBytes(1024 * 1024);
  let left = megabytes * 1024 * 1024;
  for (let count = 0; left > 0; count++) {
    const directory = join(rootfs, `dir${count % 50}`);
    mkdirSync(directory, { recursive: true });
    const size = Math.min(left, 1000 + ((count * 7919) % 1000) * 120);
    const start = (count * 104_729) % (noise.length / 2);
    writeFileSync(
      join(directory, `file${count}`),
      noise
        .subarray(start, start + size)
        .toString("hex")
        .slice(0, size),
    );
    left -= size;
  }
  writeFileSync(
    join(folder, "image", "manifest"),
    JSON.stringify({ acKind: "ImageManifest", acVersion: "0.8.11", name: imageName }),
  );
  const aci = join(folder, "image.aci");
  execFileSync("tar", ["-C", join(folder, "image"), "-czf", aci, "manifest", "rootfs"]);
  rmSync(join(folder, "image"), { recursive: true });
  const gpgHome = join(folder, "gpg");
  mkdirSync(gpgHome, { mode: 0o700 });
  gpg(gpgHome, "--passphrase", "", "--quick-generate-key", "Bench <bench@example.com>", "rsa3072", "sign");
  gpg(gpgHome, "--armor", "--detach-sign", "--output", `${aci}.asc`, aci);
  const local = join(folder, "local");
  mkdirSync(join(local, "trustedkeys", "root.d"), { recursive: true });
  const key = gpg(gpgHome, "--armor", "--export");
  writeFileSync(join(local, "trustedkeys", "root.d", "bench"), key);
  return { aci, signature: `${aci}.asc`, gpgHome, local };
}

function gpg(home: string, ...args: readonly string[]): Buffer {
  return execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function gpgAndTar(material: Material, place: string): void {
  gpg(material.gpgHome, "--verify", material.signature, material.aci);
  mkdirSync(place);
  execFileSync("tar", ["-C", place, "-xzf", material.aci]);
}

function engine(material: Material, place: string): void {
  const { aci, signature, local } = material;
  const self = fileURLToPath(import.meta.url);
  const { status } = spawnSync(process.execPath, [self, "--engine", aci, signature, local, place], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`the engine's part ended with ${String(status)}`);
}

async function verifyImportRender([
  aci = "",
  signature = "",
  local = "",
  data = "",
]: readonly string[]): Promise<void> {
  const { openTrustStore } = await import("../../../engine/trust/openTrustStore.ts");
  const { openStore } = await import("../../../engine/store/openStore.ts");
  const silent = (): void => undefined;
  const report: Report = { line: silent, warn: silent, debug: silent, progress: silent };
  const trust = await openTrustStore({ system: join(local, "none"), local }, report);
  const store = await openStore({ folders: { data }, report });
  const began = performance.now();
  const { identity, key } = await trust.verifyDetached(imageName, bytesOf(aci), readFileSync(signature));
  const verified = performance.now();
  const { record } = await store.importAci(bytesOf(aci), {
    latest: true,
    verification: { by: "openpgp", fingerprint: key, identity },
  });
  const imported = performance.now();
  await store.render(record.id);
  const rendered = performance.now();
  if (process.env["BENCH_STEPS"] !== undefined) {
    const steps = { verify: verified - began, import: imported - verified, render: rendered - imported };
    writeFileSync(2, `${JSON.stringify(steps)}\n`);
  }
}

function bytesOf(path: string): ReturnType<typeof createReadStream> {
  return createReadStream(path, { highWaterMark: 1024 * 1024 });
}

/** Milliseconds that work takes which fills a new folder; what earlier work left to be written does not count. */
function timed(place: string, work: (place: string) => void): number {
  rmSync(place, { recursive: true, force: true });
  execFileSync("sync");
  const began = performance.now();
  work(place);
  const took = Math.round(performance.now() - began);
  rmSync(place, { recursive: true, force: true });
  return took;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? NaN;
}
