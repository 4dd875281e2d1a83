-- SPDX-License-Identifier: ISC
-- Version 1 of the register. States and kinds are the numbers of enum
-- prg_peer_state and enum prg_pending_kind; times are seconds since 1970 UTC;
-- an address is a BLOB of 4 or 16 bytes, so that memcmp order is its order.

CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	register_id TEXT NOT NULL CHECK (length(register_id) = 32),
	hash_key BLOB NOT NULL CHECK (length(hash_key) = 32)
) STRICT;

-- Appended, zeroed in place, never deleted: rows of one size with growing ids
-- never move to another page, so no page keeps a copy in its slack.
CREATE TABLE secret (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	bytes BLOB NOT NULL CHECK (length(bytes) = 32)
) STRICT;

CREATE TABLE interface (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	public_key BLOB NOT NULL CHECK (length(public_key) = 32),
	secret_id INTEGER NOT NULL REFERENCES secret (id),
	listen_port INTEGER NOT NULL CHECK (listen_port BETWEEN 0 AND 65535),
	mtu INTEGER NOT NULL CHECK (mtu BETWEEN 0 AND 65535),
	endpoint TEXT,
	dns TEXT NOT NULL,
	client_allowed_ips TEXT NOT NULL,
	client_keepalive_s INTEGER NOT NULL CHECK (client_keepalive_s BETWEEN 0 AND 65535),
	nat TEXT NOT NULL,
	isolate INTEGER NOT NULL CHECK (isolate IN (0, 1)),
	wanted_up INTEGER NOT NULL CHECK (wanted_up IN (0, 1)),
	created_at INTEGER NOT NULL,
	config_epoch INTEGER NOT NULL,
	seal_to TEXT
) STRICT;

CREATE TABLE peer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,
	public_key BLOB NOT NULL CHECK (length(public_key) = 32),
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
	secret_id INTEGER REFERENCES secret (id),
	sealed_key BLOB,
	client_allowed_ips TEXT,
	dns TEXT,
	client_keepalive_s INTEGER CHECK (client_keepalive_s BETWEEN 0 AND 65535),
	mtu INTEGER NOT NULL CHECK (mtu BETWEEN 0 AND 65535),
	keepalive_s INTEGER NOT NULL CHECK (keepalive_s BETWEEN 0 AND 65535),
	endpoint TEXT,
	note TEXT,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL,
	quota_bytes INTEGER NOT NULL CHECK (quota_bytes >= 0),
	quota_period INTEGER NOT NULL CHECK (quota_period BETWEEN 0 AND 2),
	config_epoch INTEGER NOT NULL,
	UNIQUE (interface_id, id)
) STRICT;

CREATE UNIQUE INDEX peer_name ON peer (interface_id, name) WHERE state <> 3;
CREATE UNIQUE INDEX peer_key ON peer (interface_id, public_key) WHERE state <> 3;
CREATE INDEX peer_gone ON peer (interface_id, name, revoked_at) WHERE state = 3;
CREATE INDEX peer_state ON peer (interface_id, state);
CREATE INDEX peer_due ON peer (interface_id, expires_at) WHERE state = 0 AND expires_at > 0;

CREATE TABLE tag (
	peer_id INTEGER NOT NULL REFERENCES peer (id),
	tag TEXT NOT NULL,
	PRIMARY KEY (peer_id, tag)
) STRICT, WITHOUT ROWID;

-- Keyed by the interface's name, not its id: a key that was revoked stays
-- revoked for an interface that is made again under that name.
CREATE TABLE revoked_key (
	interface TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	revoked_at INTEGER NOT NULL,
	PRIMARY KEY (interface, hash)
) STRICT, WITHOUT ROWID;

-- An interface's own addresses, with host bits: each spans one pool.
CREATE TABLE pool (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	position INTEGER NOT NULL,
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	length INTEGER NOT NULL,
	UNIQUE (interface_id, position)
) STRICT;

-- Keyed by the end, so that taking the lowest address changes a row in place.
CREATE TABLE free_extent (
	pool_id INTEGER NOT NULL REFERENCES pool (id),
	last BLOB NOT NULL,
	first BLOB NOT NULL,
	PRIMARY KEY (pool_id, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE prefix (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL,
	peer_id INTEGER NOT NULL,
	route INTEGER NOT NULL CHECK (route IN (0, 1)),
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	length INTEGER NOT NULL,
	UNIQUE (interface_id, family, addr, length),
	FOREIGN KEY (interface_id, peer_id) REFERENCES peer (interface_id, id)
) STRICT;

CREATE INDEX prefix_peer ON prefix (interface_id, peer_id, route);

-- peer_id says whose it was, for messages; it may outlive that row.
CREATE TABLE held (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	until INTEGER NOT NULL,
	peer_id INTEGER NOT NULL,
	PRIMARY KEY (interface_id, family, addr)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_until ON held (interface_id, until);

-- Kind 4, a secret to be erased, concerns the file and no one interface.
CREATE TABLE pending (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER REFERENCES interface (id),
	kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5),
	key BLOB CHECK (length(key) = 32),
	family INTEGER CHECK (family IN (4, 6)),
	addr BLOB,
	length INTEGER,
	CHECK ((kind = 4) = (interface_id IS NULL)),
	CHECK ((kind = 1) = (key IS NOT NULL)),
	CHECK ((kind = 2) = (addr IS NOT NULL))
) STRICT;

CREATE INDEX pending_interface ON pending (interface_id);

-- AUTOINCREMENT keeps the highest number ever given: a cut end shows.
CREATE TABLE audit (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	verb TEXT NOT NULL,
	interface TEXT CHECK (interface <> ''),
	actor TEXT NOT NULL,
	commitment BLOB NOT NULL CHECK (length(commitment) = 32),
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- What may be erased alone (all three NULL) while the chain still verifies.
CREATE TABLE audit_detail (
	number INTEGER PRIMARY KEY REFERENCES audit (number),
	peer_id INTEGER,
	salt BLOB CHECK (length(salt) = 16),
	detail TEXT
) STRICT;

CREATE INDEX audit_peer ON audit_detail (peer_id) WHERE peer_id IS NOT NULL;
