/** What Pulumi's engine does with one resource, as far as a kind can tell: one `up`, `refresh` or `destroy`. */
import type {
  CheckFailure,
  Difference,
  OperationContext,
  ResourceKind,
} from "../../../provider/protocol/resource.ts";
import type { Properties } from "../../../provider/protocol/value.ts";
import { decodeProperties, encodeProperties } from "../../../provider/protocol/wire.ts";

export interface Run {
  readonly operation: "create" | "update" | "same" | "refused";
  readonly failures: readonly CheckFailure[];
  readonly difference: Difference;
  /** What the preview said the outputs would be. */
  readonly previewed: Properties;
  readonly outputs: Properties;
}

export class Lifecycle {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly said: string[] = [];
  #state: { id: string; inputs: Properties; outputs: Properties } | undefined;

  constructor(kind: ResourceKind, name = "it") {
    this.kind = kind;
    this.name = name;
  }

  get outputs(): Properties {
    return this.#state?.outputs ?? {};
  }

  get inputs(): Properties {
    return this.#state?.inputs ?? {};
  }

  context(preview = false): OperationContext {
    const say = (line: string): void => {
      this.said.push(line);
    };
    return {
      urn: `urn:pulumi:dev::project::${this.kind.token}::${this.name}`,
      name: this.name,
      preview,
      timeoutSeconds: 0,
      signal: new AbortController().signal,
      log: { progress: say, info: say, warning: say },
    };
  }

  /** Check, diff, the preview's half and the real half. Everything crosses the wire as it would. */
  async up(program: Properties): Promise<Run> {
    const none = {
      failures: [],
      difference: { changes: {} },
      previewed: this.outputs,
      outputs: this.outputs,
    };
    const checked = await this.kind.check(crossed(program), this.inputs, this.context(true));
    const failures = checked.failures ?? [];
    if (failures.length > 0) return { ...none, operation: "refused", failures };
    const inputs = crossed(checked.inputs);
    if (this.#state === undefined) {
      const preview = await this.kind.create(inputs, this.context(true));
      const { id, outputs } = await this.kind.create(inputs, this.context());
      this.#state = { id, inputs, outputs: crossed(outputs) };
      return { ...none, operation: "create", previewed: crossed(preview.outputs), outputs: this.outputs };
    }
    const { difference, previewed } = await this.preview(program);
    if (Object.keys(difference.changes).length === 0) {
      this.#state = { ...this.#state, inputs };
      return { ...none, operation: "same", difference };
    }
    const { id, outputs: olds, inputs: oldInputs } = this.#state;
    const outputs = crossed(await this.kind.update({ id, olds, oldInputs, news: inputs }, this.context()));
    this.#state = { id, inputs, outputs };
    return { operation: "update", failures, difference, previewed, outputs };
  }

  /** What a preview of an update shows; the program may hold values that are not known yet. */
  async preview(program: Properties): Promise<{ difference: Difference; previewed: Properties }> {
    if (this.#state === undefined) throw new Error("nothing was created yet");
    const { id, outputs: olds, inputs: oldInputs } = this.#state;
    const news = crossed((await this.kind.check(crossed(program), oldInputs, this.context(true))).inputs);
    const difference = await this.kind.diff(
      { id, olds, oldInputs, news, ignoreChanges: [] },
      this.context(true),
    );
    if (Object.keys(difference.changes).length === 0) return { difference, previewed: olds };
    const previewed = crossed(await this.kind.update({ id, olds, oldInputs, news }, this.context(true)));
    return { difference, previewed };
  }

  /** Whether the thing is still there; what was found becomes the record. */
  async refresh(): Promise<boolean> {
    if (this.#state === undefined) throw new Error("nothing was created yet");
    const found = await this.kind.read(this.#state, this.context());
    this.#state = found.id === "" ? undefined : { ...found, outputs: crossed(found.outputs) };
    return this.#state !== undefined;
  }

  async destroy(): Promise<void> {
    if (this.#state === undefined) throw new Error("nothing was created yet");
    await this.kind.delete(this.#state, this.context());
    this.#state = undefined;
  }
}

function crossed(properties: Properties): Properties {
  return decodeProperties(encodeProperties(properties));
}
