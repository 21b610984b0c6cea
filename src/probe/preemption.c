// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/preemption.c: finds whether the kernel preempts tasks in kernel mode.
 */
#include "probe_preemption.h"

#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>

#include "proc/procfs.h"

static bool is_preemptible_model(const char *model, size_t len)
{
	return !((len == 4 && !strncmp(model, "none", len)) ||
		 (len == 9 && !strncmp(model, "voluntary", len)));
}

bool preemption_possible(const char *models, const char *cmdline, const char *version)
{
	const char *model = models ? strchr(models, '(') : NULL;

	/* "none (voluntary) full": the one in use is in parentheses. */
	if (model)
		return is_preemptible_model(model + 1, strcspn(model + 1, ")"));
	if (!strstr(version, "PREEMPT"))
		return false;
	if (!strstr(version, "PREEMPT_DYNAMIC"))
		return true;
	model = cmdline ? strstr(cmdline, "preempt=") : NULL;
	/* Not known: what a kernel was built with is not in its version. */
	if (!model || (model != cmdline && model[-1] != ' '))
		return true;
	model += strlen("preempt=");
	return is_preemptible_model(model, strcspn(model, " \n"));
}

bool preemption_read(void)
{
	char models[128], cmdline[4096];
	bool has_models, has_cmdline;
	struct utsname name;

	if (uname(&name))
		return true;
	has_models = !procfs_read_text("/sys/kernel/debug/sched/preempt", models, sizeof(models));
	has_cmdline = !procfs_read_text("/proc/cmdline", cmdline, sizeof(cmdline));
	return preemption_possible(has_models ? models : NULL, has_cmdline ? cmdline : NULL,
				   name.version);
}
