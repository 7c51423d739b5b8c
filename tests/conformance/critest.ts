/** One run of critest on a bed's host, and what it leaves under build/conformance. */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bed } from "./bed.ts";
import type { Transport } from "./exceptions.ts";
import { readReport, type SpecResult } from "./report.ts";

export interface CritestRun {
  readonly transport: Transport;
  /** A regular expression of specs; all of them without it. */
  readonly focus?: string;
  /** Folder on this machine for the reports. */
  readonly folder: string;
}

/** A spec that hangs must not hang whoever waits for the whole run. */
const deadlineSeconds = 900;
const output = "/opt/conformance/output";

export async function runCritest(bed: Bed, { transport, focus, folder }: CritestRun): Promise<SpecResult[]> {
  const { host, programs, runtime } = bed;
  const words = [
    `${programs}/critest`,
    `--runtime-endpoint=${runtime.endpoint}`,
    `--ginkgo.junit-report=${output}/junit.xml`,
    `--ginkgo.json-report=${output}/report.json`,
    "--ginkgo.no-color",
    `--ginkgo.timeout=${deadlineSeconds - 60}s`,
    ...(focus === undefined ? [] : [`'--ginkgo.focus=${focus}'`]),
    ...(transport === "websocket"
      ? ["--websocket-exec", "--websocket-attach", "--websocket-portforward"]
      : []),
  ];
  const { code } = await host.attempt(`rm -rf ${output} && mkdir -p ${output} && cd ${output} || exit 97
export PATH=${programs}:$PATH
timeout --kill-after=10 ${deadlineSeconds} ${words.join(" ")} >critest.log 2>&1
code=$?
journalctl --no-pager --unit ${runtime.unit} >runtime.log
exit $code`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(await bed.inside(output), folder, { recursive: true });
  const text = await readFile(join(folder, "report.json"), "utf8").catch(() => undefined);
  if (text === undefined) {
    const log = await readFile(join(folder, "critest.log"), "utf8").catch(() => "");
    throw new Error(`critest ended with ${code} and left no report\n${log.slice(-4000)}`);
  }
  return readReport(text);
}

export async function writeTable(folder: string, table: string): Promise<void> {
  await writeFile(join(folder, "table.md"), table);
}
