/** Brings bytes to a host: on a channel's stdin, under the name of their hash, checked when they arrive. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Fault } from "../../../errors/fault.ts";
import { BLOBS } from "../layout.ts";
import { ConnectionLost, type Channel } from "./channel.ts";
import { sh } from "./quote.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";
import { isDiskFull, tail, type HostWork } from "./work.ts";

export interface Upload {
  readonly sha256: string;
  readonly size: number;
  readonly from: { readonly bytes: Buffer } | { readonly path: string };
}

const CHUNK = 256 * 1024;
/** Big uploads say how far they are, no more often than this. */
const PROGRESS_MILLISECONDS = 1000;

/** Exit code of the receiver when what arrived is not what was announced. */
const DAMAGED = 65;

/**
 * Unpacks a tar from standard input into a fresh directory, checks each file against the hash that is its
 * name, and moves all into the target directory. What was cut off leaves nothing behind.
 */
function receiver(target: string): string {
  return sh`{ set -euo pipefail; export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin; umask 077
mkdir -p -- ${BLOBS} ${target}
t=$(mktemp -d ${BLOBS}/.in-XXXXXX)
trap 'rm -rf -- "$t"' EXIT
tar -x --touch --no-same-owner -C "$t"
cd "$t"
while IFS= read -r -d '' line; do
  if [ "\${line:0:64}" != "\${line:66}" ]; then printf 'damaged: %s arrived as %s\\n' "\${line:66}" "\${line:0:64}" >&2; exit ${DAMAGED}; fi
done < <(sha256sum -z -- *)
mv -f -- * ${target}/
exit 0; }
`;
}

/** Uploads some files into a directory on the host, as one stream. */
export async function upload(work: HostWork, uploads: readonly Upload[], target: string): Promise<void> {
  if (uploads.length === 0) return;
  work.signal.throwIfAborted();
  const channel = await work.session.openShell();
  let said = "";
  channel.onStderr((chunk) => {
    said += chunk.toString("utf8");
  });
  channel.onStdout(() => undefined);
  try {
    await Promise.race([send(work, channel, uploads, target), channel.closed]);
  } catch (error) {
    channel.close();
    // The receiver's own words tell more than the broken pipe that they caused.
    const exit = await channel.closed;
    if (error instanceof Fault) throw error;
    if (exit.code === undefined || exit.code === 0)
      throw new ConnectionLost(error instanceof Error ? error : undefined);
  }
  const exit = await channel.closed;
  if (exit.code === 0) return;
  if (exit.code === undefined) throw new ConnectionLost(undefined);
  throw uploadFault(work, uploads, exit.code, said);
}

async function send(
  work: HostWork,
  channel: Channel,
  uploads: readonly Upload[],
  target: string,
): Promise<void> {
  const total = uploads.reduce((sum, { size }) => sum + size, 0);
  const meter = new Meter(work, total);
  await channel.write(receiver(target));
  // Small files travel together, so that they do not wait for each other's acknowledgement.
  let gathered: Buffer[] = [];
  let gatheredSize = 0;
  const put = async (chunk: Buffer): Promise<void> => {
    gathered.push(chunk);
    gatheredSize += chunk.length;
    if (gatheredSize < CHUNK) return;
    const whole = Buffer.concat(gathered);
    gathered = [];
    gatheredSize = 0;
    await channel.write(whole);
  };
  for (const item of uploads) {
    await put(tarHeader(item.sha256, item.size));
    if ("bytes" in item.from) await put(item.from.bytes);
    else await sendFile(work, item, item.from.path, put, meter);
    await put(tarPadding(item.size));
  }
  gathered.push(TAR_END);
  await channel.write(Buffer.concat(gathered));
  channel.end();
}

async function sendFile(
  work: HostWork,
  item: Upload,
  path: string,
  put: (chunk: Buffer) => Promise<void>,
  meter: Meter,
): Promise<void> {
  const hash = createHash("sha256");
  await checkSize(work, item, path);
  for await (const read of createReadStream(path, {
    highWaterMark: CHUNK,
    end: Math.max(0, item.size - 1),
  })) {
    if (!Buffer.isBuffer(read)) throw new Error(`${path} was not read as bytes`);
    work.signal.throwIfAborted();
    hash.update(read);
    await put(read);
    meter.add(read.length);
  }
  const sum = hash.digest("hex");
  if (sum !== item.sha256) throw changedFault(work, path, `sha256 ${sum}`, `sha256 ${item.sha256}`);
}

async function checkSize(work: HostWork, item: Upload, path: string): Promise<void> {
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (error) {
    throw new Fault({
      what: "a file to be uploaded cannot be read on this machine",
      where: `${work.host}: ${path}`,
      cause: error,
      remedy: "build or fetch it again (make tools), then run again",
    });
  }
  if (size !== item.size) throw changedFault(work, path, `${size} bytes`, `${item.size} bytes`);
}

function changedFault(work: HostWork, path: string, got: string, allowed: string): Fault {
  return new Fault({
    what: "a file on this machine is not the one that was planned with",
    where: `${work.host}: ${path}`,
    got,
    allowed,
    remedy:
      "run again, so that the plan sees the file as it is now; if its hash is pinned, find out who changed it",
  });
}

function uploadFault(work: HostWork, uploads: readonly Upload[], code: number, said: string): Fault {
  const bytes = uploads.reduce((sum, { size }) => sum + size, 0);
  const full = isDiskFull(said);
  const files = uploads.length === 1 ? "one file" : `${uploads.length} files`;
  return new Fault({
    what:
      code === DAMAGED
        ? "an upload arrived damaged"
        : `uploading ${files} (${mebibytes(bytes)} MiB) failed${full ? ": the disk is full" : ""}`,
    where: `${work.host}: ${BLOBS}`,
    got: `exit code ${code}`,
    cause: work.redactor.clean(tail(said, 4)),
    remedy: full
      ? `make room on the host (df -h /var/lib; journalctl --vacuum-size=100M; apt-get clean): ${mebibytes(bytes)} MiB are needed there, then run again`
      : "run again: what has arrived is not sent twice",
  });
}

function mebibytes(bytes: number): string {
  return (bytes / (1024 * 1024)).toFixed(1);
}

class Meter {
  readonly #work: HostWork;
  readonly #total: number;
  #sent = 0;
  #said = Date.now();

  constructor(work: HostWork, total: number) {
    this.#work = work;
    this.#total = total;
  }

  add(bytes: number): void {
    this.#sent += bytes;
    if (Date.now() - this.#said < PROGRESS_MILLISECONDS) return;
    this.#said = Date.now();
    this.#work.progress(`uploads, ${mebibytes(this.#sent)} of ${mebibytes(this.#total)} MiB`);
  }
}
