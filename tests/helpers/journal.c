/* SPDX-License-Identifier: ISC */
/* journal FILE: stands in for systemd's journal: whatever is sent to its socket is
 * written to FILE. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	FILE *to = argc == 2 ? fopen(argv[1], "w") : NULL;
	static char entry[65536];
	ssize_t length;

	if (to == NULL || fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("journal");
		return 1;
	}
	while ((length = recv(fd, entry, sizeof(entry), 0)) >= 0) {
		fwrite(entry, 1, (size_t)length, to);
		fputs("\n", to);
		fflush(to);
	}
	return 0;
}
