import assert from "node:assert/strict";
import { parsePodManifest } from "../../../engine/appc/parsePodManifest.ts";
import { podInFolder } from "../../../stage1/interface/podInFolder.ts";
import { runArguments } from "../../../stage1/interface/runArguments.ts";

const uuid = "0b3c8cf5-2b54-4f4f-8c9d-0123456789ab";
const manifest = parsePodManifest('{"acVersion":"0.8.11","acKind":"PodManifest","apps":[]}');

describe("a pod of a foreign stage0", () => {
  it("asks the metadata service with the token that came with it", () => {
    const given = runArguments(["--net=host", "--mds-token=0123", uuid]);
    const { metadataUrl } = podInFolder("/pod", manifest, given, { kind: "host" });
    assert.equal(metadataUrl, "http://127.0.0.1:18112/0123");
  });

  it("asks nobody where no token came", () => {
    const pod = podInFolder("/pod", manifest, runArguments(["--net=host", uuid]), { kind: "host" });
    assert.ok(!("metadataUrl" in pod));
  });
});
