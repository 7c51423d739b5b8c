/** System calls by the names of sets, as retain and remove isolators may use them. Those of rkt 1.30, kept up to date. */

const calls = (...lines: readonly string[]): readonly string[] => lines.flatMap((line) => line.split(" "));

/** Calls that change the machine and not the app. */
const machine = calls(
  "acct add_key adjtimex bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module delete_module",
  "finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module io_uring_enter",
  "io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind",
  "migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree",
  "perf_event_open pivot_root process_madvise process_vm_readv process_vm_writev ptrace query_module quotactl",
  "quotactl_fd reboot request_key set_mempolicy set_mempolicy_home_node setns settimeofday stime swapoff swapon",
  "_sysctl sysfs umount umount2 unshare uselib userfaultfd ustat vm86 vm86old",
);

/** What an app may not do where nobody says anything. */
export const machineCalls: readonly string[] = [...machine, "personality"];

const everywhere = calls(
  // files and folders
  "access chdir chmod chown chown32 chroot close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2",
  "fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl",
  "fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd",
  "getdents getdents64 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32 link linkat",
  "_llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat newfstatat open openat openat2 pipe pipe2 pread64 preadv",
  "preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile",
  "sendfile64 splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs tee truncate",
  "truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev cachestat listmount",
  "statmount",
  // their attributes
  "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr",
  "lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat",
  // waiting for several things
  "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd",
  "eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4",
  "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit",
  // memory
  "brk get_robust_list madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap",
  "mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages",
  // processes and threads
  "arch_prctl capget capset clone clone3 execve execveat exit exit_group fork futex futex_requeue futex_time64",
  "futex_wait futex_waitv futex_wake getcpu getpgid getpgrp getpid getppid getpriority getsid gettid get_thread_area",
  "ioprio_get ioprio_set kill personality pidfd_getfd pidfd_open pidfd_send_signal prctl process_mrelease",
  "restart_syscall rseq sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min",
  "sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr",
  "sched_setparam sched_setscheduler sched_yield setpgid setpriority set_robust_list setsid set_thread_area",
  "set_tid_address tgkill tkill vfork wait4 waitid waitpid",
  // signals and time
  "alarm clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64",
  "getitimer gettimeofday nanosleep pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn",
  "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo setitimer sigaltstack sigprocmask sigreturn",
  "time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64",
  "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times",
  // who one is, and what one may use
  "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid",
  "getresuid32 getrlimit getrusage getuid getuid32 prlimit64 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32",
  "setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit",
  "setuid setuid32 ugetrlimit",
  // sockets, and messages between processes
  "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg",
  "send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair",
  "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink",
  "msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget",
  // the rest that asks for no privilege
  "getrandom landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp sysinfo syslog uname",
);

const onlyOn: Readonly<Partial<Record<NodeJS.Architecture, readonly string[]>>> = {
  x64: calls("modify_ldt uretprobe"),
  arm64: calls("arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"),
};

/** `@…/all` has no list: it stands for every call there is. */
export const everyCall = "@appc.io/all";

/** The sets that have a list, on a machine of an architecture. */
export function seccompSets(
  architecture: NodeJS.Architecture = process.arch,
): Readonly<Record<string, readonly string[]>> {
  const whitelist = [...everywhere, ...(onlyOn[architecture] ?? [])];
  return {
    "@appc.io/empty": [],
    "@docker/default-blacklist": machine,
    "@docker/default-whitelist": whitelist,
    "@rkt/default-blacklist": machine,
    "@rkt/default-whitelist": whitelist,
    "@rktnetes/machine": machineCalls,
  };
}
