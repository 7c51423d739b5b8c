/** The interface's own numbering of signals: by their names, and 0 for what the image or the runtime chooses. */
const named = [
  ...["SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT"],
  ...[
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGSEGV",
    "SIGSTKFLT",
  ],
  ...[
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
  ],
  ...["SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN"],
];
const afterLeast = Array.from({ length: 15 }, (_, index) => `SIGRTMINPLUS${index + 1}`);
const beforeMost = Array.from({ length: 14 }, (_, index) => `SIGRTMAXMINUS${14 - index}`);

export const signals: readonly [string, ...string[]] = [
  "RUNTIME_DEFAULT",
  ...named,
  ...afterLeast,
  ...beforeMost,
  "SIGRTMAX",
];
