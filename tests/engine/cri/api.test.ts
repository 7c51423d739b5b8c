import assert from "node:assert/strict";
import { imageService, runtimeService } from "../../../engine/cri/api/services.ts";
import { signals } from "../../../engine/cri/api/signals.ts";

describe("CRI v1 as of Kubernetes 1.36", () => {
  it("has 35 calls for pods and 6 for images", () => {
    assert.equal(Object.keys(runtimeService).length, 35);
    assert.equal(Object.keys(imageService).length, 6);
  });

  it("numbers signals as the interface does", () => {
    const numbers = [
      "SIGKILL",
      "SIGTERM",
      "SIGUSR1",
      "SIGRTMIN",
      "SIGRTMINPLUS15",
      "SIGRTMAXMINUS14",
      "SIGRTMAX",
    ];
    assert.deepEqual(
      numbers.map((name) => signals.indexOf(name)),
      [13, 23, 29, 35, 50, 51, 65],
    );
  });

  it("reads what a kubelet sends to run a pod", () => {
    const { RunPodSandbox } = runtimeService;
    const sent = RunPodSandbox.request.encode({
      config: {
        metadata: { name: "web", uid: "u", namespace: "default", attempt: 1 },
        labels: new Map([["app", "web"]]),
        linux: {
          cgroupParent: "/kubepods.slice",
          securityContext: { namespaceOptions: { network: "NODE" }, runAsUser: { value: -1n } },
        },
      },
      runtimeHandler: "rkt-oci",
    });
    const { config, runtimeHandler } = RunPodSandbox.request.decode(sent);
    assert.equal(runtimeHandler, "rkt-oci");
    assert.deepEqual(config?.labels, new Map([["app", "web"]]));
    const context = config.linux?.securityContext;
    assert.equal(context?.namespaceOptions?.network, "NODE");
    assert.equal(context.runAsUser?.value, -1n);
    assert.equal(context.runAsGroup, undefined);
  });
});
