/** `rktnetes:host:State`: what one host holds for one role. */
import { Fault, messageOf } from "../../../errors/fault.ts";
import {
  PartialFailure,
  type Checked,
  type Created,
  type DeleteArguments,
  type DiffArguments,
  type Difference,
  type OperationContext,
  type ReadArguments,
  type ReadResult,
  type ResourceKind,
  type UpdateArguments,
} from "../../protocol/resource.ts";
import { UNKNOWN, type Properties } from "../../protocol/value.ts";
import { isAbandoned, withRecordedKeys, workOn, type HostTarget } from "../reach.ts";
import type { Connections } from "../remote/connections.ts";
import type { HostWork } from "../remote/work.ts";
import { converge, LOCK_DEADLINE_SECONDS, surveyRequest } from "./converge.ts";
import { holdsOurs, removeRole } from "./remove-role.ts";
import { diffState, touchesHost } from "./diff.ts";
import { foundOutputs } from "./found.ts";
import { checkState, ITEM_MAPS, parseState, type StateInputs } from "./inputs.ts";
import { survey } from "./survey.ts";
import { wantedFiles } from "./wanted.ts";

export class StateKind implements ResourceKind {
  readonly token = "rktnetes:host:State";
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  check(news: Properties): Promise<Checked> {
    return Promise.resolve({ inputs: news, failures: checkState(news) });
  }

  diff(args: DiffArguments): Promise<Difference> {
    return Promise.resolve(diffState(args));
  }

  async create(inputs: Properties, context: OperationContext): Promise<Created> {
    const id = stateId(inputs);
    if (context.preview) return { id, outputs: expectedOutputs(inputs) };
    const state = parseState(inputs);
    return { id, outputs: await this.#bring(id, state, inputs, {}, context) };
  }

  async update(args: UpdateArguments, context: OperationContext): Promise<Properties> {
    const difference = diffState({ ...args, ignoreChanges: [] });
    if (context.preview) return touchesHost(difference) ? expectedOutputs(args.news) : args.olds;
    const state = parseState(args.news);
    // Nothing for the host in it: another port, another key, another claim.
    const quiet = Object.keys(difference.changes).length > 0 && !touchesHost(difference);
    if (quiet) return { ...args.olds, claim: state.claim };
    return this.#bring(args.id, state, args.news, args.olds, context);
  }

  async read(args: ReadArguments, context: OperationContext): Promise<ReadResult> {
    if (args.inputs["host"] === undefined) throw notImportable(args.id);
    const state = parseState(args.inputs);
    const target = targetOf(state, args.outputs);
    if (isAbandoned(target)) {
      context.log.warning(`${state.host}: is abandoned, so it was not looked at`);
      return { id: args.id, outputs: args.outputs, inputs: args.inputs };
    }
    const outputs = await workOn(this.#connections, target, [args.inputs], context, (work) =>
      look(work, state, args.inputs),
    );
    return { id: args.id, outputs, inputs: args.inputs };
  }

  async delete(args: DeleteArguments, context: OperationContext): Promise<void> {
    const state = parseState(args.inputs);
    const target = targetOf(state, args.outputs);
    if (isAbandoned(target)) {
      context.log.warning(
        `${state.host}: is abandoned; if it still exists, what the role "${state.role}" has put there stays`,
      );
      return;
    }
    await workOn(this.#connections, target, [args.inputs], context, async (work) => {
      await work.session.lock(state.claim, LOCK_DEADLINE_SECONDS, (line) => {
        context.log.progress(line);
      });
      if (await holdsOurs(work, state.claim)) await removeRole(work, state.role);
    });
  }

  /** Converges, and reports what is really there when that fails half-way. */
  async #bring(
    id: string,
    state: StateInputs,
    inputs: Properties,
    olds: Properties,
    context: OperationContext,
  ): Promise<Properties> {
    const target = targetOf(state, olds);
    const files = wantedFiles(state, inputs);
    return workOn(this.#connections, target, [inputs], context, async (work) => {
      const hostKey = work.session.transport.hostKey;
      try {
        return foundOutputs(state, files, await converge(work, state, inputs), hostKey);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        throw new PartialFailure(id, await this.#remains(work, state, inputs), inputs, error);
      }
    });
  }

  async #remains(work: HostWork, state: StateInputs, inputs: Properties): Promise<Properties> {
    try {
      return await look(work, state, inputs);
    } catch (error) {
      work.log.warning(`${state.host}: what is there now could not be seen: ${messageOf(error)}`);
      return { host: state.host, role: state.role, claim: state.claim };
    }
  }
}

async function look(work: HostWork, state: StateInputs, inputs: Properties): Promise<Properties> {
  const files = wantedFiles(state, inputs);
  const found = await survey(work, surveyRequest(state, inputs, files), "looks at the host");
  return foundOutputs(state, files, found, work.session.transport.hostKey);
}

function targetOf(state: StateInputs, outputs: Properties): HostTarget {
  return {
    host: state.host,
    connection: withRecordedKeys(state.connection, outputs),
    abandon: state.abandon,
  };
}

function stateId(inputs: Properties): string {
  const part = (name: string): string => {
    const value = inputs[name];
    return typeof value === "string" ? value : "";
  };
  return `${part("host")}/${part("role")}`;
}

/** In a preview: what is said of the host is known only once it was looked at. */
function expectedOutputs(inputs: Properties): Properties {
  const unknown = ITEM_MAPS.filter((kind) => kind !== "probes").map((kind) => [kind, UNKNOWN] as const);
  return {
    ...Object.fromEntries(unknown),
    host: inputs["host"] ?? UNKNOWN,
    role: inputs["role"] ?? UNKNOWN,
    claim: inputs["claim"] ?? UNKNOWN,
    hostKeys: UNKNOWN,
  };
}

function notImportable(id: string): Fault {
  return new Fault({
    what: "a host's state cannot be imported",
    where: id,
    remedy: "declare it and run `pulumi up`: what is on the host already is adopted",
  });
}
