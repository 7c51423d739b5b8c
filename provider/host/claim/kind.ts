/** `rktnetes:host:Claim`: a host is ours. Comes before anything else there, and goes last. */
import { z } from "zod";
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
} from "../../protocol/resource.ts";
import { Fault } from "../../../errors/fault.ts";
import { revealProperties, sameValue, UNKNOWN, type Properties } from "../../protocol/value.ts";
import { connectionSchema } from "../connection.ts";
import { BASE, CLAIM_FILE } from "../layout.ts";
import { isAbandoned, withRecordedKeys, workOn, type HostTarget } from "../reach.ts";
import type { Connections } from "../remote/connections.ts";
import { LOCK_PATH } from "../remote/lock.ts";
import { sh } from "../remote/quote.ts";
import type { HostWork } from "../remote/work.ts";
import { requirementsSchema } from "../requirements.ts";
import { LOCK_DEADLINE_SECONDS } from "../state/converge.ts";
import { holdsOurs, removeRole } from "../state/remove-role.ts";
import { checkHostKeys, checkInputs, hostName } from "../state/inputs.ts";
import { MAKE_BASE, writeFileScript } from "../state/ledger-file.ts";
import { EMPTY_REQUEST, survey } from "../state/survey.ts";
import { claimName, claimOf, type ClaimFile } from "./claim-file.ts";
import { gatherFacts, type HostFacts } from "./facts.ts";
import { foreignHolders } from "./ports.ts";
import { preflightFault, preflightFindings, takenPorts } from "./preflight.ts";

const claimInputs = z.strictObject({
  host: hostName,
  connection: connectionSchema,
  requirements: requirementsSchema.prefault({}),
  /** Organisation, project and stack: who the host belongs to. */
  stack: z.string().min(1),
  /** The machine is gone for good: delete lets go of it without dialing. */
  abandon: z.boolean().default(false),
});

type ClaimInputs = z.infer<typeof claimInputs>;

export class ClaimKind implements ResourceKind {
  readonly token = "rktnetes:host:Claim";
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  check(news: Properties): Promise<Checked> {
    return Promise.resolve({
      inputs: news,
      failures: [...checkInputs(claimInputs, news), ...checkHostKeys(news)],
    });
  }

  diff(args: DiffArguments): Promise<Difference> {
    const changes: Record<string, Difference["changes"][string]> = {};
    for (const name of ["host", "stack"]) {
      if (differs(args, name)) changes[name] = { kind: "update-replace" };
    }
    for (const name of ["connection", "requirements", "abandon"]) {
      if (differs(args, name)) changes[name] = { kind: "update" };
    }
    // After a refresh the outputs hold what was found: a host that was given another identity.
    const stables = ["host", "claim", ...(differs(args, "connection") ? [] : ["facts", "hostKeys"])];
    return Promise.resolve({ changes, stables, deleteBeforeReplace: true });
  }

  async create(inputs: Properties, context: OperationContext): Promise<Created> {
    const id = claimId(inputs);
    if (context.preview) return { id, outputs: expectedOutputs(inputs) };
    const claim = parse(inputs);
    const target = targetOf(claim, {});
    const outputs = await workOn(this.#connections, target, [inputs], context, async (work) => {
      const facts = await passPreflight(work, claim);
      await lock(work, claim);
      await writeClaim(work, claim);
      return claimOutputs(claim, facts, work.session.transport.hostKey);
    });
    return { id, outputs };
  }

  async read(args: ReadArguments, context: OperationContext): Promise<ReadResult> {
    if (args.inputs["host"] === undefined) throw notImportable(args.id);
    const claim = parse(args.inputs);
    const target = targetOf(claim, args.outputs);
    if (isAbandoned(target)) {
      context.log.warning(`${claim.host}: is abandoned, so it was not looked at`);
      return { id: args.id, outputs: args.outputs, inputs: args.inputs };
    }
    return workOn(this.#connections, target, [args.inputs], context, async (work) => {
      const facts = await gatherFacts(work, { ...claim.requirements, resolves: [] });
      const owner = claimOf(facts.claim);
      if (owner?.claim !== claimName(claim.stack, claim.host)) {
        context.log.warning(
          owner === undefined
            ? `${claim.host}: its claim is gone; the machine may have been installed anew`
            : `${claim.host}: was claimed by ${owner.claim}`,
        );
        return { id: "", outputs: {}, inputs: args.inputs };
      }
      const outputs = claimOutputs(claim, facts, work.session.transport.hostKey);
      return { id: args.id, outputs, inputs: args.inputs };
    });
  }

  async update(args: UpdateArguments, context: OperationContext): Promise<Properties> {
    if (context.preview) return { ...args.olds };
    const claim = parse(args.news);
    const target = targetOf(claim, args.olds);
    // Another way to the host is tried at once, so that a mistake shows here and not in every role.
    const onlyLetsGo = !differs(args, "connection") && !differs(args, "requirements");
    if (onlyLetsGo || isAbandoned(target)) return { ...args.olds };
    return workOn(this.#connections, target, [args.news], context, async (work) => {
      const facts = await passPreflight(work, claim);
      return claimOutputs(claim, facts, work.session.transport.hostKey);
    });
  }

  async delete(args: DeleteArguments, context: OperationContext): Promise<void> {
    const claim = parse(args.inputs);
    const target = targetOf(claim, args.outputs);
    if (isAbandoned(target)) {
      context.log.warning(
        `${claim.host}: is abandoned; if it still exists, what was put there stays, with ${BASE}`,
      );
      return;
    }
    await workOn(this.#connections, target, [args.inputs], context, async (work) => {
      await lock(work, claim);
      if (await holdsOurs(work, claimName(claim.stack, claim.host))) await sweep(work);
    });
  }
}

