import type { CommandGrammar } from "./grammar.ts";
import { prettyPrintFlag } from "./podFlags.ts";

export const otherCommands: readonly CommandGrammar[] = [
  {
    name: "config",
    usage: "[FLAGS]",
    summary: "Print what is configured",
    help: `The configuration folders' files of each stage as they count, as JSON. Credentials are among them: only who may
read their files sees them.`,
    examples: [{ does: "On one line", line: "rkt config --pretty-print=false" }],
    flags: [prettyPrintFlag],
    operands: "plain",
  },
  {
    name: "version",
    usage: "",
    summary: "Print whose engine this is, and its version",
    help: "The second word of the first line is always `Version:`.",
    examples: [{ does: "See it", line: "rkt version" }],
    flags: [],
    operands: "plain",
  },
  {
    name: "completion",
    usage: "SHELL",
    summary: "Print completion code for a shell",
    help: "The only SHELL that is supported is bash.",
    examples: [{ does: "In this shell", line: "source <(rkt completion bash)" }],
    flags: [],
    operands: "plain",
  },
  {
    name: "api-service",
    usage: "[--listen=ADDRESS]",
    summary: "Serve pods and images over gRPC",
    help: `Answers rkt's service v1alpha.PublicAPI: information, pods, images and logs, read-only. Listens on the sockets that
systemd hands over, or at an address. Whoever reaches it may ask.`,
    examples: [{ does: "At the usual address", line: "rkt api-service --listen=localhost:15441" }],
    flags: [
      {
        name: "listen",
        kind: { type: "text", value: "ADDRESS" },
        default: "localhost:15441",
        help: "where to listen",
      },
    ],
    operands: "plain",
  },
  {
    name: "cri",
    usage: "[--config=FILE]",
    summary: "Serve a kubelet by the interface CRI v1",
    help: `Listens at the socket that the configuration names, where only root may talk to it. Images are verified by the
same policies as those that \`rkt fetch\` brings, and lie in the same store. So far images are all that it serves: pods
are refused, and the kubelet is told so.`,
    examples: [{ does: "With a configuration of its own", line: "rkt cri --config=/etc/rkt/cri.json" }],
    flags: [
      {
        name: "config",
        kind: { type: "path" },
        default: "/etc/rkt/cri.json",
        help: "the file that says how; without it, what holds by default",
      },
    ],
    operands: "plain",
    root: true,
  },
  {
    name: "metadata-service",
    usage: "[--listen-port=PORT]",
    summary: "Serve pods what they may know about themselves",
    help: `Pods run with --mds-register find its address in AC_METADATA_URL: their uuid, manifests and annotations, and
signatures that other pods of this host can verify. They are registered at /run/rkt/metadata-svc.sock, or at a socket
that systemd hands over.`,
    examples: [{ does: "At the usual port", line: "rkt metadata-service" }],
    flags: [
      {
        name: "listen-port",
        kind: { type: "port" },
        default: "18112",
        help: "the port at which pods ask",
      },
    ],
    operands: "plain",
    root: true,
  },
  {
    name: "help",
    usage: "[COMMAND]",
    summary: "Explain a command",
    help: "The same as --help after the command.",
    examples: [{ does: "Explain one command", line: "rkt help image list" }],
    flags: [],
    operands: "plain",
  },
];
