import type { CommandGrammar, FlagGrammar } from "./grammar.ts";
import { signatureFlag } from "./imageFlags.ts";
import { fetchPullFlags, formatFlag, fullFlag, netFlag, noLegendFlag, prettyPrintFlag } from "./podFlags.ts";

const overwriteFlag: FlagGrammar = {
  name: "overwrite",
  kind: { type: "bool" },
  default: "false",
  help: "replace what is there",
};

const rootfsOnlyFlag: FlagGrammar = {
  name: "rootfs-only",
  kind: { type: "bool" },
  default: "false",
  help: "leave out the manifest",
};

const fetch: CommandGrammar = {
  name: "fetch",
  usage: "IMAGE [--signature=FILE] [IMAGE…]",
  summary: "Fetch images into the store",
  help: `Obtains images, checks who signed them and keeps them. Prints the id of each.

An IMAGE is a file, a URL (https://, docker://) or a name to be discovered. No image is kept that nobody trusted signed,
unless --insecure-options=image says so.`,
  examples: [
    { does: "Fetch by name", line: "rkt fetch example.com/worker:1.0" },
    { does: "Fetch a file and its signature", line: "rkt fetch ./worker.aci --signature=./worker.aci.asc" },
  ],
  flags: [{ ...fullFlag, help: "print the whole id" }, ...fetchPullFlags, signatureFlag],
  operands: "images",
};

const imageHelp = "An IMAGE is an id, the beginning of one, or a name.";

export const imageListFields = ["id", "name", "size", "importtime", "lastused"] as const;
export const imageSortFields = ["name", "importtime", "lastused", "size"] as const;

export const imageCommands: readonly CommandGrammar[] = [
  fetch,
  { ...fetch, name: "image fetch", alias: "fetch" },
  {
    name: "image list",
    usage: "[FLAGS]",
    summary: "List the images in the store",
    help: "Times are of import and of last use.",
    examples: [
      { does: "The largest first", line: "rkt image list --sort=size --order=desc" },
      { does: "Ids alone", line: "rkt image list --fields=id --no-legend --full" },
    ],
    flags: [
      {
        name: "fields",
        kind: { type: "choices", values: imageListFields },
        default: imageListFields.join(","),
        help: "which columns to print",
      },
      formatFlag,
      fullFlag,
      noLegendFlag,
      {
        name: "order",
        kind: { type: "choice", values: ["asc", "desc"], refusal: "wrong sort order" },
        default: "asc",
        help: "the order of sorting",
      },
      {
        name: "sort",
        kind: { type: "choices", values: imageSortFields },
        default: "importtime",
        help: "what to sort by",
      },
    ],
    operands: "plain",
  },
  {
    name: "image rm",
    usage: "IMAGE…",
    summary: "Remove images from the store",
    help: imageHelp,
    examples: [{ does: "Remove by name", line: "rkt image rm example.com/worker:1.0" }],
    flags: [],
    operands: "plain",
  },
  {
    name: "image gc",
    usage: "[FLAGS]",
    summary: "Remove images that nothing used for a while",
    help: "Takes away rendered trees that no pod uses, then images that were not used during the grace period.",
    examples: [{ does: "Keep a week's images", line: "rkt image gc --grace-period=168h" }],
    flags: [
      {
        name: "grace-period",
        kind: { type: "duration" },
        default: "24h0m0s",
        help: "how long an unused image stays",
      },
    ],
    operands: "plain",
  },
  {
    name: "image export",
    usage: "[FLAGS] IMAGE OUTPUT.aci",
    summary: "Save an image of the store as a file",
    help: imageHelp,
    examples: [{ does: "Take an image elsewhere", line: "rkt image export example.com/worker worker.aci" }],
    flags: [overwriteFlag],
    operands: "plain",
  },
  {
    name: "image extract",
    usage: "[FLAGS] IMAGE FOLDER",
    summary: "Unpack an image without what it depends on",
    help: imageHelp,
    examples: [
      { does: "Look into an image", line: "rkt image extract --rootfs-only example.com/worker ./worker" },
    ],
    flags: [overwriteFlag, rootfsOnlyFlag],
    operands: "plain",
  },
  {
    name: "image render",
    usage: "[FLAGS] IMAGE FOLDER",
    summary: "Unpack an image together with what it depends on",
    help: imageHelp,
    examples: [{ does: "See what an app will see", line: "rkt image render example.com/worker ./worker" }],
    flags: [overwriteFlag, rootfsOnlyFlag],
    operands: "plain",
  },
  {
    name: "image verify",
    usage: "IMAGE…",
    summary: "Check rendered images against the sums taken when they were made",
    help: `${imageHelp} A tree that was changed is made anew.`,
    examples: [{ does: "Check one image", line: "rkt image verify example.com/worker" }],
    flags: [],
    operands: "plain",
  },
  {
    name: "image build",
    usage: "[FLAGS] DESCRIPTION OUTPUT.aci",
    summary: "Make an image from a description",
    help: `A DESCRIPTION is a file in YAML or JSON: what the image is called and runs, what it is built upon, which files of the
description's folder go into it, and which commands change it. The same inputs make the same bytes. Prints the id.`,
    examples: [
      {
        does: "Make an image and sign it",
        line: "rkt image build --sign=images@example.com hello.yaml hello.aci",
      },
      { does: "Let its steps reach the network", line: "rkt image build --net=host nginx.yaml nginx.aci" },
    ],
    flags: [
      overwriteFlag,
      {
        ...netFlag,
        default: "none",
        help: "the networks that steps which run may use, as for `rkt run`",
      },
      {
        name: "dns",
        kind: { type: "text", value: "ADDRESS" },
        repeatable: true,
        help: "a name server for them; with a network, the host's resolv.conf where nothing is said",
      },
      {
        name: "sign",
        kind: { type: "text", value: "USER" },
        bare: "",
        help: "sign the image with a key that gpg holds; OUTPUT.aci.asc is the signature",
      },
      {
        name: "sign-key",
        kind: { type: "path" },
        help: "sign the image with the private key in a file",
      },
    ],
    operands: "plain",
  },
  {
    name: "image cat-manifest",
    usage: "[FLAGS] IMAGE",
    summary: "Print an image's manifest",
    help: imageHelp,
    examples: [{ does: "What an image runs", line: "rkt image cat-manifest example.com/worker" }],
    flags: [prettyPrintFlag],
    operands: "plain",
  },
  {
    name: "trust",
    usage: "[FLAGS] [KEY…]",
    summary: "Trust a key to sign images",
    help: `Shows each key and asks before it keeps it. A KEY is a file or a URL; without one, keys are discovered at the prefix.
A key counts for images whose names begin with the prefix, or for all images with --root.`,
    examples: [
      { does: "Trust what the owner of a name publishes", line: "rkt trust --prefix=example.com/worker" },
      {
        does: "Trust a file for one prefix, unattended",
        line: "rkt trust --prefix=example.com --skip-fingerprint-review ./key.asc",
      },
    ],
    flags: [
      {
        name: "insecure-allow-http",
        kind: { type: "bool" },
        default: "false",
        help: "let keys be discovered and fetched over plain http",
      },
      {
        name: "prefix",
        kind: { type: "text", value: "PREFIX" },
        help: "the beginning of the names that the key may sign",
      },
      { name: "root", kind: { type: "bool" }, default: "false", help: "trust the key for every image" },
      {
        name: "skip-fingerprint-review",
        kind: { type: "bool" },
        default: "false",
        help: "do not ask",
      },
    ],
    operands: "plain",
  },
];
