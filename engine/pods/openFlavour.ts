import type { Flavour } from "../../stage1/contract.ts";
import type { EngineContext } from "../context.ts";

/** Loads no flavour but the one that is wanted. */
export async function openFlavour(
  name: Flavour["name"],
  context: Pick<EngineContext, "report">,
): Promise<Flavour> {
  switch (name) {
    case "oci": {
      const { ociFlavour } = await import("../../stage1/oci/flavour.ts");
      return ociFlavour((text) => {
        context.report.warn(text);
      });
    }
    case "fly": {
      const { fly } = await import("../../stage1/fly/fly.ts");
      return fly;
    }
    case "foreign": {
      const { foreign } = await import("../../stage1/foreign/foreign.ts");
      return foreign;
    }
    case "host": {
      const { host } = await import("../../stage1/host/host.ts");
      return host;
    }
    case "kvm": {
      const { kvm } = await import("../../stage1/kvm/kvm.ts");
      return kvm;
    }
  }
}
