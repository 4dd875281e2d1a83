/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/*
 * Locking and guarding a block takes ten system calls, and a text or an arena
 * lives for microseconds where there are thousands of configs: a few blocks of
 * the two usual sizes are kept, wiped, for the next.
 */
#define TEXT_BYTES ((size_t)1024)
#define KEPT 16

static struct shelf {
	const size_t size;
	pthread_mutex_t mutex;
	unsigned n;
	void *blocks[KEPT];
} shelves[] = {
	{ .size = TEXT_BYTES, .mutex = PTHREAD_MUTEX_INITIALIZER },
	{ .size = CHUNK_BYTES, .mutex = PTHREAD_MUTEX_INITIALIZER },
};

static struct shelf *shelf_of(size_t size)
{
	for (size_t i = 0; i < sizeof(shelves) / sizeof(shelves[0]); i++)
		if (shelves[i].size == size)
			return &shelves[i];
	return NULL;
}

/* Its content is not defined. */
static void *block_take(size_t size)
{
	struct shelf *shelf = shelf_of(size);
	void *block = NULL;

	if (shelf != NULL) {
		pthread_mutex_lock(&shelf->mutex);
		if (shelf->n > 0)
			block = shelf->blocks[--shelf->n];
		pthread_mutex_unlock(&shelf->mutex);
	}
	return block != NULL ? block : sodium_malloc(size);
}

/* Of `size` bytes, of which `used` were written. */
static void block_give(void *block, size_t size, size_t used)
{
	struct shelf *shelf = block != NULL ? shelf_of(size) : NULL;

	if (shelf != NULL) {
		prg_wipe(block, used);
		pthread_mutex_lock(&shelf->mutex);
		if (shelf->n < KEPT) {
			shelf->blocks[shelf->n++] = block;
			block = NULL;
		}
		pthread_mutex_unlock(&shelf->mutex);
	}
	sodium_free(block);
}

struct chunk {
	struct chunk *next;
	size_t used, size;
	unsigned char *bytes; /* locked, guarded, and wiped when they are given back */
};

struct prg_arena {
	struct chunk *chunks;
};

struct prg_text {
	size_t length, capacity;
	char *data;
};

void prg_wipe(void *memory, size_t length)
{
	if (memory != NULL && length > 0)
		sodium_memzero(memory, length);
}

int prg_arena_new(struct prg_arena **ret_arena, struct prg_error *err)
{
	struct prg_arena *arena;

	if (sodium_init() < 0)
		return prg_error_set(err, PRG_E_FAILED, "no source of random numbers");
	arena = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return prg_error_nomem(err);
	*ret_arena = arena;
	return 0;
}

void prg_arena_free(struct prg_arena **arena)
{
	struct chunk *chunk, *next;

	if (*arena == NULL)
		return;
	for (chunk = (*arena)->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		block_give(chunk->bytes, chunk->size, chunk->used);
		free(chunk);
	}
	free(*arena);
	*arena = NULL;
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));

	if (chunk == NULL)
		return NULL;
	chunk->bytes = block_take(size);
	if (chunk->bytes == NULL) {
		free(chunk);
		return NULL;
	}
	chunk->size = size;
	return chunk;
}

void *prg_arena_take(struct prg_arena *arena, size_t length)
{
	size_t need = (length + 15) & ~(size_t)15;
	struct chunk *chunk = arena->chunks;
	void *memory;

	if (need < length)
		return NULL;
	if (chunk == NULL || chunk->size - chunk->used < need) {
		chunk = chunk_new(need > CHUNK_BYTES ? need : CHUNK_BYTES);
		if (chunk == NULL)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	memory = chunk->bytes + chunk->used;
	chunk->used += need;
	memset(memory, 0, need);
	return memory;
}

int prg_text_new(struct prg_text **ret_text, struct prg_error *err)
{
	struct prg_text *text;

	if (sodium_init() < 0)
		return prg_error_set(err, PRG_E_FAILED, "no source of random numbers");
	text = calloc(1, sizeof(*text));
	if (text == NULL)
		return prg_error_nomem(err);
	text->capacity = TEXT_BYTES;
	text->data = block_take(text->capacity);
	if (text->data == NULL) {
		free(text);
		return prg_error_nomem(err);
	}
	text->data[0] = '\0';
	*ret_text = text;
	return 0;
}

void prg_text_free(struct prg_text **text)
{
	if (*text == NULL)
		return;
	block_give((*text)->data, (*text)->capacity, (*text)->capacity);
	free(*text);
	*text = NULL;
}

static int text_reserve(struct prg_text *text, size_t more, struct prg_error *err)
{
	size_t capacity = text->capacity;
	char *data;

	if (more >= SIZE_MAX / 4 - text->length)
		return prg_error_nomem(err);
	while (capacity - text->length <= more)
		capacity *= 2;
	if (capacity == text->capacity)
		return 0;
	data = sodium_malloc(capacity);
	if (data == NULL)
		return prg_error_nomem(err);
	memcpy(data, text->data, text->length + 1);
	block_give(text->data, text->capacity, text->capacity);
	text->data = data;
	text->capacity = capacity;
	return 0;
}

int prg_text_append(struct prg_text *text, const void *bytes, size_t length,
                    struct prg_error *err)
{
	int rc = text_reserve(text, length, err);

	if (rc < 0)
		return rc;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
	return 0;
}

int prg_text_printf(struct prg_text *text, struct prg_error *err, const char *format, ...)
{
	size_t room = text->capacity - text->length;
	va_list args;
	int length, rc = 0;

	/* into what room there is, and again if that was not enough */
	va_start(args, format);
	length = vsnprintf(text->data + text->length, room, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < room) {
		text->length += (size_t)length;
		return 0;
	}
	text->data[text->length] = '\0';
	if (length < 0)
		return prg_error_set(err, PRG_E_FAILED, "cannot format text");
	rc = text_reserve(text, (size_t)length, err);
	if (rc < 0)
		return rc;
	va_start(args, format);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
	va_end(args);
	text->length += (size_t)length;
	return 0;
}

const char *prg_text_data(const struct prg_text *text)
{
	return text->data;
}

size_t prg_text_length(const struct prg_text *text)
{
	return text->length;
}
