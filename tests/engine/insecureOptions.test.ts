import assert from "node:assert/strict";
import { insecureOptionsOf, nothingInsecure } from "../../engine/insecureOptions.ts";

describe("insecureOptionsOf", () => {
  it("leaves out what is named and nothing else", () => {
    assert.deepEqual(insecureOptionsOf([]), nothingInsecure);
    assert.deepEqual(insecureOptionsOf(["none"]), nothingInsecure);
    assert.deepEqual(insecureOptionsOf(["image", "http"]), { ...nothingInsecure, image: true, http: true });
  });

  it("knows what fetching and running need", () => {
    const fetching = { image: true, tls: true, http: true, pubkey: true };
    const running = { ondisk: true, capabilities: true, paths: true, seccomp: true };
    assert.deepEqual(insecureOptionsOf(["all-fetch"]), { ...nothingInsecure, ...fetching });
    assert.deepEqual(insecureOptionsOf(["all-run"]), { ...nothingInsecure, ...running });
    assert.deepEqual(insecureOptionsOf(["all"]), { ...fetching, ...running });
  });
});
