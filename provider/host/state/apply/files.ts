/** Puts files into their places: uploaded under their hash, then renamed into place with mode and owner set. */
import { BIG, BLOBS, backupOf, stagedName, stagingOf } from "../../layout.ts";
import { sh } from "../../remote/quote.ts";
import { upload, type Upload } from "../../remote/upload.ts";
import type { HostWork } from "../../remote/work.ts";
import type { Plan, Removal } from "../plan.ts";
import type { WantedContent } from "../wanted.ts";
import { counted } from "./accounts.ts";

/** Brings the bytes to the host. Nothing is in its place yet. */
export async function uploadFiles(work: HostWork, role: string, files: Plan["files"]): Promise<void> {
  const contents = files.flatMap(({ wanted }) => (wanted.kind === "content" ? [wanted] : []));
  const small = distinct(contents.filter((content) => content.size < BIG));
  const big = distinct(contents.filter((content) => content.size >= BIG));
  const present = await presentBlobs(work, big);
  const missing = big.filter((content) => !present.has(content.sha256));
  if (small.length > 0) {
    work.progress(`uploads ${counted(small.length, "small file", "small files")}`);
    await upload(work, small, stagingOf(role));
  }
  // Each big one on its own, so that a cut connection costs no more than the one under way.
  for (const content of missing) {
    work.progress(`uploads ${(content.size / BIG).toFixed(0)} MiB`);
    await upload(work, [content], BLOBS);
  }
}

export async function placeFiles(work: HostWork, role: string, files: Plan["files"]): Promise<void> {
  if (files.length === 0) return;
  const script = files.map(({ path, wanted }) => {
    const staged = stagedName(path);
    if (wanted.kind === "link")
      return sh`ln -sfnT -- ${wanted.target} ${staged}; mv -fT -- ${staged} ${path}`;
    const { sha256, mode, owner, group } = wanted;
    if (wanted.size < BIG) {
      const blob = `${stagingOf(role)}/${sha256}`;
      return sh`install -T -m ${mode} -o ${owner} -g ${group} -- ${blob} ${staged}; mv -fT -- ${staged} ${path}`;
    }
    const blob = `${BLOBS}/${sha256}`;
    // The blob is the installed file's other name: no second copy of a big file lies on the disk.
    return sh`rm -f -- ${staged}
if [ "$(stat -c %h ${blob})" -gt 1 ] || ! ln -T -- ${blob} ${staged} 2>/dev/null; then cp -T --reflink=auto -- ${blob} ${staged}; fi
chown ${`${owner}:${group}`} ${staged}; chmod ${mode} ${staged}; mv -fT -- ${staged} ${path}`;
  });
  script.push(sh`rm -rf -- ${stagingOf(role)}`);
  await work.step(`writes ${counted(files.length, "file", "files")}`, script.join("\n"), {
    remedy:
      "owners must be users of the host or of the role; a directory in a file's place must be moved away",
  });
}

/** Takes files away, and puts back what was there before. */
export function removeFilesScript(files: Removal["files"]): string[] {
  return files.flatMap(({ path, restore }) => {
    const staged = stagedName(path);
    if (!restore) return [sh`rm -f -- ${path} ${staged}`];
    const copy = backupOf(path);
    return [
      sh`if [ -e ${copy} ] || [ -L ${copy} ]; then rm -rf -- ${staged}; cp -aT -- ${copy} ${staged}; mv -fT -- ${staged} ${path}; rm -rf -- ${copy}; fi`,
    ];
  });
}

/** Big blobs that no installed file shares any more. */
export const SWEEP_BLOBS = sh`if [ -d ${BLOBS} ]; then find ${BLOBS} -maxdepth 1 -type f -links 1 -delete; fi`;

async function presentBlobs(work: HostWork, contents: readonly WantedContent[]): Promise<Set<string>> {
  if (contents.length === 0) return new Set();
  const found = await work.step(
    "looks for what was uploaded before",
    sh`mkdir -p -m 0700 ${BLOBS}; cd ${BLOBS}; sha256sum -- ${contents.map((content) => content.sha256)} 2>/dev/null || :`,
  );
  const whole = found.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.split(/\s+/))
    .flatMap(([sum, name]) => (sum !== undefined && sum === name ? [sum] : []));
  return new Set(whole);
}

function distinct(contents: readonly WantedContent[]): Upload[] & WantedContent[] {
  return [...new Map(contents.map((content) => [content.sha256, content])).values()];
}
