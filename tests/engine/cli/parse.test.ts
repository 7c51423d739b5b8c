import assert from "node:assert/strict";
import fc from "fast-check";
import { allCommands } from "../../../engine/cli/grammar/commands.ts";
import { CommandLineFault } from "../../../engine/cli/commandLineFault.ts";
import { parseCommandLine, type Environment, type ParsedLine } from "../../../engine/cli/parse.ts";

type Command = Extract<ParsedLine, { kind: "command" }>;

function parse(line: string, environment: Environment = {}): ParsedLine {
  return parseCommandLine(line === "" ? [] : line.split(" "), allCommands, environment);
}

function command(line: string, environment: Environment = {}): Command {
  const parsed = parse(line, environment);
  return parsed.kind === "command" ? parsed : assert.fail("help");
}

function refusal(line: string, environment: Environment = {}): string {
  try {
    parse(line, environment);
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${error instanceof CommandLineFault ? "Error: " : ""}${error.message}`;
  }
  return assert.fail("the line was accepted");
}

describe("parseCommandLine", () => {
  it("takes values behind = and in the next word", () => {
    assert.equal(command("gc --grace-period=1h30m").flags.duration("grace-period", 0), 5_400_000);
    assert.equal(command("gc --grace-period 10s").flags.duration("grace-period", 0), 10_000);
  });

  it("takes a bool alone or with a value, never from the next word", () => {
    assert.equal(command("list --full").flags.flag("full"), true);
    assert.equal(command("list --full=false").flags.flag("full"), false);
    assert.deepEqual(command("image rm --debug abc").words, ["abc"]);
  });

  it("takes --net and --wait without a value for what they stand for", () => {
    assert.equal(command("run --net img").flags.text("net"), "default");
    assert.equal(command("status --wait abc").flags.text("wait"), "true");
    assert.deepEqual(command("status --wait abc").words, ["abc"]);
  });

  it("finds the command behind global flags, and global flags behind the command", () => {
    assert.equal(command("--dir /data image list --debug").command.name, "image list");
    assert.equal(command("--dir /data list").flags.text("dir"), "/data");
    assert.equal(command("list --dir=/data").flags.text("dir"), "/data");
  });

  it("takes a command's beginning where only one command begins so", () => {
    assert.equal(command("im li").command.name, "image list");
    assert.match(refusal("s"), /unknown command "s" for "rkt"/);
  });

  it("ends flags at the first word of enter", () => {
    assert.deepEqual(command("enter --app=a uuid ls --help -l").words, ["uuid", "ls", "--help", "-l"]);
  });

  it("gives the words between -- and --- to the image before them", () => {
    assert.deepEqual(
      command("run one -- --net=x -- y --- two").said.map((each) =>
        each === "arguments" || "flag" in each ? "arguments" : Object.values(each)[0],
      ),
      ["one", "arguments", "--net=x", "--", "y", "two"],
    );
  });

  it("says what is unknown as cobra does", () => {
    assert.equal(refusal("list --foo"), "Error: unknown flag: --foo");
    assert.equal(refusal("list -x"), "Error: unknown shorthand flag: 'x' in -x");
    assert.equal(refusal("run --memory"), "Error: flag needs an argument: --memory");
    assert.equal(refusal("image foo"), 'Error: unknown command "foo" for "rkt image"');
    assert.equal(refusal("--foo"), "Error: unknown flag: --foo");
    assert.match(
      refusal("list --full=maybe"),
      /^Error: invalid argument "maybe" for --full=maybe: strconv.ParseBool/,
    );
    assert.match(refusal("list --format=xml"), /Invalid format option: xml/);
  });

  it("tells what is wrong behind an image as rkt does", () => {
    assert.equal(refusal("run img --foo"), "error parsing app image arguments: unknown flag: --foo");
    assert.equal(refusal("fetch img --foo"), "unable to parse arguments: unknown flag: --foo");
  });

  it("knows app only while its experiment is on, and attach always", () => {
    assert.equal(refusal("app list"), 'Error: unknown command "app" for "rkt"');
    assert.equal(command("app list x", { RKT_EXPERIMENT_APP: "true" }).command.name, "app list");
    assert.equal(command("attach x").command.name, "attach");
    assert.equal(command("run img --stdin=null").said.length, 2);
  });

  it("gives help where it is asked for, and where there is nothing to do", () => {
    assert.deepEqual(parse("run --help"), { kind: "help", command: "run", asked: true });
    assert.deepEqual(parse("help image li"), { kind: "help", command: "image list", asked: true });
    assert.deepEqual(parse("image"), { kind: "help", command: "image", asked: true });
    assert.deepEqual(parse(""), { kind: "help", command: "", asked: false });
    assert.equal(parse("run img -- --help").kind, "command");
  });

  it("reads any line or refuses it with a Fault", () => {
    const word = fc.oneof(
      fc.constantFrom(
        "run",
        "image",
        "list",
        "enter",
        "--",
        "---",
        "--net",
        "--net=",
        "-",
        "-h",
        "--dir",
        "=",
        "",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (line) => {
        try {
          parseCommandLine(line, allCommands, { RKT_EXPERIMENT_APP: "1" });
        } catch (error) {
          assert.ok(error instanceof CommandLineFault || (error as Error).name === "Fault", String(error));
        }
      }),
    );
  });
});
