import { spawn } from "node:child_process";
import { journalOf } from "../pods/journal.ts";
import { viewPod } from "../pods/podView.ts";
import { podOfId } from "./podReply.ts";
import { Refusal } from "./refusal.ts";
import type { LogsRequest } from "./requests.ts";

/** A line is cut here: the journal's own are shorter. */
const LONGEST_LINE = 1 << 20;

/** The words for journalctl that show what a pod has said. Throws a Refusal where the journal does not have it. */
export function journalWords(data: string, request: LogsRequest): readonly string[] {
  const pod = podOfId(data, request.podId);
  const { apps, createdAt } = viewPod(pod);
  const { appName, lines, sinceTime, untilTime } = request;
  if (appName !== "" && !apps.some(({ name }) => name === appName)) {
    throw new Refusal("not found", `pod ${pod.uuid} has no app ${JSON.stringify(appName)}`);
  }
  if (appName !== "" && apps.length > 1) {
    throw new Refusal(
      "unsupported",
      `the apps of pod ${pod.uuid} share their output: ask for the pod's, without an app's name`,
    );
  }
  if (lines < 0) throw new Refusal("invalid", `${lines} lines are none`);
  const run = journalOf(pod.folder);
  if (run === undefined) {
    throw new Refusal(
      "unsupported",
      `logging unsupported for pod "${pod.uuid}": it was not started by a service of systemd, so its output went to whoever started it`,
    );
  }
  const created = BigInt(Math.floor((createdAt ?? 0) / 1000));
  return [
    ...["--no-pager", "--quiet", "--output=cat"],
    `--since=@${sinceTime > created ? sinceTime : created}`,
    ...(untilTime > 0n ? [`--until=@${untilTime}`] : []),
    ...(lines > 0 ? [`--lines=${lines}`] : request.follow ? ["--no-tail"] : []),
    ...(request.follow ? ["--follow"] : []),
    // What systemd itself says of the service has no such field.
    `_SYSTEMD_INVOCATION_ID=${run}`,
  ];
}

/** What journalctl shows, some lines at a time, until it ends or is told to. Empty lines are left out. */
export async function* linesOfJournal(
  words: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const journal = spawn("journalctl", words, { stdio: ["ignore", "pipe", "pipe"], signal });
  const ended = Promise.withResolvers<number | null>();
  journal.once("error", ended.reject);
  journal.once("close", ended.resolve);
  ended.promise.catch(() => undefined); // told below
  let complaint = "";
  journal.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(0, 2000);
  });
  journal.stdout.setEncoding("utf8");
  let rest = "";
  for await (const chunk of journal.stdout) {
    const pieces = `${rest}${String(chunk)}`.split("\n");
    rest = pieces.pop() ?? "";
    if (rest.length > LONGEST_LINE) {
      pieces.push(rest);
      rest = "";
    }
    const lines = pieces.filter((line) => line !== "");
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") yield [rest];
  const code = await ended.promise;
  if (code !== 0) throw new Error(`journalctl ended with ${code ?? "a signal"}: ${complaint.trim()}`);
}
