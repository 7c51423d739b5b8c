import { insecureOptionNames } from "../../insecureOptions.ts";
import type { FlagGrammar } from "./grammar.ts";

/** Flags that every command takes, at any place where it takes flags. */
export const globalFlags: readonly FlagGrammar[] = [
  {
    name: "debug",
    kind: { type: "bool" },
    default: "false",
    help: "say more on standard error, and where errors come from",
  },
  {
    name: "dir",
    kind: { type: "folder" },
    default: "/var/lib/rkt",
    help: "the folder of images and pods",
  },
  {
    name: "insecure-options",
    kind: { type: "choices", values: insecureOptionNames },
    default: "none",
    repeatable: true,
    help: "which safeguards to leave out",
  },
  {
    name: "local-config",
    kind: { type: "folder" },
    default: "/etc/rkt",
    help: "the folder of what the administrator configures",
  },
  {
    name: "system-config",
    kind: { type: "folder" },
    default: "/usr/lib/rkt",
    help: "the folder of what packages configure",
  },
  {
    name: "user-config",
    kind: { type: "folder" },
    help: "the folder of what one user configures",
  },
  {
    name: "trust-keys-from-https",
    kind: { type: "bool" },
    default: "false",
    help: "trust keys that were fetched over https without asking",
  },
];
