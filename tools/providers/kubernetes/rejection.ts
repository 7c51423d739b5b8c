/** The API server's refusals as faults: which object, which field, who has it, what to do. */
import { Fault } from "../../../errors/fault.ts";
import { redacted } from "../../../provider/protocol/redaction.ts";
import { Refusal, Unreachable, type StatusCause } from "../../../provider/kubernetes/failure.ts";
import { titleOf, type ObjectReference } from "./object/manifest.ts";

export interface Attempt {
  readonly reference: ObjectReference;
  readonly fieldManager: string;
  /** Texts that must not appear in what is shown. */
  readonly secrets: readonly string[];
}

/** The error as the user should read it. What is no refusal comes back as it is, but for its secrets. */
export function faultOf(error: unknown, attempt: Attempt): Error {
  const where = titleOf(attempt.reference);
  const clean = (text: string): string => redacted(text, attempt.secrets);
  if (error instanceof Fault)
    return error.message === clean(error.message) ? error : new Fault({ what: clean(error.message) });
  if (error instanceof Unreachable) {
    return new Fault({
      what: error.message,
      where,
      remedy:
        "start the API server, or mend the server's address in the provider's kubeconfig; then run again",
    });
  }
  if (!(error instanceof Refusal)) return error instanceof Error ? error : new Error(String(error));
  const conflicts = error.causes.filter(({ reason }) => reason === "FieldManagerConflict");
  if (conflicts.length > 0) return conflictFault(conflicts, attempt, where);
  const message = clean(error.message);
  switch (error.reason) {
    case "Invalid":
      return new Fault({
        what: "the API server finds it invalid",
        where,
        got:
          error.causes.length === 0
            ? message
            : error.causes.map((cause) => clean(causeLine(cause))).join("\n           "),
        remedy: "change these fields",
      });
    case "Forbidden":
      return new Fault({
        what: "the API server forbids it",
        where,
        got: message,
        remedy:
          "if an admission rule says no, change the object or the rule; if a role does, grant the provider's user the right",
      });
    case "NotFound":
      return new Fault({
        what: "something it needs is missing",
        where,
        got: message,
        remedy: "let it depend on that (`dependsOn`, or use the other resource's output as its name)",
      });
    case "Unauthorized":
      return new Fault({
        what: "the API server does not know the provider's user",
        where,
        got: message,
        remedy: "check the user in the provider's kubeconfig: its certificate or token may have expired",
      });
    default:
      return new Fault({
        what: `the API server refuses it (${error.code} ${error.reason})`,
        where,
        got: message,
      });
  }
}

export function alreadyExists(attempt: Attempt, managers: readonly string[]): Fault {
  return new Fault({
    what: "is in the cluster already, and this program did not make it",
    where: titleOf(attempt.reference),
    got: `managed by ${managers.length === 0 ? "an unknown client" : managers.join(", ")}`,
    remedy:
      "import it (the resource option `import`), give yours another name, patch single fields of it with its Patch resource, or set `upsertExistingObjects` on the provider to take over whatever exists",
  });
}

function conflictFault(conflicts: readonly StatusCause[], attempt: Attempt, where: string): Fault {
  const lines = conflicts.map(({ field, message }) => {
    const manager = /conflict with "([^"]+)"/.exec(message)?.[1] ?? message;
    return `${field.replace(/^\./, "")} is managed by ${manager}`;
  });
  return new Fault({
    what: "another field manager owns fields that the program sets",
    where,
    got: lines.join("\n           "),
    allowed: `fields that nobody or ${attempt.fieldManager} manages`,
    remedy:
      'take these fields out of the program, or annotate the object with pulumi.com/patchForce: "true" to take them over',
  });
}

function causeLine({ field, message }: StatusCause): string {
  return field === "" || field === "<nil>" ? message : `${field}: ${message}`;
}

/** Fields that the refusal says cannot change, or undefined when it says something else. */
export function immutableFieldsIn(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Refusal) || error.reason !== "Invalid") return undefined;
  const fixed = error.causes.filter(({ message }) => IMMUTABLE.test(message));
  return fixed.length === 0 ? undefined : fixed.map(({ field }) => field);
}

const IMMUTABLE =
  /immutable|may not (be )?change|cannot (be )?change|can not be changed|updates to .+ are forbidden|is forbidden after creation/i;
