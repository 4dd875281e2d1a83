/* SPDX-License-Identifier: ISC */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int prg_error_set(struct prg_error *err, int code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return code;
}

static int code_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return PRG_E_PERMISSION;
	case ENOMEM:
		return PRG_E_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return PRG_E_FULL;
	default:
		return PRG_E_FAILED;
	}
}

int prg_error_errno(struct prg_error *err, int errnum, const char *format, ...)
{
	int code = code_of_errno(errnum);
	char text[128];
	va_list args;
	size_t length;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	length = strlen(err->message);
	snprintf(err->message + length, sizeof(err->message) - length, ": %s",
	         strerror_r(errnum, text, sizeof(text)));
	return code;
}

int prg_error_wrap(struct prg_error *err, int code, const char *format, ...)
{
	char inner[sizeof(err->message)];
	va_list args;
	size_t length;

	if (err == NULL)
		return code;
	memcpy(inner, err->message, sizeof(inner));
	inner[sizeof(inner) - 1] = '\0';
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	length = strlen(err->message);
	snprintf(err->message + length, sizeof(err->message) - length, ": %s", inner);
	err->code = code;
	return code;
}

int prg_error_nomem(struct prg_error *err)
{
	return prg_error_set(err, PRG_E_NOMEM, "out of memory");
}

int prg_exit_code(int code)
{
	if (code >= 0)
		return 0;
	if (code >= PRG_E_PERMISSION)
		return -code;
	return -PRG_E_FAILED;
}

const char *prg_code_name(int code)
{
	switch (code) {
	case PRG_OK:
		return "ok";
	case PRG_E_USAGE:
		return "usage";
	case PRG_E_CONFLICT:
		return "conflict";
	case PRG_E_NOT_APPLIED:
		return "not_applied";
	case PRG_E_NOT_FOUND:
		return "not_found";
	case PRG_E_PERMISSION:
		return "permission";
	case PRG_E_NOMEM:
		return "no_memory";
	case PRG_E_BUSY:
		return "busy";
	case PRG_E_CORRUPT:
		return "corrupt";
	case PRG_E_UNSUPPORTED:
		return "unsupported";
	case PRG_E_FULL:
		return "full";
	default:
		return "failed";
	}
}

const char *prg_version(void)
{
	return PRG_VERSION;
}
