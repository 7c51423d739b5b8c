/**
 * What the provider's kinds of resources implement. The gRPC side of it (encoding, secrets' envelopes, error
 * forms, cancellation) is `serve.ts`; a kind sees plain values only.
 */
import type { Properties } from "./value.ts";

export interface CheckFailure {
  /** Path of the property, as in `units["kubelet.service"].enabled`. */
  readonly property: string;
  readonly reason: string;
}

export interface Checked {
  /** The inputs that are recorded: defaults filled in, secrets in their envelopes. */
  readonly inputs: Properties;
  readonly failures?: readonly CheckFailure[];
}

export type ChangeKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface Change {
  readonly kind: ChangeKind;
  /** False when the difference was found on the host (drift) and not between old and new inputs. */
  readonly inputDiff?: boolean;
}

export interface Difference {
  /** Keyed by property path, as in `files["/etc/x"]`; empty when nothing changes. */
  readonly changes: Readonly<Record<string, Change>>;
  readonly deleteBeforeReplace?: boolean;
  /** Outputs that an update surely leaves as they are, so that what depends on them stays known in a preview. */
  readonly stables?: readonly string[];
  /** One line for each thing that changes, shown beside the resource; never a secret. */
  readonly lines?: readonly string[];
}

export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

export interface ReadResult {
  /** Empty when the thing is gone. */
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs: Properties;
}

/** What every operation gets besides its values. */
export interface OperationContext {
  readonly urn: string;
  /** The name in the URN. */
  readonly name: string;
  readonly preview: boolean;
  /** Seconds allowed by `customTimeouts`; 0 when nothing was said. */
  readonly timeoutSeconds: number;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface Log {
  /** A passing line in the status column: what is being done now. */
  progress(line: string): void;
  /** A line that stays under the resource. */
  info(line: string): void;
  warning(line: string): void;
}

export interface DiffArguments {
  readonly id: string;
  /** The recorded outputs; after a refresh this is what was found. */
  readonly olds: Properties;
  readonly oldInputs: Properties;
  readonly news: Properties;
  readonly ignoreChanges: readonly string[];
}

export interface UpdateArguments {
  readonly id: string;
  readonly olds: Properties;
  readonly oldInputs: Properties;
  readonly news: Properties;
  /** Paths in which `news` holds what was recorded; for a kind that knows better what is there now. */
  readonly ignoreChanges?: readonly string[];
}

export interface ReadArguments {
  readonly id: string;
  /** Recorded outputs; empty on import. */
  readonly outputs: Properties;
  /** Recorded inputs; empty on import. */
  readonly inputs: Properties;
}

export interface DeleteArguments {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs: Properties;
}

/** One kind of resource. Check and diff are local and quick: they never dial a host. */
export interface ResourceKind {
  readonly token: string;
  check(news: Properties, olds: Properties, context: OperationContext): Promise<Checked>;
  diff(args: DiffArguments, context: OperationContext): Promise<Difference>;
  /** With `context.preview` set it changes nothing and gives UNKNOWN for what only creating can tell. */
  create(inputs: Properties, context: OperationContext): Promise<Created>;
  read(args: ReadArguments, context: OperationContext): Promise<ReadResult>;
  update(args: UpdateArguments, context: OperationContext): Promise<Properties>;
  delete(args: DeleteArguments, context: OperationContext): Promise<void>;
}

/**
 * Thrown by create, update or read when the thing exists but is not in its wanted state: the engine records
 * it with the id and tries to mend it at the next run, rather than forgetting it.
 */
export class PartialFailure extends Error {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs: Properties;

  constructor(id: string, outputs: Properties, inputs: Properties, cause: Error) {
    super(cause.message, { cause });
    this.name = "PartialFailure";
    this.id = id;
    this.outputs = outputs;
    this.inputs = inputs;
  }
}

/** A whole provider: its kinds of resources, its configuration and its functions. */
export interface Provider {
  readonly version: string;
  kindOf(token: string): ResourceKind | undefined;
  checkConfig(news: Properties, olds: Properties, context: OperationContext): Promise<Checked>;
  diffConfig(args: DiffArguments, context: OperationContext): Promise<Difference>;
  configure(config: Properties): Promise<void>;
  invoke(token: string, args: Properties, context: OperationContext): Promise<Properties>;
  /** The user interrupted: close connections; the operations' signals abort by themselves. */
  cancel(): Promise<void>;
}
