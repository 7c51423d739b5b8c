import { z } from "zod";
import { environmentNameMistake } from "../appc/names.ts";
import type { Step } from "./description.ts";
import { absolutePath, contextPath, id, mode, owner, words } from "./schemaParts.ts";

/** What a step does, by the key that says so, and what else belongs to it. */
const verbs = {
  copy: { needed: ["to"], more: ["mode", "uid", "gid", "keep"] },
  write: { needed: ["to"], more: ["mode", "uid", "gid"] },
  link: { needed: ["to"], more: [] },
  folder: { needed: [], more: ["mode", "uid", "gid"] },
  remove: { needed: [], more: [] },
  run: { needed: [], more: ["environment", "user", "group", "workingDirectory"] },
} as const satisfies Record<string, { readonly needed: readonly string[]; readonly more: readonly string[] }>;

const names = ["copy", "write", "link", "folder", "remove", "run"] as const;
const oneVerb = `an object with exactly one of ${names.join(", ")}`;

const environment = z
  .record(z.string(), z.string("a text"), "values by the names of variables")
  .superRefine((record, context) => {
    for (const name of Object.keys(record)) {
      const mistake = environmentNameMistake(name);
      if (mistake !== undefined)
        context.addIssue({ code: "custom", message: mistake, path: [name], input: name });
    }
  });

const written = z.strictObject(
  {
    copy: contextPath.optional(),
    write: z.string("the file's text").optional(),
    link: z.string("what the link leads to").min(1, "what the link leads to").optional(),
    folder: absolutePath.optional(),
    remove: absolutePath
      .refine((path) => path.replaceAll("/", "") !== "", { error: "a path below /" })
      .optional(),
    run: words.optional(),
    to: absolutePath.optional(),
    mode: mode.optional(),
    uid: id.optional(),
    gid: id.optional(),
    keep: z.boolean("true or false").optional(),
    environment: environment.optional(),
    user: owner.optional(),
    group: owner.optional(),
    workingDirectory: absolutePath.optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : oneVerb) },
);

type Written = z.output<typeof written>;

export const stepSchema = written.transform((step, context): Step => {
  const said = names.filter((name) => step[name] !== undefined);
  const [verb] = said;
  if (verb === undefined || said.length > 1) {
    context.addIssue({ code: "custom", message: oneVerb, input: step });
    return z.NEVER;
  }
  const { needed, more } = verbs[verb];
  const belonging: readonly string[] = [verb, ...needed, ...more];
  for (const name of Object.keys(step)) {
    if (belonging.includes(name)) continue;
    const others = belonging.filter((other) => other !== verb).join(", ");
    const message = others === "" ? `nothing beside ${verb}` : `beside ${verb} only ${others}`;
    context.addIssue({ code: "custom", message, path: [name], input: step });
  }
  for (const name of needed) {
    if (step[name] === undefined)
      context.addIssue({
        code: "custom",
        message: `where to ${verb} it: an absolute path`,
        path: [name],
        input: step,
      });
  }
  if (step.keep === true && (step.mode ?? step.uid ?? step.gid) !== undefined) {
    context.addIssue({
      code: "custom",
      message: "true without mode, uid and gid, which are as they are found",
      path: ["keep"],
      input: step,
    });
  }
  return stepOf(step) ?? z.NEVER;
});

function stepOf(step: Written): Step | undefined {
  const { to = "/" } = step;
  const owned = {
    uid: step.uid ?? 0,
    gid: step.gid ?? 0,
    ...(step.mode !== undefined && { mode: step.mode }),
  };
  if (step.copy !== undefined)
    return { does: "copy", source: step.copy, to, keep: step.keep ?? false, ...owned };
  if (step.write !== undefined) return { does: "write", text: step.write, to, ...owned };
  if (step.link !== undefined) return { does: "link", target: step.link, to };
  if (step.folder !== undefined) return { does: "folder", to: step.folder, ...owned };
  if (step.remove !== undefined) return { does: "remove", path: step.remove };
  if (step.run === undefined) return undefined;
  return {
    does: "run",
    exec: step.run,
    environment: step.environment ?? {},
    ...(step.user !== undefined && { user: step.user }),
    ...(step.group !== undefined && { group: step.group }),
    ...(step.workingDirectory !== undefined && { workingDirectory: step.workingDirectory }),
  };
}
