// Shows tests as they go, and leaves the same in JSON for whoever counts.
const { mkdirSync } = require("node:fs");
const { dirname } = require("node:path");
const { reporters } = require("mocha");

module.exports = class SpecAndJson extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOption ?? options.reporterOptions;
    mkdirSync(dirname(output), { recursive: true });
    this.json = new reporters.JSON(runner, { ...options, reporterOption: { output } });
  }

  done(failures, finished) {
    finished?.(failures);
  }
};
