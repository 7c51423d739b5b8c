/** Flags that several commands about pods share. */
import type { FlagGrammar } from "./grammar.ts";

export const uuidFileFlag: FlagGrammar = {
  name: "uuid-file",
  kind: { type: "path" },
  help: "read the pod's uuid from this file, and not from the command line",
};

export const formatFlag: FlagGrammar = {
  name: "format",
  kind: { type: "choice", values: ["json", "json-pretty"], refusal: "Invalid format option: " },
  help: "print JSON, on one line or indented",
};

export const noLegendFlag: FlagGrammar = {
  name: "no-legend",
  kind: { type: "bool" },
  default: "false",
  help: "leave out the line of titles",
};

export const fullFlag: FlagGrammar = {
  name: "full",
  kind: { type: "bool" },
  default: "false",
  help: "shorten nothing",
};

export const prettyPrintFlag: FlagGrammar = {
  name: "pretty-print",
  kind: { type: "bool" },
  default: "true",
  help: "indent the JSON",
};

export const appFlag: FlagGrammar = {
  name: "app",
  kind: { type: "text", value: "NAME" },
  help: "the app that is meant; not needed where the pod has only one",
};

export const uuidFileSaveFlag: FlagGrammar = {
  name: "uuid-file-save",
  kind: { type: "path" },
  help: "write the pod's uuid to this file before anything else can go wrong",
};

export const noOverlayFlag: FlagGrammar = {
  name: "no-overlay",
  kind: { type: "bool" },
  default: "false",
  help: "copy images instead of laying an overlay over them",
};

export const stage1Flags: readonly FlagGrammar[] = [
  {
    name: "stage1-from-dir",
    kind: { type: "text", value: "FILE" },
    help: "isolate the pod with an image of this file name from the folder of stage1 images",
  },
  {
    name: "stage1-hash",
    kind: { type: "text", value: "ID" },
    help: "isolate the pod with a stage1 image that is in the store",
  },
  {
    name: "stage1-name",
    kind: { type: "text", value: "NAME" },
    help: "isolate the pod with a stage1 image of this name, from the store or by discovery",
  },
  { name: "stage1-path", kind: { type: "path" }, help: "isolate the pod with a stage1 image in this file" },
  {
    name: "stage1-url",
    kind: { type: "text", value: "URL" },
    help: "isolate the pod with a stage1 image from this URL",
  },
];

export const startFlags: readonly FlagGrammar[] = [
  {
    name: "dns",
    kind: { type: "text", value: "ADDRESS" },
    repeatable: true,
    help: "a name server for the pod; `host` takes the host's resolv.conf, `none` leaves the image's",
  },
  {
    name: "dns-domain",
    kind: { type: "text", value: "DOMAIN" },
    help: "the domain in the pod's resolv.conf",
  },
  {
    name: "dns-opt",
    kind: { type: "text", value: "OPTION" },
    repeatable: true,
    help: "an option in the pod's resolv.conf",
  },
  {
    name: "dns-search",
    kind: { type: "text", value: "DOMAIN" },
    repeatable: true,
    help: "a domain that the pod's resolv.conf searches",
  },
  {
    name: "hostname",
    kind: { type: "text", value: "NAME" },
    default: "rkt-UUID",
    help: "the pod's host name",
  },
  {
    name: "hosts-entry",
    kind: { type: "text", value: "ADDRESS=NAME" },
    repeatable: true,
    help: "a line in the pod's /etc/hosts; `host` takes the host's file",
  },
];

export const netFlag: FlagGrammar = {
  name: "net",
  kind: { type: "text", value: "NETWORK[:ARGUMENTS][,…]" },
  bare: "default",
  default: "default",
  repeatable: true,
  help: "the networks of the pod: `default`, `default-restricted`, `host`, `none`, or names from net.d",
};

export const ipcFlag: FlagGrammar = {
  name: "ipc",
  kind: { type: "choice", values: ["auto", "private", "parent"] },
  default: "auto",
  help: "whether the pod has an IPC namespace of its own or the host's",
};

export const interactiveFlag: FlagGrammar = {
  name: "interactive",
  kind: { type: "bool" },
  default: "false",
  help: "connect the pod's only app to this terminal; Ctrl-] three times ends it",
};

export const mdsRegisterFlag: FlagGrammar = {
  name: "mds-register",
  kind: { type: "bool" },
  default: "false",
  help: "make the pod known to the metadata service, whose address the apps get",
};

const pullFlags = (byDefault: string): readonly FlagGrammar[] => [
  {
    name: "pull-policy",
    kind: { type: "choice", values: ["never", "new", "update"] },
    default: byDefault,
    help: "fetch images never, when the store lacks them, or when there is a newer one",
  },
  {
    name: "store-only",
    kind: { type: "bool" },
    default: "false",
    deprecated: "please use --pull-policy=never",
    help: "take images from the store only",
  },
  {
    name: "no-store",
    kind: { type: "bool" },
    default: "false",
    deprecated: "please use --pull-policy=update",
    help: "fetch images even if the store has them",
  },
];

export const runPullFlags = pullFlags("new");
export const fetchPullFlags = pullFlags("update");

export const contentFlags: readonly FlagGrammar[] = [
  {
    name: "inherit-env",
    kind: { type: "bool" },
    default: "false",
    help: "give the apps the caller's environment, below what their images set",
  },
  {
    name: "pod-manifest",
    kind: { type: "path" },
    help: "take the pod's apps and volumes from this manifest instead of the command line",
  },
  {
    name: "port",
    kind: { type: "text", value: "NAME:[ADDRESS:]PORT" },
    repeatable: true,
    help: "lead a port of the host to the port that an app declares by that name",
  },
  {
    name: "private-users",
    kind: { type: "bool" },
    default: "false",
    help: "give the pod users of its own: its root is nobody on the host",
  },
  {
    name: "set-env",
    kind: { type: "text", value: "NAME=VALUE" },
    repeatable: true,
    help: "a variable in the environment of all apps; --environment of an app wins",
  },
  {
    name: "set-env-file",
    kind: { type: "path" },
    repeatable: true,
    help: "a file of such variables, one NAME=VALUE to a line",
  },
  {
    name: "volume",
    kind: { type: "text", value: "NAME,kind=host,source=PATH | NAME,kind=empty" },
    repeatable: true,
    help: "a volume that apps can mount",
  },
];
