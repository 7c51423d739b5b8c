/** The offline command provider: commands on this machine and on others, behind the real SDK. */
import { Fault } from "../../../errors/fault.ts";
import type {
  Checked,
  DiffArguments,
  Difference,
  OperationContext,
  Provider,
  ResourceKind,
} from "../../../provider/protocol/resource.ts";
import type { Properties } from "../../../provider/protocol/value.ts";
import { CommandResource } from "./command-resource.ts";
import { changesOf } from "./difference.ts";
import { LOCAL_RUN_KEYS, settingsFrom, unknownInputs } from "./inputs.ts";
import { runLocally } from "./local.ts";
import { resultOf } from "./outcome.ts";
import { runRemotely } from "./remote.ts";

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

export class CommandProvider implements Provider {
  /** The SDK it stands behind. */
  readonly version = "1.2.1";

  kindOf(token: string): ResourceKind {
    if (token === LOCAL) return new CommandResource(LOCAL, runLocally);
    if (token === REMOTE) return new CommandResource(REMOTE, runRemotely);
    throw new Fault({
      what: `the offline command provider has no ${token}`,
      allowed: `${LOCAL}, ${REMOTE}, and the function command:local:run`,
      remedy:
        "copy files with a command:remote:Command that reads them from `stdin`, or install the official Pulumi with its own command provider",
    });
  }

  checkConfig(news: Properties): Promise<Checked> {
    return Promise.resolve({ inputs: news });
  }

  diffConfig(args: DiffArguments): Promise<Difference> {
    return Promise.resolve({ changes: changesOf(args.olds, args.news, []) });
  }

  configure(): Promise<void> {
    return Promise.resolve();
  }

  async invoke(token: string, args: Properties, context: OperationContext): Promise<Properties> {
    if (token !== "command:local:run") {
      throw new Fault({
        what: `the offline command provider has no function ${token}`,
        allowed: "command:local:run",
      });
    }
    const failures = unknownInputs(args, LOCAL_RUN_KEYS);
    const command = args["command"];
    if (typeof command !== "string" || failures.length > 0) {
      throw new Fault({ what: failures[0]?.reason ?? "`command` is missing", where: token });
    }
    const outcome = await runLocally(command, settingsFrom(args, undefined), context);
    return { ...args, ...resultOf(outcome, args) };
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }
}
