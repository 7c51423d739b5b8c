import { metadataPort, registrationFolder, registrationSocket } from "../../metadata/places.ts";
import { serveMetadata } from "../../metadata/serveMetadata.ts";
import { inheritedSockets } from "../../services/inheritedSockets.ts";
import { untilTold } from "../../services/untilTold.ts";
import type { Command } from "../command.ts";

export const metadataService: Command = async ({ flags, report }) => {
  const [inherited] = inheritedSockets(process.env);
  const service = await serveMetadata({
    folder: registrationFolder,
    pods: { host: "0.0.0.0", port: Number(flags.text("listen-port") ?? metadataPort) },
    stage0: inherited === undefined ? { path: registrationSocket } : { fd: inherited },
    warn: (text) => {
      report.warn(text);
    },
  });
  report.line(`metadata service running on port ${service.port}`);
  await untilTold();
  report.line("metadata service exiting...");
  service.close();
  return 0;
};
