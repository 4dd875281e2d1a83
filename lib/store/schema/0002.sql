-- SPDX-License-Identifier: ISC
-- Version 2: revoked keys that came from another register, in a document. They
-- were hashed with that register's key, which comes along, for a hash alone says
-- nothing of a key that is offered.

CREATE TABLE hash_key (
	id INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL UNIQUE CHECK (length(bytes) = 32)
) STRICT;

-- NULL: the register's own, in meta.
ALTER TABLE revoked_key ADD COLUMN hash_key_id INTEGER REFERENCES hash_key (id);
