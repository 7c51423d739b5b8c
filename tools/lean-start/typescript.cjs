module.exports = require("./late.cjs")("typescript");
