/* SPDX-License-Identifier: ISC */
#include "base/vault.h"

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peerage.h"

#define UNIT ((size_t)1024)
#define UNITS 256 /* of a usual stretch */
#define USUAL (UNIT * UNITS)
#define TAIL 16 /* behind each block */
#define STEP ((size_t)16 << 10) /* is locked at a time, for the kernel then finds the memory */

struct stretch {
	struct stretch *next;
	unsigned char *memory; /* between the guards */
	size_t size;
	size_t alone;          /* bytes of its one block; 0: it has room for many, of units */
	size_t locked;         /* bytes, or as many as could be */
	unsigned taken;        /* units */
	unsigned short length[UNITS]; /* of the block that begins there; 0: none does */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct stretch *stretches;
static unsigned char tail[TAIL];

/* ---------------------------------------------------------------- sanitizers */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PRG_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(PRG_ASAN)
#include <sanitizer/asan_interface.h>
#define CLOSE(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define OPEN(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define CLOSE(memory, size) ((void)(memory), (void)(size))
#define OPEN(memory, size) ((void)(memory), (void)(size))
#endif

/* ----------------------------------------------------------------- stretches */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Its first bytes, before they are used. */
static void lock(struct stretch *stretch, size_t size)
{
	size_t to = (size + STEP - 1) / STEP * STEP;

	if (to > stretch->size)
		to = stretch->size;
	if (to <= stretch->locked)
		return;
	(void)mlock(stretch->memory + stretch->locked, to - stretch->locked);
	stretch->locked = to;
}

static void unmap(struct stretch *stretch)
{
	size_t guard = page_size();

	OPEN(stretch->memory, stretch->size);
	(void)munmap(stretch->memory - guard, stretch->size + 2 * guard);
	free(stretch);
}

/* `size` is of whole pages. */
static struct stretch *map(size_t size)
{
	size_t guard = page_size();
	struct stretch *stretch = calloc(1, sizeof(*stretch));
	unsigned char *memory;

	if (stretch == NULL)
		return NULL;
	memory = mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		free(stretch);
		return NULL;
	}
	stretch->memory = memory + guard;
	stretch->size = size;
	if (mprotect(stretch->memory, size, PROT_READ | PROT_WRITE) != 0) {
		unmap(stretch);
		return NULL;
	}
	(void)madvise(stretch->memory, size, MADV_DONTDUMP);
	CLOSE(stretch->memory, size);
	stretch->next = stretches;
	stretches = stretch;
	return stretch;
}

/* -------------------------------------------------------------------- blocks */

size_t prg_vault_size(size_t size)
{
	if (size > SIZE_MAX / 4)
		return 0;
	return (size + TAIL + UNIT - 1) / UNIT * UNIT - TAIL;
}

/* The first of n units that are free and stand together. UNITS: there are none. */
static size_t find(const struct stretch *stretch, size_t n)
{
	size_t at = 0;

	while (UNITS - stretch->taken >= n && at + n <= UNITS) {
		size_t end = at;

		while (end < at + n && stretch->length[end] == 0)
			end++;
		if (end == at + n)
			return at;
		at = end + stretch->length[end];
	}
	return UNITS;
}

static unsigned char *take_shared(size_t n)
{
	struct stretch *stretch = stretches;
	unsigned char *block;
	size_t at = UNITS;

	while (stretch != NULL && (stretch->alone || (at = find(stretch, n)) == UNITS))
		stretch = stretch->next;
	if (stretch == NULL) {
		stretch = map(USUAL);
		at = 0;
	}
	if (stretch == NULL)
		return NULL;
	block = stretch->memory + at * UNIT;
	stretch->length[at] = (unsigned short)n;
	stretch->taken += (unsigned)n;
	lock(stretch, (at + n) * UNIT);
	return block;
}

static unsigned char *take_alone(size_t whole)
{
	size_t page = page_size();
	struct stretch *stretch = map((whole + page - 1) / page * page);

	if (stretch == NULL)
		return NULL;
	stretch->alone = whole;
	lock(stretch, whole);
	return stretch->memory;
}

void *prg_vault_take(size_t size)
{
	size_t whole = prg_vault_size(size) + TAIL;
	unsigned char *block;

	if (whole == TAIL)
		return NULL;
	pthread_mutex_lock(&mutex);
	if (sodium_is_zero(tail, TAIL))
		randombytes_buf(tail, TAIL);
	block = whole <= USUAL / 2 ? take_shared(whole / UNIT) : take_alone(whole);
	if (block != NULL) {
		OPEN(block, whole);
		memcpy(block + whole - TAIL, tail, TAIL);
		CLOSE(block + whole - TAIL, TAIL);
	}
	pthread_mutex_unlock(&mutex);
	return block;
}

/* Is there one that nothing was taken of, but for this one? */
static bool has_spare(const struct stretch *but)
{
	const struct stretch *stretch = stretches;

	while (stretch != NULL && (stretch == but || stretch->alone || stretch->taken > 0))
		stretch = stretch->next;
	return stretch != NULL;
}

void prg_vault_give(void *memory, size_t used)
{
	unsigned char *block = memory;
	struct stretch **at = &stretches, *stretch;
	size_t whole, unit = 0;

	if (block == NULL)
		return;
	prg_wipe(block, used);
	pthread_mutex_lock(&mutex);
	while (*at != NULL && (block < (*at)->memory || block >= (*at)->memory + (*at)->size))
		at = &(*at)->next;
	stretch = *at;
	if (stretch == NULL)
		sodium_misuse();
	if (!stretch->alone)
		unit = (size_t)(block - stretch->memory) / UNIT;
	whole = stretch->alone ? stretch->alone : stretch->length[unit] * UNIT;
	OPEN(block, whole);
	if (whole == 0 || used > whole - TAIL || memcmp(block + whole - TAIL, tail, TAIL) != 0)
		sodium_misuse();
	memset(block + whole - TAIL, 0, TAIL);
	CLOSE(block, whole);
	stretch->taken -= stretch->length[unit];
	stretch->length[unit] = 0;
	if (stretch->alone || (stretch->taken == 0 && has_spare(stretch))) {
		*at = stretch->next;
		unmap(stretch);
	}
	pthread_mutex_unlock(&mutex);
}
