// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/sandbox.c: finds the capabilities that this kernel requires, drops the others, and installs
 * the seccomp filter.
 */
#include "serve_sandbox.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/array.h"
#include "probe/probe.h"

/* libcap of Debian 11 does not know their names. */
#define CAP_PERFMON_NR 38
#define CAP_BPF_NR     39

/*
 * The system calls after the start: for serving (MHD and GnuTLS with their threads),
 * reading /proc, /sys and the web configuration, CPUs that come online, sd_notify.
 * No exec, no new privileges, no modules, no mounts, no tracing of others.
 */
/* clang-format off */
static const char *const allowed[] = {
	/* Files and sockets. */
	"read", "readv", "pread64", "write", "writev", "close", "close_range", "openat", "open",
	"fstat", "newfstatat", "stat", "lstat", "statx", "fstatfs", "statfs", "lseek", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "fcntl", "dup",
	"dup2", "dup3", "pipe2", "eventfd2", "ioctl", "socket", "connect", "bind", "listen",
	"accept", "accept4", "shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt",
	"sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "sendfile", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pselect6",
	"timerfd_create", "timerfd_settime", "signalfd4",
	/* Memory and threads. */
	"mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "clone", "clone3", "futex",
	"set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "sched_getscheduler",
	"sched_getparam", "membarrier", "exit", "exit_group", "gettid", "getpid", "getuid",
	"geteuid", "getgid", "getegid", "tgkill", "set_tid_address",
	/* Time, signals and limits. */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
	"restart_syscall", "getrusage", "prlimit64", "getrlimit", "getrandom", "uname", "sysinfo",
	"prctl",
	/* Measuring. */
	"bpf", "perf_event_open",
};
/* clang-format on */

struct keep {
	cap_value_t caps[2];
	int nr;
};

/* Leaves only keep in a set of capabilities. */
static int set_capabilities(const struct keep *keep, cap_flag_t flag)
{
	cap_t caps = cap_get_proc();
	int err = -ENOMEM;

	if (!caps)
		return err;
	if (!cap_clear_flag(caps, flag) &&
	    (!keep->nr || !cap_set_flag(caps, flag, keep->nr, keep->caps, CAP_SET)))
		err = cap_set_proc(caps) ? -errno : 0;
	cap_free(caps);
	return err;
}

static bool is_permitted(cap_value_t cap)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (caps)
		cap_get_flag(caps, cap, CAP_PERMITTED, &value);
	cap_free(caps);
	return value == CAP_SET;
}

static bool bpf_works(int prog_fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(prog_fd, &info, &len);
}

static bool perf_works(void)
{
	int fd = perf_event_open_software(PERF_COUNT_SW_PAGE_FAULTS_MIN, -1, 0, false);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* By trying: first without any, then with the one that should be enough. */
static int find_needed(struct keep *keep, const struct sandbox_needs *needs)
{
	int err = set_capabilities(keep, CAP_EFFECTIVE);

	if (err)
		return err;
	if (needs->prog_fd >= 0 && !bpf_works(needs->prog_fd) && is_permitted(CAP_BPF_NR))
		keep->caps[keep->nr++] = CAP_BPF_NR;
	if (!needs->perf || perf_works() || !is_permitted(CAP_PERFMON_NR))
		return 0;
	keep->caps[keep->nr++] = CAP_PERFMON_NR;
	err = set_capabilities(keep, CAP_EFFECTIVE);
	if (!err && !perf_works())
		keep->nr--;
	return err;
}

static int drop_capabilities(struct keep *keep, const struct sandbox_needs *needs)
{
	int err = find_needed(keep, needs);
	cap_value_t cap;

	if (err)
		return err;
	/* May fail without CAP_SETPCAP; without exec the bounding set does not matter. */
	for (cap = 0; CAP_IS_SUPPORTED(cap); cap++)
		cap_drop_bound(cap);
	cap_reset_ambient();
	/* Effective first, as it must be a subset of permitted. */
	err = set_capabilities(keep, CAP_EFFECTIVE);
	err = err ?: set_capabilities(keep, CAP_PERMITTED);
	err = err ?: set_capabilities(&(struct keep){ .nr = 0 }, CAP_INHERITABLE);
	return err;
}

static void format_kept(const struct keep *keep, char *kept, size_t len)
{
	int i;

	snprintf(kept, len, "%s", keep->nr ? "" : "no capability");
	for (i = 0; i < keep->nr; i++) {
		size_t used = strlen(kept);

		snprintf(kept + used, len - used, "%s%s", i ? ", " : "",
			 keep->caps[i] == CAP_BPF_NR ? "CAP_BPF" : "CAP_PERFMON");
	}
}

static int install_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < ARRAY_SIZE(allowed); i++) {
		int call = seccomp_syscall_resolve_name(allowed[i]);

		/* Some are unknown to some architectures or to an older libseccomp. */
		if (call != __NR_SCMP_ERROR)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	err = err ?: seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int sandbox_enter(const struct sandbox_needs *needs, char *kept, size_t kept_len,
		  struct error *error)
{
	struct keep keep = { .nr = 0 };
	int err = drop_capabilities(&keep, needs);

	if (err)
		return error_set(error, err, "cannot drop capabilities: %s", strerror(-err));
	format_kept(&keep, kept, kept_len);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(error, -errno, "cannot set no_new_privs: %s", strerror(errno));
	err = install_filter();
	if (err)
		error_set(error, err, "cannot install the seccomp filter: %s", strerror(-err));
	return err;
}
