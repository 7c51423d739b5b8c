/** What resources would say once they were created: made-up values that tell whose they are. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

/** Every secret of a run holds these words, so that a search for them finds what is in the clear. */
export const PRIVATE = "private words";

/** What the engine sends for a value that is not known before the update. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const leavesSchema = z.object({ leaves: z.record(z.string(), z.unknown()) });

/** Who asks, and for what. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Authorities and leaves of another generation are other texts. */
export function createdOutputs(registration: Registration, generation: string): Record<string, unknown> {
  const { type, name, inputs } = registration;
  switch (type) {
    case "rktnetes:artefact:Artefact":
      return { path: `/artefacts/${name}`, sha256: sha256(name), size: name.length };
    case "rktnetes:lab:Network":
      return {
        gateway: "10.77.0.1",
        bridge: "lab0",
        publicKey: "ssh-ed25519 lab",
        privateKey: pulumi.secret(privateText(`login key of ${name}`)),
      };
    case "rktnetes:lab:NspawnHost":
    case "rktnetes:lab:KvmHost":
      return { hostKeys: [HOST_KEY] };
    case "rktnetes:lab:Registry":
      return {
        images: { nginx: "10.77.0.1:5000/nginx@sha256:1", shell: "10.77.0.1:5000/shell@sha256:2" },
      };
    case "rktnetes:pki:Authority":
      return {
        certificate: `certificate of ${name}, ${generation}`,
        bundle: `bundle of ${name}, ${generation}`,
        privateKey: pulumi.secret(privateText(`${name}, ${generation}`)),
      };
    case "rktnetes:pki:Leaves":
      return {
        leaves: Object.fromEntries(
          Object.keys(leavesSchema.parse(inputs).leaves).map((leaf) => [
            leaf,
            {
              certificate: `certificate ${leaf} of ${name}, ${generation}`,
              privateKey: pulumi.secret(privateText(`${leaf} of ${name}, ${generation}`)),
            },
          ]),
        ),
      };
    case "rktnetes:pki:KeyPair":
      return { publicKey: `public key of ${name}`, privateKey: pulumi.secret(privateText(name)) };
    case "rktnetes:pki:RandomSecret":
      return { base64: pulumi.secret(privateText(name)) };
    case "rktnetes:cluster:Identity":
      return { identity: "identity-1" };
    case "rktnetes:host:Claim":
      return { claim: `claim of ${name}`, facts: {} };
    default:
      return {};
  }
}

/** The same before anything is there: of every output no more than its name is known. */
export function previewedOutputs(registration: Registration): Record<string, unknown> {
  return Object.fromEntries(Object.keys(createdOutputs(registration, "")).map((key) => [key, UNKNOWN]));
}

export function privateText(of: string): string {
  return `${PRIVATE}: ${of}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const HOST_KEY = hostKey("ssh-ed25519", Buffer.alloc(32, 7));

function hostKey(type: string, key: Buffer): string {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return `${type} ${Buffer.concat([field(Buffer.from(type)), field(key)]).toString("base64")}`;
}
