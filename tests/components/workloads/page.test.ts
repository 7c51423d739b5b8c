import assert from "node:assert/strict";
import { PAGE_DIRECTORY, PAGE_TEXT, pageState } from "../../../components/workloads/page.ts";
import { assertGolden } from "../golden.ts";
import { renderedState, textOf } from "../rendered-state.ts";

describe("pageState", () => {
  it("is what its golden file shows", () => {
    assertGolden("one/page", renderedState(pageState()));
  });

  it("keeps a copy from which a boot brings the page back", () => {
    const files = pageState().files ?? {};
    const textAt = (path: string): string => textOf(files[path]?.content ?? "");
    const restored = /^C (\S+) \S+ \S+ \S+ - (\S+)$/m.exec(textAt("/etc/tmpfiles.d/rktnetes-page.conf"));
    assert.equal(restored?.[1], `${PAGE_DIRECTORY}/index.html`);
    for (const path of restored.slice(1)) assert.equal(textAt(path), `${PAGE_TEXT}\n`);
  });
});
