import type { CommandGrammar } from "./grammar.ts";
import { imageFlags } from "./imageFlags.ts";
import {
  appFlag,
  formatFlag,
  netFlag,
  noLegendFlag,
  noOverlayFlag,
  stage1Flags,
  startFlags,
  uuidFileSaveFlag,
} from "./podFlags.ts";
import { streamFlags } from "./streamFlags.ts";

const gate = "RKT_EXPERIMENT_APP";

export const appCommands: readonly CommandGrammar[] = [
  {
    name: "app sandbox",
    usage: "[FLAGS]",
    summary: "Run a pod without apps, to which apps can be added",
    help: "Becomes the pod, as `rkt run` does.",
    examples: [{ does: "Keep the uuid for later", line: "rkt app sandbox --uuid-file-save=/run/web.uuid" }],
    flags: [
      ...stage1Flags,
      ...startFlags,
      netFlag,
      noOverlayFlag,
      {
        name: "port",
        kind: { type: "text", value: "NAME:PROTOCOL:PORT:ADDRESS:HOSTPORT" },
        repeatable: true,
        help: "lead a port of the host to a port of the pod",
      },
      {
        name: "annotation",
        kind: { type: "text", value: "NAME=VALUE" },
        repeatable: true,
        help: "an annotation of the pod",
      },
      {
        name: "user-annotation",
        kind: { type: "text", value: "NAME=VALUE" },
        repeatable: true,
        help: "an annotation of the user's own",
      },
      {
        name: "user-label",
        kind: { type: "text", value: "NAME=VALUE" },
        repeatable: true,
        help: "a label of the user's own",
      },
      uuidFileSaveFlag,
    ],
    operands: "plain",
    root: true,
    gate,
  },
  {
    name: "app add",
    usage: "UUID IMAGE [IMAGE FLAGS] [-- ARGUMENT…]",
    summary: "Add an app to a running pod",
    help: "The IMAGE is in the store already. `rkt app start` starts the app.",
    examples: [
      {
        does: "Add and start",
        line: "rkt app add 3a1f60b2 example.com/web --name=web && rkt app start 3a1f60b2 --app=web",
      },
    ],
    flags: [
      ...imageFlags,
      {
        name: "mnt-volume",
        kind: { type: "text", value: "name=NAME,kind=host,source=PATH,target=PATH" },
        perImage: true,
        repeatable: true,
        help: "a volume and its mount in one",
      },
      ...streamFlags,
    ],
    operands: "images",
    root: true,
    gate,
  },
  ...(["start", "stop", "rm"] as const).map((verb): CommandGrammar => ({
    name: `app ${verb}`,
    usage: "UUID --app=NAME",
    summary: {
      start: "Start an app of a running pod",
      stop: "Stop an app of a running pod",
      rm: "Remove an app from a pod",
    }[verb],
    help: "The pod and its other apps go on.",
    examples: [{ does: `One app of several`, line: `rkt app ${verb} 3a1f60b2 --app=web` }],
    flags: [appFlag],
    operands: "plain",
    root: true,
    gate,
  })),
  {
    name: "app list",
    usage: "[--no-legend] UUID",
    summary: "List the apps of a pod",
    help: "Name and state of each.",
    examples: [{ does: "For a script", line: "rkt app list --no-legend 3a1f60b2" }],
    flags: [noLegendFlag],
    operands: "plain",
    gate,
  },
  {
    name: "app status",
    usage: "UUID --app=NAME [--format=json]",
    summary: "Show the state of an app",
    help: "State, times and, once it has ended, the exit code.",
    examples: [{ does: "For a program", line: "rkt app status 3a1f60b2 --app=web --format=json" }],
    flags: [appFlag, formatFlag],
    operands: "plain",
    gate,
  },
  {
    name: "app exec",
    usage: "[--app=NAME] UUID [COMMAND [ARGUMENT…]]",
    summary: "Run a command inside a running app",
    help: "The same as `rkt enter`.",
    examples: [{ does: "A shell", line: "rkt app exec --app=web 3a1f60b2 /bin/sh" }],
    flags: [appFlag],
    operands: "words",
    root: true,
    gate,
  },
];
