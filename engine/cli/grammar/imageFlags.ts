/** Flags that follow an image and mean that image alone. */
import type { FlagGrammar } from "./grammar.ts";

export const signatureFlag: FlagGrammar = {
  name: "signature",
  kind: { type: "path" },
  perImage: true,
  help: "a detached signature for the image, where it does not lie beside it",
};

const text = (name: string, value: string, help: string, repeatable = false): FlagGrammar => ({
  name,
  kind: { type: "text", value },
  perImage: true,
  help,
  ...(repeatable && { repeatable }),
});

export const imageFlags: readonly FlagGrammar[] = [
  text("annotation", "NAME=VALUE", "an annotation of the app", true),
  text("caps-remove", "CAPABILITY[,…]", "capabilities that the app shall not have"),
  text("caps-retain", "CAPABILITY[,…]", "the only capabilities that the app shall have"),
  text("cpu", "QUANTITY", "how much of a processor the app may use, such as 500m"),
  text("cpu-shares", "NUMBER", "the app's weight when processors are scarce"),
  text("environment", "NAME=VALUE", "a variable in the app's environment", true),
  text("exec", "PATH", "the program to run instead of the image's"),
  text("group", "GROUP", "the app's group: a name, a number, or a path whose group counts"),
  text("memory", "QUANTITY", "how much memory the app may use, such as 64M or 1Gi"),
  {
    ...text("mount", "volume=NAME,target=PATH", "mount a volume; before the first image, in every app", true),
    perImage: false,
  },
  text("name", "NAME", "the app's name, by default the last part of the image's"),
  text("oom-score-adj", "NUMBER", "how readily the kernel ends the app when memory runs out"),
  {
    name: "readonly-rootfs",
    kind: { type: "bool" },
    default: "false",
    perImage: true,
    help: "let the app write to its volumes only",
  },
  text(
    "seccomp",
    "mode=retain|remove[,errno=NAME],CALL,…",
    "the system calls that the app may, or may not, make",
  ),
  text("supplementary-gids", "GID[,…]", "further groups of the app"),
  text("user", "USER", "the app's user: a name, a number, or a path whose owner counts"),
  text("user-annotation", "NAME=VALUE", "an annotation of the user's own", true),
  text("user-label", "NAME=VALUE", "a label of the user's own", true),
  text("working-dir", "PATH", "where the app starts"),
];

export const oldCapabilityFlags: readonly FlagGrammar[] = [
  {
    ...text("cap-remove", "CAPABILITY[,…]", "capabilities that the app shall not have"),
    deprecated: "use --caps-remove instead",
  },
  {
    ...text("cap-retain", "CAPABILITY[,…]", "the only capabilities that the app shall have"),
    deprecated: "use --caps-retain instead",
  },
];
