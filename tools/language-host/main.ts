/**
 * Pulumi's language host for Node programs, where the official one cannot be had: it runs programs, policy
 * packs and plugins with the same arguments and environment, on the Node that runs it.
 */
import grpc from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { endWithEngine } from "../../provider/protocol/lifetime.ts";
import { Children } from "./children.ts";
import { languageService } from "./service.ts";

const children = new Children();
endWithEngine("language host", () => {
  children.killAll();
  process.exit(0);
});

const server = new grpc.Server({
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
});
server.addService(
  languageGrpc.LanguageRuntimeService,
  languageService(engineAddress(process.argv), children),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(`language host: cannot listen on the loopback address: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});

/** The engine's address is the one argument that is neither a flag nor a flag's value. */
function engineAddress(argv: readonly string[]): string {
  return argv.slice(2).find((argument) => /^[^-].*:\d+$/.test(argument)) ?? "";
}
