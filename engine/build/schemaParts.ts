/** What several parts of a description have in common. */
import { z } from "zod";

const absolute = "an absolute path without . and ..";

export const absolutePath = z
  .string(absolute)
  .refine(
    (path) =>
      path.startsWith("/") &&
      !path.includes("\0") &&
      !path.split("/").some((part) => part === "." || part === ".."),
    { error: absolute },
  );

const inContext = "a path within the description's folder, without ..";

/** Of a file beside the description. */
export const contextPath = z
  .string(inContext)
  .refine(
    (path) => path !== "" && !path.startsWith("/") && !path.includes("\0") && !path.split("/").includes(".."),
    { error: inContext },
  );

const octal = 'permission bits as a text of octal digits, such as "0755"';

/** A text: YAML reads 0755 as the number 755, and what was meant nobody could tell. */
export const mode = z
  .string(octal)
  .regex(/^[0-7]{3,4}$/, octal)
  .transform((digits) => Number.parseInt(digits, 8));

const largestId = 2 ** 32 - 2;
const number = "a number from 0 on; names are the image's own business";

export const id = z.int(number).min(0, number).max(largestId, number);

const whose = "a name, a number, or an absolute path whose owner counts";

/** Of an app: user or group. */
export const owner = z.union([z.string().min(1), z.int().min(0)], { error: whose }).transform(String);

const command = "a list of words, the first of them a program";

export const words = z.array(z.string(command), command).min(1, command);
