/** What a command line may say, as data: the parser, the help, the completion and the manual pages all read it. */

export interface FlagGrammar {
  readonly name: string;
  readonly kind: FlagKind;
  /** What the flag stands for when it is there without a value; a flag of kind `bool` has `true`. */
  readonly bare?: string;
  /** As shown in the help. */
  readonly default?: string;
  /** One sentence, without its full stop. */
  readonly help: string;
  readonly hidden?: boolean;
  /** What to say instead. The flag still works. */
  readonly deprecated?: string;
  /** Belongs to the image before it. */
  readonly perImage?: boolean;
  readonly repeatable?: boolean;
  /** Only there while this variable of the environment is true. */
  readonly gate?: string;
}

export type FlagKind =
  | { readonly type: "bool" }
  | { readonly type: "text"; /** What a value is, in capitals. */ readonly value: string }
  | { readonly type: "path" }
  /** An absolute folder. */
  | { readonly type: "folder" }
  | { readonly type: "duration" }
  | { readonly type: "port" }
  | {
      readonly type: "choice";
      readonly values: readonly string[];
      /** What rkt says of another value. */ readonly refusal?: string;
    }
  /** Several of the values, separated by commas. */
  | { readonly type: "choices"; readonly values: readonly string[] };

export interface CommandGrammar {
  /** The words that call it, such as `image list`. */
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  /** One line, without its full stop. */
  readonly summary: string;
  readonly help: string;
  readonly examples: readonly Example[];
  readonly flags: readonly FlagGrammar[];
  /** How its words are read: `images` may have arguments and flags of their own; `words` ends flags at the first word. */
  readonly operands: "plain" | "words" | "images";
  /** Needs root. */
  readonly root?: boolean;
  /** Only there while this variable of the environment is true. */
  readonly gate?: string;
  /** The command is a further name of this one. */
  readonly alias?: string;
}

export interface Example {
  readonly does: string;
  readonly line: string;
}
