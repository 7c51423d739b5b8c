/**
 * What a host should hold for one role: plain data that planning makes, policies read and the host layer
 * brings about. Everything is keyed by what it is called on the host, so that a preview can name it.
 */
import { z } from "zod";

const mode = z.string().regex(/^[0-7]{4}$/, "four octal digits, as in 0644");
const absolutePath = z
  .string()
  .regex(/^\/[^\0\n]*$/, "an absolute path")
  .refine((path) => !path.split("/").includes(".."), "a path without ..");
const unitName = z.string().regex(/^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|mount|slice|target|path)$/);

const ownership = { owner: z.string().default("root"), group: z.string().default("root") };

export const fileSchema = z.strictObject({
  /** The file's text. Secret contents come in a secret's envelope. */
  content: z.string().optional(),
  /** Instead of text: a file on the operator's machine, known by its hash. */
  source: z
    .strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int() })
    .optional(),
  /** Instead of either: a symbolic link to this target. */
  target: z.string().optional(),
  mode: mode.default("0644"),
  ...ownership,
});

export const directorySchema = z.strictObject({
  mode: mode.default("0755"),
  ...ownership,
  /** Removed with all that programs put into it (data directories). Otherwise it goes only when it is empty. */
  removeContents: z.boolean().default(false),
});

const directive = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

export const unitSchema = z.strictObject({
  /** Sections of the unit file, as in `{ Unit: {…}, Service: {…}, Install: {…} }`; a list repeats its key.
   * Without sections the unit is one that the host has already, and only its running is managed. */
  sections: z.record(z.string(), z.record(z.string(), directive)).optional(),
  /** Started at boot. */
  enabled: z.boolean().default(true),
  /** `started` for what must be running, `ran` for a oneshot that must have succeeded, `present` for no more than the file, `stopped`. */
  state: z.enum(["started", "ran", "present", "stopped"]).default("started"),
  /** Paths among `files` (of this role) whose change restarts the unit. */
  restartOn: z.array(absolutePath).default([]),
});

/** A command that must succeed on the host before the role counts as done; repeated until its deadline. */
export const probeSchema = z.strictObject({
  command: z.array(z.string()).min(1),
  timeoutSeconds: z.number().min(1).max(900).default(60),
  /** Unit whose journal explains a failure. */
  unit: z.string().optional(),
});

export const userSchema = z.strictObject({
  home: absolutePath.default("/nonexistent"),
  shell: absolutePath.default("/usr/sbin/nologin"),
  groups: z.array(z.string()).default([]),
});

export const desiredStateSchema = z.strictObject({
  /** Debian packages; the value is a version, or "" for the one the host's sources offer. */
  packages: z.record(z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/), z.string()).default({}),
  /** Packages that no archive has: their bytes, on the operator's machine. Each is in `packages` too, with its version. */
  packageFiles: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/),
      z.strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int() }),
    )
    .default({}),
  /** System users (and groups of the same name). */
  users: z.record(z.string().regex(/^[a-z_][a-z0-9_-]*$/), userSchema).default({}),
  directories: z.record(absolutePath, directorySchema).default({}),
  files: z.record(absolutePath, fileSchema).default({}),
  /** Kernel settings; what was set before comes back on delete. */
  sysctls: z.record(z.string().regex(/^[a-z0-9_./-]+$/i), z.string()).default({}),
  /** Units in the order they are started. */
  units: z.record(unitName, unitSchema).default({}),
  /** Units of the role start in one transaction unless this says otherwise. */
  probes: z.record(z.string(), probeSchema).default({}),
  /** Commands run (in this order) before units are stopped and files removed, when the role goes. */
  teardown: z.array(z.array(z.string()).min(1)).default([]),
});

export type DesiredState = z.infer<typeof desiredStateSchema>;
export type DesiredStateInput = z.input<typeof desiredStateSchema>;
export type DesiredFile = z.infer<typeof fileSchema>;
export type DesiredUnit = z.infer<typeof unitSchema>;
