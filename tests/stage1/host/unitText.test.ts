import assert from "node:assert/strict";
import { commandLine, quotedWord } from "../../../stage1/host/unitText.ts";

describe("words in a unit", () => {
  it("escape quotes, backslashes, specifiers and whatever is not plain", () => {
    assert.equal(quotedWord('a "b" \\ 50% \n ä'), '"a \\"b\\" \\\\ 50%% \\x0a \\xc3\\xa4"');
  });

  it("leave no variable for systemd to fill in where they are a command", () => {
    assert.equal(commandLine(["/bin/echo", "$HOME"]), '"/bin/echo" "$$HOME"');
  });
});
