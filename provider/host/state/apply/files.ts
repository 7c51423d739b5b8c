/** Puts files into their places: uploaded under their hash, then renamed into place with mode and owner set. */
import { BIG, BLOBS, backupOf, stagedName, stagingOf } from "../../layout.ts";
import { sh } from "../../remote/quote.ts";
import { upload, type Upload } from "../../remote/upload.ts";
import type { HostWork } from "../../remote/work.ts";
import type { Plan, Removal } from "../plan.ts";
import type { WantedContent } from "../wanted.ts";
import { counted } from "./accounts.ts";

/** Brings the bytes to the host, and puts them into their places. */
export async function bringFiles(work: HostWork, role: string, files: Plan["files"]): Promise<void> {
  const contents = files.flatMap(({ wanted }) => (wanted.kind === "content" ? [wanted] : []));
  const small = distinct(contents.filter((content) => content.size < BIG));
  const big = distinct(contents.filter((content) => content.size >= BIG));
  const names = big.map((content) => content.sha256);
  const bring = async (): Promise<void> => {
    if (small.length > 0) {
      work.progress(`uploads ${counted(small.length, "small file", "small files")}`);
      await upload(work, small, stagingOf(role));
    }
    for (const content of big) await bringBlob(work, content);
    await placeFiles(work, role, files);
  };
  // What shares its bytes with an installed file stays; a mere copy would only take room.
  await work.session.blobUses.during(names, bring, async (unused) => {
    const paths = unused.map((name) => `${BLOBS}/${name}`);
    await work.step("clears what was only copied", sh`find ${paths} -links 1 -delete 2>/dev/null || :`);
  });
}

/** Each big file on its own, so that a cut connection costs no more than the one under way. */
async function bringBlob(work: HostWork, content: WantedContent): Promise<void> {
  const { sha256, size } = content;
  await work.session.blobUses.uploading(sha256, async () => {
    const found = await work.step(
      "looks for what was uploaded before",
      sh`if [ -e ${`${BLOBS}/${sha256}`} ]; then sha256sum -- ${`${BLOBS}/${sha256}`}; fi`,
    );
    if (found.stdout.toString("utf8").startsWith(sha256)) return;
    work.progress(`uploads ${(size / BIG).toFixed(0)} MiB`);
    await upload(work, [content], BLOBS);
  });
}

async function placeFiles(work: HostWork, role: string, files: Plan["files"]): Promise<void> {
  if (files.length === 0) return;
  const orders = files.map(({ path, wanted }) => {
    const staged = stagedName(path);
    if (wanted.kind === "link") return ["link", path, staged, wanted.target, "", "", ""];
    const { sha256, mode, owner, group } = wanted;
    const big = wanted.size >= BIG;
    const blob = big ? `${BLOBS}/${sha256}` : `${stagingOf(role)}/${sha256}`;
    return [big ? "share" : "copy", path, staged, blob, mode, owner, group];
  });
  const script = [sh`printf '%s\\0' ${orders.flat()} | perl -e ${PLACE}`, sh`rm -rf -- ${stagingOf(role)}`];
  await work.step(`writes ${counted(files.length, "file", "files")}`, script.join("\n"), {
    remedy:
      "owners must be users of the host or of the role; a directory in a file's place must be moved away",
  });
}

/**
 * Places files in one process. Each is complete, with mode and owner, before it is renamed into its place. A
 * big blob becomes the file itself, under a second name, unless another file shares it already or it lies on
 * another file system: no second copy on the disk.
 */
const PLACE = String.raw`use strict; use warnings;
local $/ = "\0";
my @orders = <STDIN>; chomp @orders;
sub copy {
  my ($from, $to) = @_;
  open(my $in, "<:raw", $from) or die "$from: $!\n";
  open(my $out, ">:raw", $to) or die "$to: $!\n";
  chmod 0600, $out;
  local $/ = \1048576;
  while (defined(my $part = <$in>)) { print $out $part or die "$to: $!\n" }
  close($out) or die "$to: $!\n";
}
while (my ($kind, $path, $staged, $from, $mode, $owner, $group) = splice(@orders, 0, 7)) {
  unlink $staged;
  if ($kind eq "link") {
    symlink($from, $staged) or die "$path: $!\n";
  } else {
    my $uid = getpwnam($owner); defined $uid or die "$path: there is no user $owner\n";
    my $gid = getgrnam($group); defined $gid or die "$path: there is no group $group\n";
    my $links = (stat $from)[3]; defined $links or die "$from: $!\n";
    unless ($kind eq "share" and $links == 1 and link($from, $staged)) { copy($from, $staged) }
    chown($uid, $gid, $staged) == 1 or die "$path: $!\n";
    chmod(oct $mode, $staged) == 1 or die "$path: $!\n";
  }
  rename($staged, $path) or die "$path: $!\n";
}`;

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

/** Clears big blobs that no installed file shares any more, but for those about to be installed. */
export function sweepBlobsScript(inUse: readonly string[]): string {
  const kept = inUse.flatMap((name) => ["!", "-name", name]);
  return sh`if [ -d ${BLOBS} ]; then find ${BLOBS} -maxdepth 1 -type f -links 1 ${kept} -delete; fi`;
}

function distinct(contents: readonly WantedContent[]): Upload[] & WantedContent[] {
  return [...new Map(contents.map((content) => [content.sha256, content])).values()];
}
