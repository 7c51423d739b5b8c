/** A command as a resource: one command to create, and others to update and delete what it made. */
import { randomBytes } from "node:crypto";
import type {
  Checked,
  Created,
  DeleteArguments,
  DiffArguments,
  Difference,
  OperationContext,
  ReadArguments,
  ReadResult,
  ResourceKind,
  UpdateArguments,
} from "../../../provider/protocol/resource.ts";
import { reveal, UNKNOWN, type Properties } from "../../../provider/protocol/value.ts";
import { changesOf } from "./difference.ts";
import {
  LOCAL_COMMAND_KEYS,
  REMOTE_COMMAND_KEYS,
  settingsFrom,
  unknownInputs,
  type PreviousOutput,
  type RunSettings,
} from "./inputs.ts";
import { resultOf, type Outcome } from "./outcome.ts";

export type Runner = (command: string, settings: RunSettings, context: OperationContext) => Promise<Outcome>;

/** What `Command.get` and the engine's own bookkeeping add to inputs, and no user wrote. */
const OUTPUT_KEYS = ["archive", "assets", "stderr", "stdout"];

export class CommandResource implements ResourceKind {
  readonly token: string;
  readonly #run: Runner;

  constructor(token: string, run: Runner) {
    this.token = token;
    this.#run = run;
  }

  check(news: Properties): Promise<Checked> {
    const known = this.token.startsWith("command:remote:") ? REMOTE_COMMAND_KEYS : LOCAL_COMMAND_KEYS;
    return Promise.resolve({ inputs: news, failures: unknownInputs(news, [...known, ...OUTPUT_KEYS]) });
  }

  diff(args: DiffArguments): Promise<Difference> {
    const changes = changesOf(args.oldInputs, args.news, ["triggers"]);
    const kept = Object.entries(changes).filter(([key]) => !args.ignoreChanges.includes(key));
    return Promise.resolve({ changes: Object.fromEntries(kept) });
  }

  async create(inputs: Properties, context: OperationContext): Promise<Created> {
    if (context.preview) return { id: "", outputs: { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN } };
    const id = `${context.name}${randomBytes(4).toString("hex")}`;
    return { id, outputs: await this.#perform(inputs["create"], inputs, undefined, context) };
  }

  async update(args: UpdateArguments, context: OperationContext): Promise<Properties> {
    const { news, olds } = args;
    if (context.preview) return { ...news, stdout: UNKNOWN, stderr: UNKNOWN };
    return this.#perform(news["update"] ?? news["create"], news, previousOutput(olds), context);
  }

  /** What a command did cannot be looked up: the record is all there is. */
  read(args: ReadArguments): Promise<ReadResult> {
    return Promise.resolve({ id: args.id, outputs: args.outputs, inputs: args.inputs });
  }

  async delete(args: DeleteArguments, context: OperationContext): Promise<void> {
    await this.#perform(args.inputs["delete"], args.inputs, previousOutput(args.outputs), context);
  }

  async #perform(
    command: Properties[string] | undefined,
    inputs: Properties,
    previous: PreviousOutput | undefined,
    context: OperationContext,
  ): Promise<Properties> {
    const text = reveal(command ?? null);
    if (typeof text !== "string" || text === "") {
      return { ...inputs, stdout: previous?.stdout ?? "", stderr: previous?.stderr ?? "" };
    }
    const outcome = await this.#run(text, settingsFrom(inputs, previous), context);
    return { ...inputs, ...resultOf(outcome, inputs) };
  }
}

function previousOutput(outputs: Properties): PreviousOutput {
  const textAt = (key: string): string => {
    const value = reveal(outputs[key] ?? null);
    return typeof value === "string" ? value : "";
  };
  return { stdout: textAt("stdout"), stderr: textAt("stderr") };
}
