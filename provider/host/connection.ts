/** How a host is reached. The same for bare metal, virtual machines and lab hosts. */
import { z } from "zod";

export const connectionSchema = z.strictObject({
  /** Name or address that ssh dials. */
  address: z.string().min(1),
  port: z.int().min(1).max(65535).default(22),
  /** Who logs in: `root`, or a user who may use sudo without a password. */
  user: z.string().min(1).default("root"),
  /** The host's public keys, as in `ssh-ed25519 AAAA…`; any other key is refused. */
  hostKeys: z.array(z.string().min(1)).default([]),
  /** Accepts whatever key the host shows first and pins it from then on. Must be asked for. */
  trustOnFirstUse: z.boolean().default(false),
  /** A private key in OpenSSH or PEM form (a secret). */
  privateKey: z.string().optional(),
  /** File on the operator's machine that holds the private key. */
  keyFile: z.string().optional(),
  /** Passphrase of an encrypted private key (a secret). */
  passphrase: z.string().optional(),
  /** Socket of an ssh agent, or `env` for the one named by SSH_AUTH_SOCK. */
  agent: z.string().optional(),
  /** How long to go on trying to reach a host that is away, in seconds. */
  deadlineSeconds: z.number().min(1).max(3600).default(120),
});

export type Connection = z.infer<typeof connectionSchema>;
export type ConnectionInput = z.input<typeof connectionSchema>;
