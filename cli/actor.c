/* SPDX-License-Identifier: ISC */
#include "actor.h"

#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool name_of(uid_t uid, char *ret, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;
	bool found = false;

	if (!file)
		return false;
	while (!found && (entry = fgetpwent(file)))
		if (entry->pw_uid == uid) {
			(void)snprintf(ret, size, "%s", entry->pw_name);
			found = true;
		}
	(void)fclose(file);
	return found;
}

/* Users of a directory service are not in /etc/passwd: sudo's own word is then
 * the best there is, if it looks like a name. */
static bool plain(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._@+-\\", name[i]))
			return false;
	return length > 0 && length <= 64;
}

static bool by_sudo(char ret[ACTOR_TEXT])
{
	const char *text = getenv("SUDO_UID"), *user = getenv("SUDO_USER");
	char name[100], *end;
	unsigned long uid;

	if (getuid() != 0 || !text || !isdigit((unsigned char)*text))
		return false;
	uid = strtoul(text, &end, 10);
	if (*end || uid > 0xfffffffeUL)
		return false;
	if (!name_of((uid_t)uid, name, sizeof(name))) {
		if (plain(user))
			(void)snprintf(name, sizeof(name), "%s", user);
		else
			(void)snprintf(name, sizeof(name), "uid %lu", uid);
	}
	(void)snprintf(ret, ACTOR_TEXT, "%s (sudo)", name);
	return true;
}

/* The system service that this process is part of: "0::/system.slice/x.service". */
static bool by_unit(char ret[ACTOR_TEXT])
{
	static const char start[] = "0::/system.slice/";
	FILE *file = getenv("INVOCATION_ID") ? fopen("/proc/self/cgroup", "re") : NULL;
	char line[512];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		const char *unit = strrchr(line, '/');
		size_t length;

		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, start, sizeof(start) - 1) != 0 || !unit)
			continue;
		length = strlen(++unit);
		if (length > 8 && length < ACTOR_TEXT &&
		    strcmp(unit + length - 8, ".service") == 0) {
			memcpy(ret, unit, length + 1);
			found = true;
		}
	}
	(void)fclose(file);
	return found;
}

void actor_find(char ret_actor[ACTOR_TEXT])
{
	if (by_sudo(ret_actor) || by_unit(ret_actor) || name_of(getuid(), ret_actor, ACTOR_TEXT))
		return;
	(void)snprintf(ret_actor, ACTOR_TEXT, "uid %lu", (unsigned long)getuid());
}