async function passPreflight(work: HostWork, claim: ClaimInputs): Promise<HostFacts> {
  const facts = await gatherFacts(work, claim.requirements);
  const holders = await foreignHolders(work, takenPorts(facts, claim.requirements));
  const name = claimName(claim.stack, claim.host);
  const findings = preflightFindings(claim.host, name, facts, claim.requirements, holders);
  if (findings.length > 0) throw preflightFault(claim.host, findings);
  return facts;
}

async function lock(work: HostWork, claim: ClaimInputs): Promise<void> {
  const name = claimName(claim.stack, claim.host);
  await work.session.lock(name, LOCK_DEADLINE_SECONDS, (line) => {
    work.log.progress(line);
  });
}

/** Whoever holds the lock writes; the claim is read again under it, for another run may have come first. */
async function writeClaim(work: HostWork, claim: ClaimInputs): Promise<void> {
  const name = claimName(claim.stack, claim.host);
  const before = claimOf((await survey(work, EMPTY_REQUEST, "reads the claim")).claim);
  if (before !== undefined && before.claim !== name) {
    throw new Fault({
      what: "the host was claimed by another stack in the meantime",
      where: claim.host,
      got: before.claim,
      allowed: name,
      remedy: "destroy that stack, or take the host out of this one",
    });
  }
  const next: ClaimFile = {
    claim: name,
    stack: claim.stack,
    host: claim.host,
    generation: (before?.generation ?? 0) + 1,
    since: before?.since ?? new Date().toISOString(),
  };
  await work.step(
    "claims the host",
    [MAKE_BASE, writeFileScript(CLAIM_FILE, `${JSON.stringify(next)}\n`)].join("\n"),
  );
}

/** Takes back everything any role has put on the host and did not remove, the latest first; then our own. */
async function sweep(work: HostWork): Promise<void> {
  const { ledgers } = await survey(work, EMPTY_REQUEST, "reads the ledger");
  const latestFirst = [...ledgers.values()].sort((a, b) => b.since - a.since);
  for (const ledger of latestFirst) {
    work.log.info(`${work.host}: takes back what the role "${ledger.role}" left`);
    await removeRole(work, ledger.role);
  }
  await work.step("lets go of the host", sh`rm -rf --one-file-system -- ${BASE}; rm -f -- ${LOCK_PATH}`);
}

function claimOutputs(claim: ClaimInputs, facts: HostFacts, hostKey: string): Properties {
  return {
    host: claim.host,
    claim: claimName(claim.stack, claim.host),
    hostKeys: [hostKey],
    facts: {
      release: facts.release,
      kernel: facts.kernel,
      architecture: facts.architecture,
      cgroupVersion: facts.cgroupVersion,
      machineId: facts.machineId,
      memoryMiB: facts.memoryMiB,
      cpus: facts.cpus,
      container: facts.container,
      hostKeys: [hostKey],
    },
  };
}

function expectedOutputs(inputs: Properties): Properties {
  const { host, stack } = inputs;
  const known = typeof host === "string" && typeof stack === "string";
  return {
    host: host ?? UNKNOWN,
    claim: known ? claimName(stack, host) : UNKNOWN,
    hostKeys: UNKNOWN,
    facts: UNKNOWN,
  };
}

function parse(inputs: Properties): ClaimInputs {
  return claimInputs.parse(revealProperties(inputs));
}

function targetOf(claim: ClaimInputs, outputs: Properties): HostTarget {
  return {
    host: claim.host,
    connection: withRecordedKeys(claim.connection, outputs),
    abandon: claim.abandon,
  };
}

function claimId(inputs: Properties): string {
  return typeof inputs["host"] === "string" ? inputs["host"] : "";
}

function differs(args: Pick<DiffArguments, "oldInputs" | "news">, name: string): boolean {
  return !sameValue(args.oldInputs[name] ?? null, args.news[name] ?? null);
}

function notImportable(id: string): Fault {
  return new Fault({
    what: "a claim cannot be imported",
    where: id,
    remedy: "declare it and run `pulumi up`: a claim of the same stack is adopted",
  });
}
