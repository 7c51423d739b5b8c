/**
 * What starts the engine. It keeps what V8 has compiled in a folder that only root writes to, for each kind of command
 * by itself: exactly what that command calls. Most of a start would otherwise be compiling, for a pod's start ends in
 * another program, and Node.js keeps compiled code of its own accord only where it comes to its own end.
 *
 * It cannot be shipped: it belongs to one build of Node.js and one processor. V8 looks whether it may be used, but knows
 * a text by its length alone and nothing of architectures; so the name says both.
 */
export function starterText(name: string, hash: string): string {
  return `"use strict";
const { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");

const filename = __dirname + "/${name}.cjs";
// As if the text stood in a function, as it does in every module.
const text = "(function (exports, require, module, __filename, __dirname) {" + readFileSync(filename, "latin1") + "\\n})";
const build = [process.version, process.arch, "${hash}"].join("-");
const kept = "/var/cache/rkt/${name}-" + build + "-" + kindOf(process.argv.slice(2));
const script = new Script(text, { filename, cachedData: compiledBefore() });
if (script.cachedDataRejected !== false) {
  // At an end, and when the engine says that it turns into another program. A command that fails has not called all that
  // it is made of.
  process.once("exit", keep);
  process.once("beforeExit", keep);
}
script.runInThisContext()(exports, require, module, filename, __dirname);

function compiledBefore() {
  try {
    return readFileSync(kept);
  } catch {
    return undefined;
  }
}

/** The command, and what has other parts of the engine called: the flavour, and whether there is a network to make. */
function kindOf(words) {
  const command = words.find((word) => !word.startsWith("-"));
  const flavour = words.map((word) => /stage1-([a-z]+)(?:$|[.:,])/.exec(word)).find((found) => found !== null);
  const net = words.map((word) => /^--net=(none|host)$/.exec(word)).find((found) => found !== null);
  const kind = [command, flavour ? flavour[1] : "", net ? net[1] : ""].join("-");
  return /^[a-z-]{1,64}$/.test(kind) ? kind : "other";
}

/** Whoever may not, or has no room, starts a little slower: nothing to tell anybody. */
function keep(code) {
  if (code !== 0) return;
  process.removeListener("exit", keep);
  const beside = kept + "." + process.pid + ".new";
  try {
    const file = openSync(beside, "w", 0o644);
    writeFileSync(file, script.createCachedData());
    // V8 trusts what has the right head and length: a power cut must not leave one with holes.
    fsyncSync(file);
    closeSync(file);
    renameSync(beside, kept);
  } catch {}
}
`;
}
