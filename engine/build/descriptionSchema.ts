import { z } from "zod";
import { isolatorMistake } from "../appc/isolators.ts";
import { acIdentifierMistake, acNameMistake, environmentNameMistake, imageIdMistake } from "../appc/names.ts";
import { stepSchema } from "./stepSchema.ts";
import { absolutePath, owner, words } from "./schemaParts.ts";

type Rule = (text: string) => string | undefined;

function ruled(rule: Rule, otherwise: string): z.ZodString {
  return z.string(otherwise).superRefine((text, context) => {
    const mistake = rule(text);
    if (mistake !== undefined) context.addIssue({ code: "custom", message: mistake, input: text });
  });
}

/** Values by names that a rule speaks of. */
function named<T extends z.ZodType>(value: T, rule: Rule, what: string): z.ZodRecord<z.ZodString, T> {
  return z.record(z.string(), value, what).superRefine((record, context) => {
    for (const name of Object.keys(record)) {
      const mistake = rule(name);
      if (mistake !== undefined) {
        context.addIssue({ code: "custom", message: mistake, path: [name], input: name });
      }
    }
  });
}

const text = z.string("a text");
const orNothing = <T extends z.ZodType>(schema: T): z.ZodNullable<T> => z.nullable(schema);

const identifier = ruled(acIdentifierMistake, "a name such as example.com/app");

/** Of a label or the like; numbers that YAML made of a version would have lost their zeros, so only texts. */
const texts = (what: string): z.ZodRecord<z.ZodString, z.ZodNullable<z.ZodString>> =>
  named(
    orNothing(z.string('a text (numbers in quotes, as in "1.10")')),
    acIdentifierMistake,
    `${what} by their names`,
  );

const port = z.strictObject(
  {
    protocol: text.default("tcp"),
    port: z
      .int("a port from 1 to 65535")
      .min(1, "a port from 1 to 65535")
      .max(65535, "a port from 1 to 65535"),
    count: z.int("how many ports").min(1, "at least one").max(65535, "at most 65535").optional(),
    socketActivated: z.boolean("true or false").optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "an object with protocol and port") },
);

const mountPoint = z.strictObject(
  { path: absolutePath, readOnly: z.boolean("true or false").optional() },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "an object with path") },
);

const isolators = z
  .record(z.string(), z.unknown(), "isolators by their names")
  .superRefine((record, context) => {
    for (const [name, value] of Object.entries(record)) {
      if (value === null) continue;
      const mistake = acIdentifierMistake(name) ?? isolatorMistake({ name, value });
      if (mistake !== undefined)
        context.addIssue({ code: "custom", message: mistake, path: [name], input: value });
    }
  });

const dependency = z.strictObject(
  {
    imageName: identifier,
    imageID: ruled(imageIdMistake, "sha512-…").optional(),
    labels: named(text, acIdentifierMistake, "labels by their names").optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "an object with imageName") },
);

const latest = 8_589_934_591;

/** Seconds, or a date as in `2024-05-01T00:00:00Z`. */
const time = z
  .union(
    [z.int(), z.iso.datetime({ offset: true }).transform((date) => Math.floor(Date.parse(date) / 1000))],
    {
      error: "seconds since 1970, or a date such as 2024-05-01T00:00:00Z",
    },
  )
  .refine((seconds) => seconds >= 0 && seconds <= latest, {
    error: `a time from 1970 on`,
  });

export const descriptionSchema = z.strictObject(
  {
    name: identifier.optional(),
    from: z
      .string("an image: a file, a name or a URL")
      .min(1, "an image: a file, a name or a URL")
      .optional(),
    time: time.optional(),
    labels: texts("labels").default({}),
    annotations: texts("annotations").default({}),
    dependencies: z.array(dependency, "a list of images").optional(),
    pathWhitelist: z.array(absolutePath, "a list of absolute paths").optional(),
    exec: words.optional(),
    user: owner.optional(),
    group: owner.optional(),
    supplementaryGIDs: z
      .array(z.int("a group's number").min(0, "a group's number"), "a list of numbers")
      .optional(),
    workingDirectory: absolutePath.optional(),
    environment: named(
      orNothing(z.string("a text (numbers in quotes)")),
      environmentNameMistake,
      "values by the names of variables",
    ).default({}),
    ports: named(orNothing(port), acNameMistake, "ports by their names").default({}),
    mountPoints: named(orNothing(mountPoint), acNameMistake, "mount points by their names").default({}),
    isolators: isolators.default({}),
    eventHandlers: z
      .strictObject({ "pre-start": orNothing(words).optional(), "post-stop": orNothing(words).optional() })
      .default({}),
    userAnnotations: z.record(z.string(), orNothing(text), "texts by their names").default({}),
    userLabels: z.record(z.string(), orNothing(text), "texts by their names").default({}),
    steps: z.array(stepSchema, "a list of steps").default([]),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "an object with name and steps") },
);
