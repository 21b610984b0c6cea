// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/task.c: which process a task belongs to.
 */
#include "task.h"

#include <stdlib.h>

#include "procfs.h"

int task_tgid(int id)
{
	char value[16];

	return procfs_status(id, "Tgid", value, sizeof(value)) ? 0 : atoi(value);
}
