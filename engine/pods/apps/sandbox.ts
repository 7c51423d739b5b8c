import { Fault } from "../../../errors/fault.ts";
import type { Annotation } from "../../appc/imageManifest.ts";
import { replaceFileSync } from "../../wholeFiles.ts";
import type { PodParts } from "../parts.ts";
import { mutableAnnotation } from "../podFolders.ts";
import { preparePod } from "../preparePod.ts";
import type { ImagesOfPod, PrepareRequest, StartRequest } from "../requests.ts";
import { becomePod } from "../runPod.ts";

/** `rkt app sandbox`. */
export interface SandboxRequest {
  readonly pod: Pick<ImagesOfPod, "ports" | "userAnnotations" | "userLabels">;
  readonly annotations: readonly Annotation[];
  readonly stage1: PrepareRequest["stage1"];
  readonly noOverlay: boolean;
  readonly start: StartRequest;
  readonly uuidFileSave?: string;
}

/** Becomes a pod without apps, to which apps can be added while it runs. */
export async function runSandbox(parts: PodParts, request: SandboxRequest): Promise<never> {
  const { uuidFileSave } = request;
  const prepared = await preparePod(
    parts,
    {
      content: {
        from: "images",
        apps: [],
        volumes: [],
        mounts: [],
        pullPolicy: "never",
        inheritEnvironment: false,
        setEnvironment: [],
        annotations: [...request.annotations, { name: mutableAnnotation, value: "true" }],
        ...request.pod,
      },
      stage1: request.stage1,
      privateUsers: false,
      noOverlay: request.noOverlay,
    },
    "run",
    (uuid) => {
      if (uuidFileSave !== undefined) replaceFileSync(uuidFileSave, uuid);
    },
  );
  const flavour = await parts.flavour(prepared.flavour);
  if (flavour.apps === undefined && flavour.name !== "foreign") {
    throw new Fault({ what: "stage1 does not support mutable pods" });
  }
  return await becomePod(parts, prepared, request.start);
}
