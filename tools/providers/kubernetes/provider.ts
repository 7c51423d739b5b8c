/** The offline kubernetes provider: its configuration, and one kind of resource for all kinds of objects. */
import { Fault } from "../../../errors/fault.ts";
import type {
  Checked,
  DiffArguments,
  Difference,
  Provider,
  ResourceKind,
} from "../../../provider/protocol/resource.ts";
import type { Properties } from "../../../provider/protocol/value.ts";
import { parseSettings, settingsDifference, settingsFailures } from "./config/settings.ts";
import { Connection } from "./connection.ts";
import { ObjectResource } from "./object-resource.ts";
import { refusalOf } from "./object/token.ts";

export class KubernetesProvider implements Provider {
  /** The SDK it stands behind. */
  readonly version = "4.34.2";
  #connection = new Connection(parseSettings({}));

  kindOf(token: string): ResourceKind {
    const refusal = refusalOf(token);
    if (refusal !== undefined) throw new Fault({ what: refusal });
    return new ObjectResource(token, this.#connection);
  }

  checkConfig(news: Properties): Promise<Checked> {
    return Promise.resolve({ inputs: news, failures: settingsFailures(news) });
  }

  diffConfig(args: DiffArguments): Promise<Difference> {
    return Promise.resolve(settingsDifference(args.olds, args.news));
  }

  configure(config: Properties): Promise<void> {
    this.#connection.close();
    this.#connection = new Connection(parseSettings(config));
    return Promise.resolve();
  }

  invoke(token: string): Promise<Properties> {
    throw new Fault({
      what: `the offline kubernetes provider has no function ${token}`,
      remedy:
        "declare the objects one by one instead of rendering Helm charts, Kustomize folders or YAML, or install the official Pulumi with its own kubernetes provider",
    });
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }
}
