/* SPDX-License-Identifier: ISC */
#include "base/secret.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/vault.h"

/* As prg_vault_size() has them: each is larger than the one before. */
#define FIRST_BYTES (((size_t)4 << 10) - 16)
#define CHUNK_BYTES (((size_t)64 << 10) - 16)
#define TEXT_BYTES ((size_t)1024 - 16)

struct chunk {
	struct chunk *next;
	size_t used, size;
	unsigned char *bytes; /* of the vault */
};

struct prg_arena {
	struct chunk *chunks;
	size_t last; /* bytes */
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
		prg_vault_give(chunk->bytes, chunk->used);
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
	chunk->bytes = prg_vault_take(size);
	if (chunk->bytes == NULL) {
		free(chunk);
		return NULL;
	}
	chunk->size = prg_vault_size(size);
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
		size_t size = arena->last == 0 ? FIRST_BYTES : 2 * arena->last;

		if (size > CHUNK_BYTES)
			size = CHUNK_BYTES;
		chunk = chunk_new(need > size ? need : size);
		if (chunk == NULL)
			return NULL;
		arena->last = size;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	memory = chunk->bytes + chunk->used;
	chunk->used += need;
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
	text->data = prg_vault_take(text->capacity);
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
	prg_vault_give((*text)->data, (*text)->capacity);
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
	capacity = prg_vault_size(capacity);
	data = capacity > 0 ? prg_vault_take(capacity) : NULL;
	if (data == NULL)
		return prg_error_nomem(err);
	memcpy(data, text->data, text->length + 1);
	prg_vault_give(text->data, text->capacity);
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
