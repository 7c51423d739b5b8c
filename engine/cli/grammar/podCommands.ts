import type { CommandGrammar } from "./grammar.ts";
import { imageFlags, oldCapabilityFlags, signatureFlag } from "./imageFlags.ts";
import {
  appFlag,
  contentFlags,
  formatFlag,
  fullFlag,
  interactiveFlag,
  ipcFlag,
  mdsRegisterFlag,
  netFlag,
  noLegendFlag,
  noOverlayFlag,
  prettyPrintFlag,
  runPullFlags,
  stage1Flags,
  startFlags,
  uuidFileFlag,
  uuidFileSaveFlag,
} from "./podFlags.ts";
import { streamFlags } from "./streamFlags.ts";

const imagesHelp = `An IMAGE is an id in the store, a file, a URL (https://, docker://) or a name to be discovered, tried in this order.
Flags that belong to one image follow it. Words after -- are arguments of the image before it; --- ends them.`;

export const podCommands: readonly CommandGrammar[] = [
  {
    name: "run",
    usage: "[FLAGS] IMAGE [IMAGE FLAGS] [-- ARGUMENT… [---]] [IMAGE…]",
    summary: "Run images as one pod",
    help: `Fetches what is missing, prepares a pod of the images and becomes it: the pod is a child of whoever started this
command, and the command's exit code is the app's.

${imagesHelp}`,
    examples: [
      { does: "Run an app without a network", line: "rkt run --net=none example.com/worker:1.0" },
      { does: "Run a shell", line: "rkt run --interactive docker://debian:12 --exec /bin/bash" },
      {
        does: "Run two apps that share a volume",
        line: "rkt run --volume data,kind=host,source=/srv/data --mount volume=data,target=/data example.com/web -- --port 80 --- example.com/sync --memory=64M",
      },
    ],
    flags: [
      ...stage1Flags,
      ...startFlags,
      ipcFlag,
      netFlag,
      interactiveFlag,
      mdsRegisterFlag,
      noOverlayFlag,
      ...contentFlags,
      ...runPullFlags,
      uuidFileSaveFlag,
      signatureFlag,
      ...imageFlags,
      ...oldCapabilityFlags,
      ...streamFlags,
    ],
    operands: "images",
    root: true,
  },
  {
    name: "prepare",
    usage: "[FLAGS] IMAGE [IMAGE FLAGS] [-- ARGUMENT… [---]] [IMAGE…]",
    summary: "Prepare images to be run as one pod",
    help: `Does all that can be done before a pod runs, and prints its uuid. "rkt run-prepared UUID" runs it, once.

${imagesHelp}`,
    examples: [
      { does: "Prepare a pod and run it", line: 'rkt run-prepared "$(rkt prepare --quiet example.com/web)"' },
    ],
    flags: [
      ...stage1Flags,
      noOverlayFlag,
      ...contentFlags,
      ...runPullFlags,
      {
        name: "quiet",
        kind: { type: "bool" },
        default: "false",
        help: "print nothing on standard output but the uuid",
      },
      signatureFlag,
      ...imageFlags,
      ...oldCapabilityFlags,
      ...streamFlags,
    ],
    operands: "images",
    root: true,
  },
  {
    name: "run-prepared",
    usage: "[FLAGS] UUID",
    summary: "Run a prepared pod",
    help: "Becomes a pod that `rkt prepare` made. The beginning of a uuid is enough where it is the only one.",
    examples: [{ does: "Run it in the host's network", line: "rkt run-prepared --net=host 3a1f60b2" }],
    flags: [
      ...startFlags,
      ipcFlag,
      netFlag,
      interactiveFlag,
      mdsRegisterFlag,
      { ...noOverlayFlag, hidden: true },
    ],
    operands: "plain",
    root: true,
  },
  {
    name: "list",
    usage: "[FLAGS]",
    summary: "List pods",
    help: "One line for each app, those of a pod below each other.",
    examples: [{ does: "All of it, for a program to read", line: "rkt list --format=json" }],
    flags: [formatFlag, fullFlag, noLegendFlag],
    operands: "plain",
  },
  {
    name: "status",
    usage: "[FLAGS] UUID",
    summary: "Show the state of a pod",
    help: `Prints state, times, networks, the first process and, once they have ended, the exit codes of the apps.

Both waiting flags take true, false or a duration such as 30s, after which the command goes on in any case.`,
    examples: [{ does: "Wait for the end of a pod", line: "rkt status --wait 3a1f60b2" }],
    flags: [
      formatFlag,
      uuidFileFlag,
      {
        name: "wait",
        kind: { type: "text", value: "BOOL|DURATION" },
        bare: "true",
        default: "false",
        help: "wait until the pod has ended",
      },
      {
        name: "wait-ready",
        kind: { type: "text", value: "BOOL|DURATION" },
        bare: "true",
        default: "false",
        help: "wait until the pod is ready",
      },
    ],
    operands: "plain",
  },
  {
    name: "enter",
    usage: "[--app=NAME] UUID [COMMAND [ARGUMENT…]]",
    summary: "Run a command inside a running app",
    help: `The command gets the namespaces, cgroup, user, capabilities and system call filter of the app: no more than the app
itself may do. Without a command it is /bin/bash.`,
    examples: [
      { does: "A shell in a pod's only app", line: "rkt enter 3a1f60b2" },
      { does: "One command in one of several apps", line: "rkt enter --app=web 3a1f60b2 /bin/ps aux" },
    ],
    flags: [appFlag],
    operands: "words",
    root: true,
  },
  {
    name: "stop",
    usage: "[--force] UUID…",
    summary: "Stop pods",
    help: "Asks the apps to end; with --force they end at once.",
    examples: [{ does: "Stop a pod that ignores being asked", line: "rkt stop --force 3a1f60b2" }],
    flags: [
      { name: "force", kind: { type: "bool" }, default: "false", help: "end the apps without asking them" },
      uuidFileFlag,
    ],
    operands: "plain",
    root: true,
  },
  {
    name: "rm",
    usage: "UUID…",
    summary: "Remove pods that have ended",
    help: "Takes away all that pods have left: files, mounts, networks.",
    examples: [
      {
        does: "Remove the pod whose uuid `rkt run --uuid-file-save` kept",
        line: "rkt rm --uuid-file=/run/web.uuid",
      },
    ],
    flags: [uuidFileFlag],
    operands: "plain",
    root: true,
  },
  {
    name: "gc",
    usage: "[FLAGS]",
    summary: "Collect pods that have ended",
    help: `Moves pods that have ended to the garbage, and removes those that have been there for the grace period. Meant to be
run from a timer, as the package's rkt-gc.timer does.`,
    examples: [{ does: "Remove everything that has ended", line: "rkt gc --grace-period=0s" }],
    flags: [
      {
        name: "expire-prepared",
        kind: { type: "duration" },
        default: "24h0m0s",
        help: "how long a prepared pod may wait to be run",
      },
      {
        name: "grace-period",
        kind: { type: "duration" },
        default: "30m0s",
        help: "how long a pod that has ended stays",
      },
      {
        name: "mark-only",
        kind: { type: "bool" },
        default: "false",
        help: "move pods to the garbage and remove none",
      },
    ],
    operands: "plain",
    root: true,
  },
  {
    name: "export",
    usage: "[FLAGS] UUID OUTPUT.aci",
    summary: "Save an app of a pod that has ended as an image",
    help: "The image holds the app's files as the app left them.",
    examples: [{ does: "Keep what an app wrote", line: "rkt export --app=web 3a1f60b2 web-as-it-was.aci" }],
    flags: [
      appFlag,
      { name: "overwrite", kind: { type: "bool" }, default: "false", help: "replace the output file" },
    ],
    operands: "plain",
  },
  {
    name: "cat-manifest",
    usage: "[FLAGS] UUID",
    summary: "Print a pod's manifest",
    help: "The manifest as the pod runs by it: images by their ids, flags worked in.",
    examples: [{ does: "Which image runs", line: "rkt cat-manifest 3a1f60b2" }],
    flags: [prettyPrintFlag, uuidFileFlag],
    operands: "plain",
  },
  {
    name: "attach",
    usage: "[FLAGS] UUID",
    summary: "Connect to a running app",
    help: `Connects this terminal to an app that was run with --stdin, --stdout or --stderr set to stream, or all of them to
tty. Any number may be attached at once, and the app does not notice when one leaves. An app never waits for those who
read; what one does not read in time is lost to that one, which is told.

Leave a terminal with Ctrl-] three times within a second, and anything else with Ctrl-C. With --mode=auto the app's input
stays open when this one's ends; where stdin is named it ends too, unless somebody else types.`,
    examples: [
      { does: "See which streams there are", line: "rkt attach --mode=list --app=web 3a1f60b2" },
      { does: "Follow the output alone", line: "rkt attach --mode=stdout,stderr 3a1f60b2" },
    ],
    flags: [
      appFlag,
      {
        name: "mode",
        kind: { type: "text", value: "auto|list|STREAM[,…]" },
        default: "auto",
        help: "what to connect: all there is, or stdin, stdout, stderr; tty, tty-in, tty-out",
      },
    ],
    operands: "plain",
    root: true,
  },
];
